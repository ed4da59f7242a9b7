#!/bin/sh
# From a failed gate to a passed one: builds an image, gates it, fixes it, gates it again, and shows what
# changed. Needs docker and the scanner; the program is a small HTTPS server in Go.
#
#     docs/ci/pipeline.sh [FOLDER]      reports go to FOLDER, or to fips-pipeline
set -eu

here=$(dirname "$0")
app=$here/../../sample_images/go-fips140
reports=${1:-fips-pipeline}
work=$(mktemp -d)
log=$(mktemp)
trap 'rm -rf "$work" "$log"' EXIT
cp "$app/go.mod" "$app/main.go" "$work"

# What a step says is shown when it did not end as it should.
stop() {
    cat "$log" >&2
    exit 1
}

build() {
    # GO_IMAGE in the environment names another image with Go than the Dockerfile does.
    docker build --build-arg GO_IMAGE --tag "fips-pipeline/app:$1" "$work" >"$log" 2>&1 || stop
}

gate() {
    code=0
    FIPS_REPORTS=$reports/$1 fips-scanner-gate "docker:fips-pipeline/app:$1" >"$log" 2>&1 || code=$?
    # The verdict, and why the gate failed.
    sed -n -e 's/: written to .*//p' -e '/^gate: /p' "$log"
    echo "gate of app:$1: exit code $code; reports in $reports/$1"
    [ "$code" = "$2" ] || stop
}

echo '--- build it as it is: an ordinary Go build'
sed 's/GOFIPS140=v1.0.0 //' "$app/Dockerfile" >"$work/Dockerfile"
build before
echo '--- gate it: fails'
gate before 1
echo '--- fix it: with the Go Cryptographic Module v1.0.0'
cp "$app/Dockerfile" "$work/Dockerfile"
build after
echo '--- gate it: passes'
gate after 0
echo '--- what the fix changed'
fips-scanner diff "$reports/before/fips.json" "$reports/after/fips.json"
