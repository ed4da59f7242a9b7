"""`fips-scanner completion`: the scripts by which shells ask this command what to offer.

They speak Typer's protocol; what is offered is told elsewhere.
"""

from __future__ import annotations

from scanner.cli_complete import VARIABLE
from scanner.commands.terminal import PROGRAM

# Bash takes colons and equal signs for the ends of words, and replaces only what comes after them.
_BASH = r"""_fips_scanner_completion() {
    local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} words word
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    word=${words[${#words[@]}-1]}
    IFS=$'\n'
    COMPREPLY=($(COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) \
        VARIABLE=complete_bash "$1" 2>/dev/null))
    if [[ $word == *[:=]* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*[:=]}"}"}")
    fi
}
complete -o bashdefault -o default -F _fips_scanner_completion PROGRAM
"""

# Also works as the file _fips-scanner in a folder of $fpath, which is run for the first completion.
_ZSH = r"""#compdef PROGRAM
_fips_scanner_completion() {
    eval "$(_TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" VARIABLE=complete_zsh \
        "${words[1]}" 2>/dev/null)"
}
if [[ ${funcstack[1]} == _PROGRAM ]]; then
    _fips_scanner_completion "$@"
else
    compdef _fips_scanner_completion PROGRAM
fi
"""

_FISH = r"""function __fips_scanner_completion
    env VARIABLE=complete_fish _TYPER_COMPLETE_FISH_ACTION=$argv[1] \
        _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) PROGRAM 2>/dev/null
end
complete --command PROGRAM --no-files --arguments '(__fips_scanner_completion get-args)' \
    --condition '__fips_scanner_completion is-args'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(shell: str) -> str:
    """The script for `shell`, to be sourced or kept where the shell looks for it."""
    return _SCRIPTS[shell].replace("VARIABLE", VARIABLE).replace("PROGRAM", PROGRAM)
