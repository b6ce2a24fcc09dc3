#!/bin/sh
# Opens a shell of the session, or runs the command given, as the user that runs it.
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh
login_environment
[ $# -eq 0 ] || exec "$@"

# Says whether the image can drive a terminal called $1.
known_terminal() {
    for database in "$HOME/.terminfo" /etc/terminfo /lib/terminfo /usr/share/terminfo /usr/lib/terminfo; do
        [ ! -e "$database/$(printf '%.1s' "$1")/$1" ] || return 0
    done
    return 1
}

# A terminal newer than the image falls back to one that is much the same. An image that knows
# none at all has no program that asks.
for terminal in "${TERM:-xterm}" xterm-256color xterm vt100; do
    if known_terminal "$terminal"; then
        TERM=$terminal
        break
    fi
done
export TERM="${TERM:-xterm}"

# A dropped line loses nothing in tmux. Inside one already, a shell is what is wanted.
if [ -z "${TMUX:-}" ] && command -v tmux >/dev/null && tmux -V >/dev/null 2>&1; then
    exec tmux -u -f "$session/tmux.conf" new-session -A -s work
fi
exec "${SHELL:-/bin/sh}" -l
