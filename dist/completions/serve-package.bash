# Completion of serve-package for bash, made from its help by tests/documents: do not edit.
_serve_package() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= options=
    # bash takes --option=value for three words.
    if [ "$word" = = ]; then
        word=
    elif [ "$before" = = ]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if [ "$COMP_CWORD" -gt 1 ]; then
        case ${COMP_WORDS[1]} in update|check|inspect|status|help) command=${COMP_WORDS[1]} ;; esac
    fi
    case $command:$before in
    :--package-file|:--extension|:--key|:--expect|:--ready-file|check:--key|inspect:--key|update:--package-file|update:--extension|status:--expect)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return ;;
    :--updates|:--state-dir|check:--download)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return ;;
    :--board) mapfile -t COMPREPLY < <(compgen -W 'amd64-usr arm64-usr' -- "$word"); return ;;
    :--events) mapfile -t COMPREPLY < <(compgen -W 'json' -- "$word"); return ;;
    :--until-updated) mapfile -t COMPREPLY < <(compgen -W 'all' -- "$word"); return ;;
    update:--events) mapfile -t COMPREPLY < <(compgen -W 'json' -- "$word"); return ;;
    :--package-version|:--package-name|:--package-url|:--listen-address|:--previous-version|:--at-once|:--stop-after-failures|:--silent-after|:--deadline|:--max-connections|:--idle-timeout|:--min-rate|check:--app-version|check:--app-id|check:--track|check:--board|check:--oem|check:--machine-id|check:--tries|check:--timeout|update:--package-version|update:--deadline|status:--timeout) return ;;
    esac
    case $command in
    '') options='--package-file --package-version --updates --extension --package-name --package-url --listen-address --key --skip-payload-check --force --board --previous-version --at-once --stop-after-failures --silent-after --status --events --expect --state-dir --ready-file --until-updated --deadline --fail-fast --max-connections --idle-timeout --min-rate --help --version' ;;
    check) options='--app-version --app-id --track --board --oem --machine-id --download --key --skip-payload-check --no-events --strict --tries --timeout --json --help' ;;
    inspect) options='--key --json --help' ;;
    update) options='--package-file --package-version --extension --dry-run --no-oem --force --deadline --reboot --events --restore --help' ;;
    status) options='--expect --timeout --json --help' ;;
    esac
    case $command:$word in
    help:*) mapfile -t COMPREPLY < <(compgen -W 'update check inspect status' -- "$word") ;;
    *:-*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
    inspect:*)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    :*) [ "$COMP_CWORD" != 1 ] || mapfile -t COMPREPLY < <(compgen -W 'update check inspect status help' -- "$word") ;;
    esac
}
complete -F _serve_package serve-package
