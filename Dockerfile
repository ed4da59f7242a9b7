# The scanner as an image. It scans through a mounted engine socket,
#
#     docker run --rm -v /var/run/docker.sock:/var/run/docker.sock \
#         --group-add "$(stat -c %g /var/run/docker.sock)" fips-scanner scan nginx:1.27
#
# and straight from a registry without one (inspection only):
#
#     docker run --rm fips-scanner scan registry:…
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/fips-scanner
# With PIP_NO_INDEX=1 everything comes from `wheels/` beside this file.
ARG PIP_NO_INDEX
COPY . /src
RUN mkdir -p /src/wheels \
    && /opt/fips-scanner/bin/pip install --no-cache-dir --disable-pip-version-check \
        --find-links /src/wheels /src \
    && /opt/fips-scanner/bin/pip uninstall -y -q pip

FROM ${BASE}
# The provider is what simulated runs switch OpenSSL 3 to.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates openssl-provider-fips python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 65532 --user-group --create-home scanner
COPY --from=build /opt/fips-scanner /opt/fips-scanner
ENV PATH=/opt/fips-scanner/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /home/scanner
ENTRYPOINT ["fips-scanner"]
CMD ["--help"]
