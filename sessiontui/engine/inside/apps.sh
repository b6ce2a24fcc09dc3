#!/bin/sh
# Tells of the apps of the session and ends them, run as `work`. An app is known by its server's name.
#
#   apps.sh states [NAME PORT]...   for each, numbered from 0: `NUMBER PHASE`, and where there are any
#                                   `NUMBER answer TEXT` (what it runs with, else what was last given)
#                                   and `NUMBER reason TEXT` (why it failed, or what serves its port
#                                   where that was not started here)
#   apps.sh end NAME PORT           ends it with all its processes; 4 when its port stays open, served
#                                   started by other means
#   apps.sh output NAME             prints the end of what it wrote since it was last started
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh

# Sets `open` to the ports that are served, in hexadecimal digits, each between blanks.
find_open_ports() {
    open=' '
    for table in /proc/net/tcp /proc/net/tcp6; do
        [ -r "$table" ] || continue
        while read -r _ local _ state _; do
            [ "$state" != 0A ] || open="$open${local##*:} "
        done <"$table"
    done
}

# Why it is not there any more, where that was not on purpose.
reason() {
    status=$(cat "$session/run/$1.exit" 2>/dev/null)
    if [ -n "$status" ]; then
        [ "$status" != 0 ] || return 0
        last=$(tail -c 4000 "$session/log/$1.log" 2>/dev/null | sed '/^[[:space:]]*$/d' | sed -n '$p')
        printf '%s\n' "${last:-it ended with status $status}"
    elif [ -s "$session/run/$1.failed" ]; then
        cat "$session/run/$1.failed"
    elif [ -e "$session/run/$1.pid" ]; then
        echo 'it was killed'
    fi
}

# Says whether what serves the port of $1 may be what was started here: it lives, or went to the background.
ours() {
    alive "$1" || { [ -n "${_leader:-}" ] && kill -0 "$_leader" 2>/dev/null; } ||
        [ "$(cat "$session/run/$1.exit" 2>/dev/null)" = 0 ]
}

tell_states() {
    find_open_ports
    number=0
    while [ $# -gt 1 ]; do
        why=
        case $open in
            *" $(printf %04X "$2") "*) served=yes ;;
            *) served= ;;
        esac
        if held "$session/run/$1.lock"; then
            phase=starting
        elif [ -n "$served" ]; then
            phase=running
            ours "$1" || why='started by other means'
        elif alive "$1" && [ ! -e "$session/run/$1.exit" ] && [ ! -e "$session/run/$1.failed" ]; then
            phase=starting
        else
            why=$(reason "$1" | sed -n 1p)
            phase=${why:+failed}
        fi
        echo "$number ${phase:-stopped}"
        [ -z "$why" ] || printf '%s reason %s\n' "$number" "$why"
        for answer in "$session/run/$1.answer" "$session/answers/$1"; do
            if [ -s "$answer" ]; then
                printf '%s answer %s\n' "$number" "$(sed -n 1p "$answer")"
                break
            fi
        done
        number=$((number + 1))
        shift 2
    done
}

# Names are a label's, and parts of paths here.
for word; do
    case $word in '' | -* | */*) die 'apps.sh: bad name' 3 ;; esac
done
case ${1:-} in
    states)
        shift
        tell_states "$@"
        ;;
    end)
        # Whoever is waiting for it to come up waits no longer.
        : >"$session/run/$2.ended"
        end_all "$2" 100
        while listening "$3" && alive "$2"; do nap; done
        rm -f "$session/run/$2.pid" "$session/run/$2.exit" "$session/run/$2.failed" \
            "$session/run/$2.with" "$session/run/$2.answer"
        ! listening "$3" || die "port $3 is served started by other means: end it there" 4
        ;;
    output)
        tail -c 65536 "$session/log/$2.log" 2>/dev/null || :
        ;;
    *) die 'apps.sh: states, end or output' 3 ;;
esac
