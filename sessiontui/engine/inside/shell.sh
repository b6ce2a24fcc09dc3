#!/bin/sh
# Opens a shell of the session, or runs the command given, as the user that runs it.
#
#   SESSIONTUI_ENTRY     names this entry for attend.sh, where somebody attends it
#   SESSIONTUI_OPEN      the shell to open instead of the user's own
#   SESSIONTUI_WAY_BACK  what to say about the way back
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh
login_environment
entry=${SESSIONTUI_ENTRY:-}
chosen=${SESSIONTUI_OPEN:-}
way_back=${SESSIONTUI_WAY_BACK:-}
unset SESSIONTUI_ENTRY SESSIONTUI_OPEN SESSIONTUI_WAY_BACK

# Says whether the image can drive a terminal called $1.
known_terminal() {
    for database in "$HOME/.terminfo" /etc/terminfo /lib/terminfo /usr/share/terminfo /usr/lib/terminfo; do
        [ ! -e "$database/$(printf '%.1s' "$1")/$1" ] || return 0
    done
    return 1
}

# Notes for attend.sh which process holds this entry's terminal, and ($1) which tmux session is in it.
note() {
    [ -z "$entry" ] || echo "$$ $(began $$) ${1:-}" 2>/dev/null >"$session/run/entry-$entry"
}

# A terminal newer than the image falls back to one that is much the same. An image that knows
# none at all has no program that asks, or none that works: tmux is of those.
known=
if [ -t 0 ]; then
    for terminal in "${TERM:-xterm}" xterm-256color xterm vt100; do
        if known_terminal "$terminal"; then
            TERM=$terminal
            known=1
            break
        fi
    done
    export TERM="${TERM:-xterm}"
fi

if [ $# -gt 0 ]; then
    note
    exec "$@"
fi

# A dropped line loses nothing in tmux. Inside one already, a shell is what is wanted.
if [ -n "$known" ] && [ -z "${TMUX:-}" ] && command -v tmux >/dev/null && tmux -V >/dev/null 2>&1; then
    sessions=$(tmux list-sessions -F '#{session_name}:#{session_attached}' 2>/dev/null)
    # Entries beside others (below) that ended with nobody to see to it; their windows stay with `work`.
    for left in $sessions; do
        case $left in work-*:0) ;; *) continue ;; esac
        left=${left%:0}
        [ -d "/proc/${left#work-}" ] || tmux kill-session -t "=$left" 2>/dev/null
    done
    case "
$sessions
" in
        *"
work:0
"*)
            [ -z "$chosen" ] || tmux new-window -t =work: /bin/sh "$session/window.sh" "$chosen"
            ;;
        *"
work:"*)
            # Somebody is at it: the same windows, but one of one's own in view, and in its own size.
            # Not with destroy-unattached: tmux 3.3a was seen to crash on it.
            own=work-$$
            if tmux new-session -d -t =work -s "$own" &&
                tmux new-window -t "=$own:" /bin/sh "$session/window.sh" "${chosen:-${SHELL:-/bin/sh}}" "$own"; then
                note "$own"
                exec tmux -u attach-session -t "=$own" \; display-message "$way_back"
            fi
            ;;
        *)
            if [ -n "$chosen" ]; then
                note work
                exec tmux -u -f "$session/tmux.conf" new-session -s work "exec '$chosen' -l" \; \
                    display-message "$way_back"
            fi
            ;;
    esac
    note work
    exec tmux -u -f "$session/tmux.conf" new-session -A -s work \; display-message "$way_back"
fi
note
exec "${chosen:-${SHELL:-/bin/sh}}" -l
