#!/bin/sh
# Joins its input and output to a port of the session, run as `work`.
#
#   relay.sh PORT   Prints how its input is to be written, on one line, and then what the port sends:
#                     framed   chunks, each after its length in two bytes, high one first. Length 0 is
#                              the end of what is sent; the end of the input itself closes all.
#                     plain    as it is. Its end is passed on where the tool can, and what the port
#                              answers after that has $grace seconds.
#                   Ends when the port's side closes. 1 when nothing listens, 127 where the image has
#                   nothing to reach a port with; the reason on stderr.
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh
grace=10

port=${1:-}
case $port in '' | *[!0-9]* | ??????*) die "relay.sh: bad port" 2 ;; esac
listening "$port" || die "nothing listens on port $port"

if command -v python3 >/dev/null; then
    exec python3 -I -S "$session/relay.py" "$port"
elif command -v perl >/dev/null; then
    exec perl "$session/relay.pl" "$port"
elif command -v socat >/dev/null; then
    set -- socat -t "$grace" STDIO "TCP4:127.0.0.1:$port"
elif command -v nc >/dev/null; then
    # OpenBSD's passes the end of its input on only when told to, which others do not understand.
    case $(nc -h 2>&1 </dev/null) in
        *"nc [-46"*N*) set -- nc -N 127.0.0.1 "$port" ;;
        *) set -- nc 127.0.0.1 "$port" ;;
    esac
elif command -v bash >/dev/null; then
    # shellcheck disable=SC2016
    set -- bash -c 'exec 3<&0 4<>"/dev/tcp/127.0.0.1/$0" || exit; cat <&3 >&4 & cat <&4' "$port"
else
    die "the image has neither python3, perl, socat, nc nor bash to reach a port with" 127
fi

# All of it ends together, so it has to lead a process group, as what an engine starts does.
read -r stat <"/proc/$$/stat"
stat=${stat##*) }
stat=${stat#* * }
[ "${stat%% *}" = "$$" ] || exec setsid /bin/sh "$session/relay.sh" "$port"

echo plain
{
    cat
    exec >/dev/null
    sleep "$grace"
    kill -KILL "-$$"
} 2>/dev/null | {
    "$@"
    kill -KILL "-$$"
}
