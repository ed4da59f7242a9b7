#!/bin/sh
# Gates container images in a pipeline, installed as `fips-scanner-gate`: scans them, writes every
# report that CI systems read, shows them, and ends with the gate's exit code.
#
#     fips-scanner-gate IMAGE... [OPTION...]    options are those of `fips-scanner scan`
#     fips-scanner-gate result                  ends with the exit code of the scan before
#     fips-scanner-gate --help
#
# What a pipeline's settings say comes in variables, so that none is ever part of a script:
#
#     FIPS_IMAGES     more images, separated by blanks or line breaks
#     FIPS_REPORTS    the folder for the reports; fips-reports where it is empty
#     FIPS_STATIC     true: inspect only, start no container
#     FIPS_FAIL_ON, FIPS_MIN_SCORE, FIPS_POLICY, FIPS_BASELINE, FIPS_TARGET, FIPS_PLATFORM,
#     FIPS_SCENARIO, FIPS_RULES
#                     the options of the same names
#     FIPS_FORMATS    more reports: csv, and for each image cyclonedx, oscal, attestation
#     FIPS_DEFER      true: end with 0 where the gate fails, for pipelines that drop the reports of
#                     a failed job; `result` fails then, in a step of its own
#
# Exit codes: 0 passes the gate, 1 does not, 2 usage, 3 could not determine.
#
# Needs a POSIX shell with od, readlink, sed and tr: bash, dash and BusyBox do. There is no `pipefail` in
# dash; the one pipe below brings its exit code in a file.
set -eu
unset CDPATH

say() {
    printf 'fips-scanner-gate: %s\n' "$1" >&2
}

# What concerns the folder for the reports: nothing can be left in it.
refuse_folder() {
    say "$1"
    exit 2
}

# Any other setting. A later `result` must not answer with the code of an earlier build.
refuse() {
    say "$1"
    code=2
    printf '2\n' >"$reports/exit-code" || :
    finish "$1"
    exit 2
}

show_help() {
    cat <<'END'
Usage: fips-scanner-gate IMAGE... [OPTION...]
       fips-scanner-gate result
       fips-scanner-gate --help

Scans container images, writes every report that CI systems read, and ends with the gate's exit code.
IMAGE and OPTION are those of `fips-scanner scan`; see `fips-scanner scan --help`.

`result`, alone, scans nothing: it ends with the exit code of the scan before, which stands in
`exit-code` beside the reports. An image of this name is docker:result.

Settings, in variables:
  FIPS_IMAGES     more images, separated by blanks or line breaks
  FIPS_REPORTS    the folder for the reports; fips-reports where it is empty. Those of an earlier
                  build in it are removed
  FIPS_STATIC     true: inspect only, start no container
  FIPS_FAIL_ON, FIPS_MIN_SCORE, FIPS_POLICY, FIPS_BASELINE, FIPS_TARGET, FIPS_PLATFORM,
  FIPS_SCENARIO, FIPS_RULES
                  the options of the same names
  FIPS_FORMATS    more reports: csv, and for each image cyclonedx, oscal, attestation
  FIPS_DEFER      true: end with 0 where the gate fails; `fips-scanner-gate result` fails then

Exit codes: 0 passes the gate, 1 does not, 2 usage, 3 could not determine.
END
}

asks_for_help() {
    for word; do
        case $word in
            --) return 1 ;;
            -h | --help) return 0 ;;
        esac
    done
    return 1
}

is_on() {
    case $2 in
        true) return 0 ;;
        false | '') return 1 ;;
        *) refuse "$1 is $2; write true or false" ;;
    esac
}

result() {
    code=$(cat "$reports/exit-code" 2>/dev/null) || code=
    case $code in
        [0-9] | [0-9][0-9] | [0-9][0-9][0-9]) exit "$code" ;;
        *)
            say "no scan has left its exit code in $reports; run the scan before"
            exit 3
            ;;
    esac
}

# Paths and log lines of an image are shown, and CI systems take commands from what is shown: GitHub
# at the start of a line, Azure (##vso[...]) and TeamCity anywhere in it.
harmless() {
    # Line by line where sed can, or nothing is seen before the end. What went wrong is kept.
    if sed -u p </dev/null >/dev/null 2>&1; then set -- -u; else set --; fi
    sed "$@" -e 's/##\([A-Za-z]*\)\[/# #\1[/g' -e 's/^\([[:space:]]*\)::/\1: :/' \
        -e "/^fips-scanner: /w $reports/.fips-scanner"
}

