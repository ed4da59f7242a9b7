#!/bin/sh
# Installs the scanner into an environment of its own, for CI systems that have Python 3.11 or later.
#
#     FIPS_VENV         the folder that becomes the environment
#     FIPS_REQUIREMENT  what pip installs: a folder, a wheel, or a name with its version
#     FIPS_PYTHON       the Python to use; python3 where it is empty
#
# Says on standard output where the commands are.
set -eu

refuse() {
    printf 'fips-scanner: %s\n' "$1" >&2
    exit 2
}

python=${FIPS_PYTHON:-python3}
venv=${FIPS_VENV:?names the folder that becomes the environment}
requirement=${FIPS_REQUIREMENT:?says what pip installs}
case $requirement in
    -*) refuse "$requirement is an option of pip; name a folder, a wheel, or fips-scanner==VERSION" ;;
esac
"$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    refuse "$python is older than Python 3.11; name a newer one in FIPS_PYTHON"
# Isolated: files of the folder where this runs are a branch's, and no code of the installation.
"$python" -I -m venv "$venv"
"$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check -- "$requirement"
"$venv/bin/fips-scanner" --version >&2
printf '%s\n' "$venv/bin"
