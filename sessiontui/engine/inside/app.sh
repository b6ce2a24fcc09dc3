#!/bin/sh
# Starts an app of the session and waits for its port, run as `work`.
#
#   app.sh NAME PORT SECONDS   runs $SESSIONTUI_COMMAND, a line of sh, unless the port is served.
#                              Prints `started` or `running`, 0; else the end of its output on
#                              stderr, 1 when it ended, 124 when the time did, 4 when what serves
#                              the port would have to end first and is none of ours.
#
#   SESSIONTUI_READY     a line of sh that must succeed, too
#   SESSIONTUI_BASE      the path under which the command's pages are seen; empty at the root
#   SESSIONTUI_DEFAULT   set where the app asks something: what it gets when nobody ever answered
#   SESSIONTUI_ANSWER    set where somebody did; remembered for later starts. The command finds
#                        there whatever holds
#
# One that runs with another base or answer is ended first.
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh

if [ "${1:-}" = --run ]; then
    # The leader of the app's own process group: its id ends all of it.
    name=$2
    command=$SESSIONTUI_COMMAND
    unset SESSIONTUI_COMMAND SESSIONTUI_READY SESSIONTUI_DEFAULT
    echo "$$" >"$session/run/$name.pid"
    # Who writes the output down stays to the last word.
    {
        /bin/sh -c "$command"
        echo "$?" >"$session/run/$name.exit"
    } 2>&1 | (
        trap '' TERM
        exec tee -a "$session/log/$name.log"
    ) >>"$session/log/session.log"
    exit
fi

name=${1:-}
port=${2:-}
seconds=${3:-}
case $name in '' | -* | */*) die "app.sh: bad name" 2 ;; esac
case $port$seconds in '' | *[!0-9]*) die "app.sh: bad port or time" 2 ;; esac
[ -n "${SESSIONTUI_COMMAND:-}" ] || die "app.sh: no command" 2

login_environment
cd "$home" || exit 1
log=$session/log/$name.log
told=${SESSIONTUI_ANSWER+yes}
if [ "${SESSIONTUI_DEFAULT+set}" ]; then
    remembered=$session/answers/$name
    if [ ! "${SESSIONTUI_ANSWER+set}" ]; then
        SESSIONTUI_ANSWER=$SESSIONTUI_DEFAULT
        [ ! -r "$remembered" ] || SESSIONTUI_ANSWER=$(cat "$remembered")
    fi
    export SESSIONTUI_ANSWER
fi
export SESSIONTUI_BASE="${SESSIONTUI_BASE:-}"
# What it is started with, in one line: neither holds a line break.
with="${SESSIONTUI_ANSWER:-} $SESSIONTUI_BASE"
end=$(($(seconds_up) + seconds))

in_time() {
    [ "$(seconds_up)" -lt "$end" ]
}

# --- one start at a time -------------------------------------------------------------------------

# A symbolic link is made in one step and says who made it: process id and when that began.
lock=$session/run/$name.lock
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

# Says why, on a line of its own after the last of the app's output, and keeps it for who asks later.
failed() {
    printf '%s\n' "$1" >"$session/run/$name.failed"
    tail -n 15 "$log" | tail -c 4000 >&2
    [ -z "$(tail -c 1 "$log" | tr '\0' .)" ] || echo >&2
    printf 'sessiontui: %s\n' "$1" >&2
}

# Gives up where it was ended on purpose while it came up.
unless_ended() {
    [ -e "$session/run/$name.ended" ] || return 0
    end_all "$name" 10
    echo "sessiontui: $name was ended while it came up" >&2
    exit 1
}

# Waits until what has its port open can be used.
await_ready() {
    [ -n "${SESSIONTUI_READY:-}" ] || return 0
    until (eval "$SESSIONTUI_READY") </dev/null >/dev/null 2>&1; do
        unless_ended
        in_time || return 1
        nap
    done
}

rm -f "$session/run/$name.ended"
if listening "$port"; then
    # What was started by other means is taken as it is, unless it was to have a certain answer.
    had=$(cat "$session/run/$name.with" 2>/dev/null) || had=${told:-$with}
    if [ "$had" = "$with" ]; then
        if await_ready; then
            echo running
            exit 0
        fi
        echo "sessiontui: port $port is open, and $name is not ready within $seconds seconds" >&2
        exit 124
    fi
    end_all "$name" 100
    while listening "$port"; do
        if ! alive "$name"; then
            echo "sessiontui: what serves port $port was started by other means: end it there first" >&2
            exit 4
        fi
        in_time || exit 124
        nap
    done
fi

# --- start ---------------------------------------------------------------------------------------

rm -f "$session/run/$name.exit" "$session/run/$name.pid" "$session/run/$name.failed"
printf '%s\n' "$with" >"$session/run/$name.with"
if [ "${SESSIONTUI_DEFAULT+set}" ]; then
    printf '%s\n' "$SESSIONTUI_ANSWER" >"$remembered" 2>/dev/null || :
    printf '%s\n' "$SESSIONTUI_ANSWER" >"$session/run/$name.answer"
fi
: >"$log"
# `setsid` forks only when it leads a group already, so the second one returns at once. With `&`
# instead, the app and all terminals in it would ignore Ctrl+C for good.
if command -v setsid >/dev/null; then
    setsid setsid /bin/sh "$session/app.sh" --run "$name" </dev/null >/dev/null 2>&1
else
    /bin/sh "$session/app.sh" --run "$name" </dev/null >/dev/null 2>&1 &
fi

ended=
while ! listening "$port"; do
    unless_ended
    status=$(cat "$session/run/$name.exit" 2>/dev/null)
    if [ -n "$status" ]; then
        # One that went to the background has its time for as long as something of it is there, and
        # a few seconds where it cut all ties.
        ended=${ended:-$(seconds_up)}
        if [ "$status" != 0 ] || { ! alive "$name" && [ "$(seconds_up)" -gt "$((ended + 3))" ]; }; then
            nap
            ! listening "$port" || break
            end_all "$name" 10
            failed "$name ended with status $status"
            exit 1
        fi
    fi
    if ! in_time; then
        end_all "$name" 10
        failed "$name did not open port $port within $seconds seconds"
        exit 124
    fi
    nap
done
if ! await_ready; then
    failed "$name opened port $port and was not ready within $seconds seconds"
    exit 124
fi
echo started
