# The scanner as an image. It scans through a mounted engine socket,
#
#     docker run --rm -v /var/run/docker.sock:/var/run/docker.sock \
#         --group-add "$(stat -c %g /var/run/docker.sock)" fips-scanner scan nginx:1.27
#
# and straight from a registry without one (inspection only), with nothing to write to:
#
#     docker run --rm --read-only --tmpfs /tmp fips-scanner scan --static registry:…
#
# In a pipeline its entrypoint is `fips-scanner-gate`: see docs/ci.md.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends binutils python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/fips-scanner
# With PIP_NO_INDEX=1 everything comes from `wheels/` beside this file.
ARG PIP_NO_INDEX
COPY . /src
# A quarter of what pip brings is tables of symbols for a debugger.
RUN mkdir -p /src/wheels \
    && /opt/fips-scanner/bin/pip install --no-cache-dir --disable-pip-version-check \
        --find-links /src/wheels /src \
    && /opt/fips-scanner/bin/pip uninstall -y -q pip \
    && find /opt/fips-scanner -name '*.so' -exec strip --strip-unneeded '{}' +

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

FROM ${BASE} AS system
# openssl-provider-fips is the first choice of simulated runs for OpenSSL 3, where it loads.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates openssl-provider-fips python3 \
    && useradd --uid 65532 --user-group --create-home --key UID_MAX=65532 scanner
# What installs packages, mounts and logs in has no use here. Nothing else is removed by force, so
# that a build fails where something that stays needs one of these.
RUN export DEBIAN_FRONTEND=noninteractive \
    && dpkg --purge --force-remove-essential,remove-protected \
        apt libapt-pkg7.0 sqv login login.defs passwd mount util-linux bsdutils sysvinit-utils \
        init-system-helpers ncurses-bin debian-archive-keyring libpam-modules \
        libpam-modules-bin libpam-runtime libpam0g libsemanage2 libsemanage-common libsepol2 \
        libmount1 libblkid1 libsmartcols1 liblastlog2-2 libhogweed6t64 libnettle8t64 \
    && dpkg --purge --force-remove-essential,depends perl-base debconf diffutils \
    && rm -rf /var/cache/* /var/lib/apt /var/log/* /usr/share/doc /usr/share/locale /usr/share/man

FROM scratch
COPY --from=system / /
COPY --from=build /opt/fips-scanner /opt/fips-scanner
COPY --from=providers /src/providers /usr/share/fips-scanner/providers
ENV PATH=/opt/fips-scanner/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="fips-scanner" \
      org.opencontainers.image.description="Tells whether a container image is ready for FIPS 140-3, and what breaks when it is not" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="debian:trixie-slim" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
WORKDIR /home/scanner
ENTRYPOINT ["fips-scanner"]
CMD ["--help"]
