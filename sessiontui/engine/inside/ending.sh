# Read by start.sh: how the programs of a session end that is stopped.
# shellcheck shell=sh

# How long they may take to end once they are asked to; an engine that stops a session waits 10.
grace=8

# Says whether a process of the user is at work that has not chosen to ignore SIGTERM, as idle shells do.
# Not counted are the init process, this script, and $1.
at_work() {
    for _status in /proc/[0-9]*/status; do
        _pid=${_status#/proc/}
        case ${_pid%/status} in 1 | "$$" | "$1") continue ;; esac
        _state='' _owner='' _ignored=''
        while read -r _key _value _; do
            case $_key in
                State:) _state=$_value ;;
                Uid:) _owner=$_value ;;
                SigIgn:)
                    _ignored=$_value
                    break
                    ;;
            esac
        done 2>/dev/null <"$_status" || continue
        # One that ended and was not waited for is still there.
        case "$_owner $_state" in
            "$uid Z" | "$uid X") continue ;;
            "$uid "*) ;;
            *) continue ;;
        esac
        # A mask in hex: SIGTERM is 15, the third bit of the fourth digit from the right.
        case $_ignored in *[4567cdefCDEF]???) continue ;; esac
        return 0
    done
    return 1
}

# Asks every process of the user to end, waits for those at work, and exits with $1. With the script
# the session ends, and the kernel ends what is left in it.
end_programs() {
    trap '' TERM PWR
    # As the user: this root may not send signals to others.
    as_work /bin/sh -c 'kill -TERM -1' 2>/dev/null || :
    _end=$(($(seconds_up) + grace))
    while [ "$(seconds_up)" -lt "$_end" ] && at_work "${job:?}"; do
        nap
    done
    exit "$1"
}
