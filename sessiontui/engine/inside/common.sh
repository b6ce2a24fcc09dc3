# Read by the other scripts of a session: where things are, and what an environment at login holds.
# shellcheck shell=sh disable=SC2034

session=/opt/sessiontui/session
home=/home/work
ssh_port=2200

# Fails with a reason in one line.
die() {
    printf 'sessiontui: %s\n' "$1" >&2
    exit "${2:-1}"
}

# Sets what a login would set; the values that start.sh found out win over those of the exec.
login_environment() {
    if [ -r "$session/values.sh" ]; then
        # shellcheck source=/dev/null
        . "$session/values.sh"
    fi
    if [ -r "$session/variables" ]; then
        # shellcheck source=/dev/null
        . "$session/variables"
    fi
    export USER=work LOGNAME=work HOME="$home"
}

# Says whether something in this container accepts connections on TCP port $1.
# The kernel's own tables need no tool: second column address:PORT in hex, fourth 0A for LISTEN.
listening() {
    _hex=$(printf '%04X' "$1")
    for _table in /proc/net/tcp /proc/net/tcp6; do
        [ -r "$_table" ] || continue
        while read -r _ _local _ _state _; do
            case "$_local $_state" in *":$_hex 0A") return 0 ;; esac
        done <"$_table"
    done
    return 1
}

# When the process $1 began, in the kernel's ticks: with the id, a name that is never used again.
began() {
    read -r _stat 2>/dev/null <"/proc/$1/stat" || return 1
    # The program's name, in brackets, may hold anything: count from the last one.
    _stat=${_stat##*) }
    # shellcheck disable=SC2086
    set -- $_stat
    echo "${20}"
}

# Whole seconds on a clock that nobody sets.
seconds_up() {
    read -r _up _ </proc/uptime
    echo "${_up%%.*}"
}

# Waits a moment; not every `sleep` knows fractions.
nap() {
    sleep 0.1 2>/dev/null || sleep 1
}

# Says whether any process of the app $1 is left that was started by us.
alive() {
    _leader=$(cat "$session/run/$1.pid" 2>/dev/null)
    [ -n "$_leader" ] && kill -0 "-$_leader" 2>/dev/null
}

# Ends the app $1 with all its processes: asks first, and waits $2 tenths of a second for that.
end_all() {
    alive "$1" && kill -TERM "-$_leader" 2>/dev/null || return 0
    _left=$2
    while [ "$_left" -gt 0 ]; do
        nap
        kill -0 "-$_leader" 2>/dev/null || return 0
        _left=$((_left - 1))
    done
    kill -KILL "-$_leader" 2>/dev/null
}

# Says whether the link $1, a lock, was made by a process that is still there.
held() {
    _holder=$(readlink "$1" 2>/dev/null) && [ "$(began "${_holder%%-*}")" = "${_holder#*-}" ]
}
