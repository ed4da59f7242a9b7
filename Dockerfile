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

# FIPS providers for simulated runs of images with musl or an old C library. They are taken from
# `providers/` beside this file, or built from Debian's OpenSSL; with PROVIDERS= there are none.
FROM build AS providers
ARG PROVIDERS=yes
ARG PIP_NO_INDEX
WORKDIR /tmp/openssl
RUN set -e; mkdir -p /src/providers; \
    if [ -z "$PROVIDERS" ] || [ -n "$(ls /src/providers)" ]; then exit 0; fi; \
    cd /etc/apt; \
    for file in sources.list.d/*.sources; do \
        [ ! -e "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" > "${file%.sources}-src.sources"; \
    done; \
    [ ! -e sources.list ] || sed -n 's/^deb /deb-src /p' sources.list > sources.list.d/src.list; \
    cd /tmp/openssl; \
    apt-get update; \
    apt-get install -y --no-install-recommends make perl; \
    # The archive may list a version before all of its mirrors have it.
    for version in $(apt-cache showsrc --only-source openssl | sed -n 's/^Version: //p' | sort -rV); do \
        apt-get source --download-only --tar-only "openssl=$version" && break; \
    done; \
    python3 -m venv /tmp/pip; \
    /tmp/pip/bin/pip install --no-cache-dir --disable-pip-version-check --find-links /src/wheels \
        --target /tmp/zig ziglang; \
    XDG_CACHE_HOME=/tmp/cache PYTHONPATH=/tmp/zig \
        /opt/fips-scanner/bin/fips-scanner provider build ./openssl_*.orig.tar.gz; \
    mv /tmp/cache/fips-scanner/providers/built/* /src/providers

FROM ${BASE}
# The first choice of simulated runs for OpenSSL 3, where it loads.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates openssl-provider-fips python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 65532 --user-group --create-home scanner
COPY --from=build /opt/fips-scanner /opt/fips-scanner
COPY --from=providers /src/providers /usr/share/fips-scanner/providers
ENV PATH=/opt/fips-scanner/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /home/scanner
ENTRYPOINT ["fips-scanner"]
CMD ["--help"]
