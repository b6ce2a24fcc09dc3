#!/bin/sh
# Starts an app of the session and waits for its port, run as `work`.
#
#   app.sh NAME PORT SECONDS   runs $SESSIONTUI_COMMAND, a line of sh, unless the port is served.
#                              Prints `started` or `running`, 0; else the end of its output on
#                              stderr, 1 when it ended, 124 when the time did.
#   app.sh --check PORT        0 when the port is served, else 1
#   app.sh --ports             prints the ports that are served, one a line
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh

case ${1:-} in
    --check)
        listening "$2"
        exit
        ;;
    --ports)
        sed -n 's/^ *[0-9]*: [0-9A-F]*:\([0-9A-F]*\) [0-9A-F:]* 0A .*/\1/p' \
            /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u |
            while read -r hex; do echo $((0x$hex)); done
        exit
        ;;
    --run)
        # The leader of the app's own process group: its id ends all of it.
        name=$2
        command=$SESSIONTUI_COMMAND
        unset SESSIONTUI_COMMAND
        echo "$$" >"$session/run/$name.pid"
        {
            /bin/sh -c "$command"
            echo "$?" >"$session/run/$name.exit"
        } 2>&1 | tee -a "$session/log/$name.log" >>"$session/log/session.log"
        exit
        ;;
esac

name=${1:-}
port=${2:-}
seconds=${3:-}
case $name in '' | -* | */*) die "app.sh: bad name" 2 ;; esac
case $port$seconds in '' | *[!0-9]*) die "app.sh: bad port or time" 2 ;; esac
[ -n "${SESSIONTUI_COMMAND:-}" ] || die "app.sh: no command" 2

login_environment
cd "$home" || exit 1
log=$session/log/$name.log
end=$(($(seconds_up) + seconds))

in_time() {
    [ "$(seconds_up)" -lt "$end" ]
}

# --- one start at a time -------------------------------------------------------------------------

# A symbolic link is made in one step and says who made it: process id and when that began.
lock=$session/run/port-$port.lock
me=$$-$(began $$)
until ln -s "$me" "$lock" 2>/dev/null; do
    holder=$(readlink "$lock" 2>/dev/null)
    if [ -n "$holder" ] && [ "$(began "${holder%%-*}")" != "${holder#*-}" ]; then
        # Its maker is gone. Who moves it away first may go on; a live one moved by mistake, because
        # somebody was quicker, is put back.
        if mv "$lock" "$lock.$$" 2>/dev/null; then
            moved=$(readlink "$lock.$$")
            rm -f "$lock.$$"
            [ "$moved" = "$holder" ] || ln -s "$moved" "$lock" 2>/dev/null
        fi
        continue
    fi
    if [ -z "$holder" ] && [ ! -w "$session/run" ]; then
        die "app.sh: cannot write $session/run"
    fi
    if ! in_time; then
        echo "sessiontui: another start of $name takes too long" >&2
        exit 124
    fi
    nap
done
trap 'rm -f "$lock"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if listening "$port"; then
    echo running
    exit 0
fi

# --- start ---------------------------------------------------------------------------------------

rm -f "$session/run/$name.exit" "$session/run/$name.pid"
: >"$log"
# `setsid` forks only when it leads a group already, so the second one returns at once. With `&`
# instead, the app and all terminals in it would ignore Ctrl+C for good.
if command -v setsid >/dev/null; then
    setsid setsid /bin/sh "$session/app.sh" --run "$name" </dev/null >/dev/null 2>&1
else
    /bin/sh "$session/app.sh" --run "$name" </dev/null >/dev/null 2>&1 &
fi

# Says whether any process of the app is left.
alive() {
    leader=$(cat "$session/run/$name.pid" 2>/dev/null)
    [ -n "$leader" ] && kill -0 "-$leader" 2>/dev/null
}

# Ends the app with all its processes.
stop_all() {
    leader=$(cat "$session/run/$name.pid" 2>/dev/null)
    [ -n "$leader" ] || return 0
    kill -TERM "-$leader" 2>/dev/null || return 0
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        nap
        kill -0 "-$leader" 2>/dev/null || return 0
    done
    kill -KILL "-$leader" 2>/dev/null
}

# Says why, on a line of its own after the last of the app's output.
failed() {
    tail -n 15 "$log" | tail -c 4000 >&2
    [ -z "$(tail -c 1 "$log" | tr '\0' .)" ] || echo >&2
    printf 'sessiontui: %s\n' "$1" >&2
}

ended=
while ! listening "$port"; do
    status=$(cat "$session/run/$name.exit" 2>/dev/null)
    if [ -n "$status" ]; then
        # One that went to the background has its time for as long as something of it is there, and
        # a few seconds where it cut all ties.
        ended=${ended:-$(seconds_up)}
        if [ "$status" != 0 ] || { ! alive && [ "$(seconds_up)" -gt "$((ended + 3))" ]; }; then
            nap
            ! listening "$port" || break
            stop_all
            failed "$name ended with status $status"
            exit 1
        fi
    fi
    if ! in_time; then
        stop_all
        failed "$name did not open port $port within $seconds seconds"
        exit 124
    fi
    nap
done
echo started