# The last complaint of the scan.
reason() {
    if [ -f "$reports/.fips-scanner" ]; then sed -n '$s/^fips-scanner: //p' "$reports/.fips-scanner"; fi
}

# As code, in which Markdown and what CI systems make of it know no other mark. Cut to 400 bytes, not
# within a character: no range of a pattern may be larger than 255 everywhere.
quoted() {
    printf '%s' "$1" | LC_ALL=C tr '`' "'" | LC_ALL=C tr -d '\000-\037\177' | LC_ALL=C sed \
        -e '/^.\{200\}.\{200\}./{' -e 's/^\(.\{200\}.\{200\}\).*$/\1/' -e 's/[^ -~]*$/.../' -e '}' \
        -e "s/^.*\$/\`&\`/"
}

# `harmless` knows ASCII's blanks alone; GitHub skips others as well.
stop_commands() {
    if [ "${GITHUB_ACTIONS:-}" = true ]; then
        token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
        printf '::stop-commands::%s\n' "$token"
        trap 'printf "\n::%s::\n" "$token"' EXIT
    fi
}

allow_commands() {
    if [ -n "$token" ]; then
        trap - EXIT
        printf '\n::%s::\n' "$token"
    fi
}

scan() {
    {
        ended=0
        fips-scanner scan "$@" 2>&1 || ended=$?
        printf '%s\n' "$ended" >"$reports/exit-code"
    } | harmless
}

# $1: why there is no report.
summarize() {
    if [ ! -s "$reports/fips.md" ]; then
        {
            printf 'The FIPS scan made no report (exit code %s): ' "$code"
            if [ -n "$1" ]; then
                quoted "$1"
                printf '\n'
            else
                printf 'see the log.\n'
            fi
        } >"$reports/fips.md"
    fi
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
        cat "$reports/fips.md" >>"$GITHUB_STEP_SUMMARY"
    fi
    if [ "${TF_BUILD:-}" = True ]; then
        printf '##vso[task.uploadsummary]%s/fips.md\n' "$(cd "$reports" && pwd)"
    fi
}

# What happened, in words of our own: a report may quote the image.
annotate() {
    case $code in
        0) return ;;
        1) what='the gate failed' ;;
        2) what='the scan was called wrongly, or a report could not be written' ;;
        3) what='the scan could not determine whether the image is ready' ;;
        *) what="the scan ended with $code" ;;
    esac
    if [ "${GITHUB_ACTIONS:-}" = true ]; then
        printf '::error title=fips-scanner::%s, see the log and the summary\n' "$what"
    elif [ "${TF_BUILD:-}" = True ]; then
        printf '##vso[task.logissue type=error]fips-scanner: %s, see the log\n' "$what"
    fi
}

output() {
    if [ -n "${GITHUB_OUTPUT:-}" ]; then
        printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
    fi
}

# What a pipeline is told at the end, whether there was a scan or not.
finish() {
    summarize "$1"
    annotate
    output exit-code "$code"
    output reports "$reports"
    if [ -s "$reports/fips.sarif" ]; then output sarif "$reports/fips.sarif"; fi
}

