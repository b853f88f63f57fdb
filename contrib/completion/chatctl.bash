# SPDX-License-Identifier: ISC
#
# Bash completion for chatctl, generated from src/tbl/admin.h by `make docs`: do not edit it here. Source
# this file, or install it as chatctl in the directory that
# `pkg-config --variable=completionsdir bash-completion` prints.

_chatctl()
{
    local word=${COMP_WORDS[COMP_CWORD]} said='' next='' verb i
    local -a verbs=(
        'ping'
        'version'
        'status'
        'clients'
        'rooms'
        'room show'
        'room create'
        'room delete'
        'room topic'
        'room owner'
        'kick'
        'ban add'
        'ban del'
        'ban list'
        'ban test'
        'ban import'
        'ban export'
        'mute add'
        'mute del'
        'mute list'
        'user list'
        'user show'
        'user add'
        'user passwd'
        'user lock'
        'user unlock'
        'user del'
        'invite'
        'say'
        'history usage'
        'history export'
        'history forget'
        'tls show'
        'tls selfsigned'
        'hash'
        'reload'
        'stop'
        'help'
    )
    COMPREPLY=()
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    -s)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    -d)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    esac
    # The words of the command that are typed already, without options and their arguments.
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -s | -d) i=$((i + 1)) ;;
        -*) ;;
        *) said+="${COMP_WORDS[i]} " ;;
        esac
    done
    if [[ -z $said && $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-s -d --json -V -h' -- "$word")
        return
    fi
    for verb in "${verbs[@]}"; do
        if [[ $verb == "$said"* ]]; then
            verb=${verb#"$said"}
            next+="${verb%% *} "
        fi
    done
    mapfile -t COMPREPLY < <(compgen -W "$next" -- "$word" | sort -u)
}
complete -F _chatctl chatctl