# Whether a file is one of those that are removed below, whatever its folder is called here.
is_report() {
    case ${1##*/} in
        fips.sarif | fips-junit.xml | fips.md | fips.html | fips.json | fips.csv | exit-code) ;;
        fips-*.cdx.json | fips-*.oscal.json | fips-*.intoto.json | .fips-scanner) ;;
        *) return 1 ;;
    esac
    case $1 in
        */*) folder=${1%/*}/ ;;
        *) folder=. ;;
    esac
    folder=$(cd -P -- "$folder" 2>/dev/null && pwd -P) || return 1
    [ "$folder" = "$place" ]
}

# Also by links, of which each could be what is removed.
check_baseline() {
    file=$1
    links=0
    while :; do
        if is_report "$file"; then
            # Removes nothing, and yet `result` must not answer for an earlier build.
            printf '2\n' >"$reports/exit-code" || :
            refuse_folder "$1 is where the reports go; keep the baseline in another folder"
        fi
        if [ ! -L "$file" ] || [ "$links" -ge 40 ]; then return; fi
        links=$((links + 1))
        next=$(readlink -- "$file") || return
        case $next in
            /*) file=$next ;;
            *) case $file in
                */*) file=${file%/*}/$next ;;
                *) file=$next ;;
            esac ;;
        esac
    done
}

newline='
'
reports=${FIPS_REPORTS:-fips-reports}
if asks_for_help "$@"; then
    show_help
    exit 0
fi
case $reports in
    -* | *"$newline"* | *'{'*) refuse_folder 'FIPS_REPORTS is no folder; write one such as fips-reports' ;;
esac
if [ "${1:-}" = result ] && [ $# -eq 1 ]; then
    result
fi

unwritable="$reports is no folder that can be written to; name one in FIPS_REPORTS"
mkdir -p "$reports" || refuse_folder "$unwritable"
place=$(cd -P -- "$reports" && pwd -P) || refuse_folder "$unwritable"
[ -z "${FIPS_BASELINE:-}" ] || check_baseline "$FIPS_BASELINE"
before=
for word; do
    case $word in
        --) break ;;
        --baseline=*) check_baseline "${word#--baseline=}" ;;
        *) [ "$before" != --baseline ] || check_baseline "$word" ;;
    esac
    before=$word
done

# A workspace that is used again must not show the reports of the build before.
for old in exit-code fips.sarif fips-junit.xml fips.md fips.html fips.json fips.csv .fips-scanner; do
    rm -f "$reports/$old" || refuse_folder "$unwritable"
done
rm -f "$reports"/fips-*.cdx.json "$reports"/fips-*.oscal.json "$reports"/fips-*.intoto.json ||
    refuse_folder "$unwritable"

defer=false
token=
code=3
if is_on FIPS_DEFER "${FIPS_DEFER:-}"; then defer=true; fi
if is_on FIPS_STATIC "${FIPS_STATIC:-}"; then set -- "$@" --static; fi
[ -z "${FIPS_FAIL_ON:-}" ] || set -- "$@" "--fail-on=$FIPS_FAIL_ON"
[ -z "${FIPS_MIN_SCORE:-}" ] || set -- "$@" "--min-score=$FIPS_MIN_SCORE"
[ -z "${FIPS_POLICY:-}" ] || set -- "$@" "--policy=$FIPS_POLICY"
[ -z "${FIPS_BASELINE:-}" ] || set -- "$@" "--baseline=$FIPS_BASELINE"
[ -z "${FIPS_TARGET:-}" ] || set -- "$@" "--target=$FIPS_TARGET"
[ -z "${FIPS_PLATFORM:-}" ] || set -- "$@" "--platform=$FIPS_PLATFORM"
[ -z "${FIPS_SCENARIO:-}" ] || set -- "$@" "--scenario=$FIPS_SCENARIO"
[ -z "${FIPS_RULES:-}" ] || set -- "$@" "--rules=$FIPS_RULES"
set -- "$@" \
    --output text \
    --output "sarif=$reports/fips.sarif" \
    --output "junit=$reports/fips-junit.xml" \
    --output "markdown=$reports/fips.md" \
    --output "html=$reports/fips.html" \
    --output "json=$reports/fips.json"
set -f
for format in ${FIPS_FORMATS:-}; do
    case $format in
        csv) file=fips.csv ;;
        # About one image each.
        cyclonedx) file='fips-{image}.cdx.json' ;;
        oscal) file='fips-{image}.oscal.json' ;;
        attestation) file='fips-{image}.intoto.json' ;;
        *) refuse "FIPS_FORMATS has $format; there are csv, cyclonedx, oscal and attestation" ;;
    esac
    set -- "$@" --output "$format=$reports/$file"
done
# Behind `--`, so that none of them can be an option.
# shellcheck disable=SC2086 # one word for each image
set -- "$@" -- ${FIPS_IMAGES:-}
set +f

stop_commands
scan "$@"
allow_commands
code=$(cat "$reports/exit-code")
if [ "$code" = 0 ] && [ ! -s "$reports/fips.json" ]; then
    say 'the scan ended without a report'
    code=3
    printf '3\n' >"$reports/exit-code"
fi
why=$(reason)
rm -f "$reports/.fips-scanner"
finish "$why"
if [ "$defer" = true ] && [ "$code" != 2 ]; then exit 0; fi
exit "$code"
