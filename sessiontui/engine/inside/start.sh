#!/bin/sh
# The first process of a session: makes the user `work`, prepares its home, and waits.
#
# Runs as root with hardly a capability, on any image with /bin/sh and a few basic tools, at every
# start of the container. Stays root, so that nothing the user kills ends the session. Whatever is
# in the home or in a directory of the user is touched as the user only (home.sh).
#
#
#   start.sh                    waits until it is stopped
#   start.sh SECONDS COMMAND    a batch session: ends with the command, which is run as `work`, or with
#                               124 when that takes longer than SECONDS (0: it may)
set -eu
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh
# shellcheck source=ending.sh
. "$session/ending.sh"

rm -f "$session/ready"

uid=${SESSIONTUI_UID:-}
gid=${SESSIONTUI_GID:-}
name=${SESSIONTUI_NAME:-session}
paths=${SESSIONTUI_PERSISTENT_PATHS:-}
device_groups=${SESSIONTUI_GROUPS:-}

for number in "$uid" "$gid"; do
    case $number in
        '' | *[!0-9]*) die "SESSIONTUI_UID and SESSIONTUI_GID must be numbers" ;;
    esac
done
missing=
for tool in cat chmod chown mkdir rm sed sleep; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
done
[ -z "$missing" ] || die "the image lacks tools that a session needs:$missing"

# --- the user ----------------------------------------------------------------------------------

shell=/bin/sh
for candidate in /bin/bash /usr/bin/bash /usr/local/bin/bash; do
    if [ -x "$candidate" ]; then
        shell=$candidate
        break
    fi
done

# Prints the lines of file $1 that are not about `work`, nor (with $2) about that user id.
others() {
    [ ! -r "$1" ] || while IFS= read -r line || [ -n "$line" ]; do
        rest=${line#*:}
        rest=${rest#*:}
        case $line in
            work:* | sessiontui-device-*) continue ;;
        esac
        if [ -n "${2:-}" ] && [ "${rest%%:*}" = "$2" ]; then
            continue
        fi
        printf '%s\n' "$line"
    done <"$1"
}

# Ours goes first: of two lines with one id, the first gives its name. Root's line stays, so a
# session of root has both.
replaced=$uid
[ "$uid" != 0 ] || replaced=
passwd=$(others /etc/passwd "$replaced")
case "
$passwd" in
    *"
root:"*) ;;
    *) passwd="root:x:0:0:root:/root:/bin/sh
$passwd" ;;
esac
group=$(others /etc/group)
case "
$group" in
    *"
root:"*) ;;
    *) group="root:x:0:
$group" ;;
esac
# Written in place, which keeps owner and mode of the file.
mkdir -p /etc
printf '%s\n' "work:x:$uid:$gid:work:$home:$shell" "$passwd" >/etc/passwd ||
    die "cannot write /etc/passwd"
# May open the files of the session's devices.
for number in $device_groups; do
    group="sessiontui-device-$number:x:$number:work
$group"
done
printf '%s\n' "work:x:$gid:" "$group" >/etc/group || die "cannot write /etc/group"
if [ -e /etc/shadow ]; then
    # No password, and not locked: sshd refuses a locked account.
    shadow=$(others /etc/shadow)
    printf '%s\n' "work:*:19000:0:99999:7:::" "$shadow" >/etc/shadow ||
        die "cannot write /etc/shadow"
fi

# --- directories -------------------------------------------------------------------------------

# Only the home itself changes hands: below it may be mounts with millions of files.
{ mkdir -p "$home" && chown "$uid:$gid" "$home"; } || die "cannot prepare $home"
if [ ! -d /tmp ]; then
    mkdir /tmp && chmod 1777 /tmp
fi
# The engine makes the way down to a mount as root; the user should own it.
rest=$paths:
while [ -n "$rest" ]; do
    way=${rest%%:*}
    rest=${rest#*:}
    case $way in "$home"/*/*) ;; *) continue ;; esac
    way=${way%/*}
    while [ "$way" != "$home" ]; do
        case :$paths: in
            *":$way:"*) break ;;
        esac
        [ -L "$way" ] || [ ! -d "$way" ] || chown "$uid:$gid" "$way" || :
        way=${way%/*}
    done
done

rm -rf "$session/run"
for directory in run log ssh answers; do
    mkdir -p "$session/$directory"
    chown "$uid:$gid" "$session/$directory"
done
chmod 0755 "$session"
chmod 0700 "$session/ssh"
if [ -e "$session/secret" ]; then
    chown "$uid:$gid" "$session/secret"
    chmod 0400 "$session/secret"
fi
# Root reads it too: the user may read it and not write it.
variables=$session/variables
if [ -e "$variables" ]; then
    chown "0:$gid" "$variables"
    chmod 0440 "$variables"
elif [ -n "${SESSIONTUI_SECRET_NAMES:-}" ]; then
    die "its secret variables ($SESSIONTUI_SECRET_NAMES) were lost when its launch was cut off: launch it again"
fi

# --- what shells should know -------------------------------------------------------------------

# Quotes $1 for a shell.
quoted() {
    printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"
}

# Login shells begin with a PATH of the distribution's own choice, which would lose the image's.
PATH=${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
case :$PATH: in
    *":$home/.local/bin:"*) ;;
    *) PATH=$home/.local/bin:$PATH ;;
esac
export PATH LANG="${LANG:-C.UTF-8}"
{
    echo "export PATH=$(quoted "$PATH")"
    echo "export LANG=$(quoted "$LANG")"
    echo "export SHELL=$(quoted "$shell")"
    echo "export SESSIONTUI_NAME=$(quoted "$name")"
    echo "export SESSIONTUI_PERSISTENT_PATHS=$(quoted "$paths")"
} >"$session/values.sh"
chmod 0644 "$session/values.sh"

mkdir -p /etc/profile.d
# An image made of this session has the file, and not what it reads.
cat >/etc/profile.d/sessiontui.sh <<END
[ ! -r $session/values.sh ] || . $session/values.sh
[ ! -r $variables ] || . $variables
[ ! -r $session/greeting.sh ] || . $session/greeting.sh
END
chmod 0644 /etc/profile.d/sessiontui.sh
profile=
[ ! -r /etc/profile ] || profile=$(cat /etc/profile)
case $profile in
    *profile.d*) ;;
    *) echo "[ ! -r /etc/profile.d/sessiontui.sh ] || . /etc/profile.d/sessiontui.sh" >>/etc/profile ;;
esac
if [ -r /etc/bash.bashrc ]; then
    case $(cat /etc/bash.bashrc) in
        *"$session/greeting.sh"*) ;;
        *) echo "[ ! -r $session/greeting.sh ] || . $session/greeting.sh" >>/etc/bash.bashrc ;;
    esac
fi

# --- becoming the user -------------------------------------------------------------------------

if [ "$uid" = 0 ]; then
    become=root
elif setpriv --reuid="$uid" --regid="$gid" --init-groups --inh-caps=-all true 2>/dev/null; then
    become=setpriv
elif [ "$(su -s /bin/sh -c 'echo yes' work 2>/dev/null)" = yes ]; then
    become=su
else
    become=
    echo "sessiontui: the image has neither setpriv nor su: no dotfiles and no SSH" >&2
fi

# Becomes the user for good and runs the command.
# shellcheck disable=SC2016
exec_as_work() {
    export HOME="$home" USER=work LOGNAME=work SHELL="$shell"
    case $become in
        root) exec "$@" ;;
        setpriv)
            exec setpriv --reuid="$uid" --regid="$gid" --init-groups --inh-caps=-all "$@"
            ;;
        su) exec su -s /bin/sh -c 'exec "$0" "$@"' work "$@" ;;
    esac
    return 126
}

as_work() {
    (cd "$home" && exec_as_work "$@")
}

as_work /bin/sh "$session/home.sh" || [ -z "$become" ] ||
    echo "sessiontui: $home could not be prepared in full" >&2
# Emptied at each start: the engine keeps what was in it already, as the container's output.
as_work /bin/sh -c ": >'$session/log/session.log'" 2>/dev/null || {
    [ -e "$session/log/session.log" ] || : >"$session/log/session.log"
    chown "$uid:$gid" "$session/log/session.log"
}

# --- the notebook's kernel ---------------------------------------------------------------------

# Jupyter takes a bare `python3` for its own interpreter, so the session's is named in full.
kernel=$session/jupyter/kernels/sessiontui
rm -rf "$kernel"
python=$(command -v python3 || command -v python || :)
# Looked for and not imported, which takes longer than all the rest of a start; Python 2 can only import.
look_for_ipykernel='
try:
    from importlib.util import find_spec
except ImportError:
    import ipykernel
else:
    raise SystemExit(find_spec("ipykernel") is None)
'
# shellcheck disable=SC2016
if [ -n "$python" ] &&
    as_work /bin/sh -c 'cd / && exec "$0" -c "$1"' "$python" "$look_for_ipykernel" 2>/dev/null; then
    mkdir -p "$kernel"
    cat >"$kernel/kernel.json" <<END
{
  "argv": ["$python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
  "display_name": "Notebook for SessionTUI",
  "language": "python",
  "metadata": {"debugger": true}
}
END
fi

# --- SSH -----------------------------------------------------------------------------------------

# Writes the daemon's settings; with $1 = bare, without the container's environment.
sshd_settings() {
    cat <<END
Port $ssh_port
HostKey $session/ssh/host
PidFile none
UsePAM no
AllowUsers work
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile $session/ssh/id_container.pub .ssh/authorized_keys
StrictModes yes
AcceptEnv COLORTERM
PrintMotd no
Subsystem sftp internal-sftp
END
    [ "${1:-}" != bare ] || return 0
    # A second SetEnv line would be ignored: all names go on one.
    printf 'SetEnv'
    export -p | sed -n 's/^\(export\|declare -x\) \([A-Za-z_][A-Za-z0-9_]*\)=.*/\2/p' |
        while read -r variable; do
            case $variable in
                HOME | USER | LOGNAME | SHELL | MAIL | PWD | OLDPWD | SHLVL | TERM | HOSTNAME) continue ;;
                SESSIONTUI_UID | SESSIONTUI_GID | SESSIONTUI_GROUPS | SESSIONTUI_SECRET_NAMES | _) continue ;;
            esac
            eval "value=\${$variable-}"
            # A line of the settings cannot hold a line break.
            case $value in
                *"
"*) continue ;;
                *[\"\\]*) value=$(printf '%s\n' "$value" | sed 's/[\\"]/\\&/g') ;;
            esac
            printf ' "%s=%s"' "$variable" "$value"
        done
    echo
}

sshd=
for candidate in /usr/sbin/sshd /usr/local/sbin/sshd /usr/bin/sshd; do
    [ ! -x "$candidate" ] || sshd=$candidate
done
if [ -n "$sshd" ] && [ -n "$become" ] && [ -e "$session/ssh/host" ]; then
    mkdir -p /run/sshd
    if [ -e "$variables" ]; then
        # They are in it, too.
        rm -f "$session/sshd_config"
        (
            umask 077
            # shellcheck source=/dev/null
            . "$variables"
            sshd_settings >"$session/sshd_config"
        )
        chown "0:$gid" "$session/sshd_config"
        chmod 0440 "$session/sshd_config"
    else
        sshd_settings >"$session/sshd_config"
        chmod 0644 "$session/sshd_config"
    fi
    if ! as_work "$sshd" -t -f "$session/sshd_config" 2>/dev/null; then
        sshd_settings bare >"$session/sshd_config"
    fi
    SESSIONTUI_COMMAND="exec $sshd -D -e -f $session/sshd_config" \
        as_work /bin/sh "$session/app.sh" ssh "$ssh_port" 10 >/dev/null ||
        echo "sessiontui: SSH did not start" >&2
fi

# --- ready ---------------------------------------------------------------------------------------

[ $# -eq 0 ] || [ -n "$become" ] || die "no command can be run as the user without setpriv or su"
# Which start this is about: after a restart, the file of the last one would lie for a moment.
began 1 >"$session/ready"
if [ $# -eq 0 ]; then
    # The output of the apps becomes the container's.
    if command -v tail >/dev/null; then
        tail -n +1 -F "$session/log/session.log" 2>/dev/null &
    else
        while :; do sleep 86400; done &
    fi
    job=$!
    trap 'end_programs 143' TERM
    trap 'end_programs 158' PWR
    code=0
    wait "$job" || code=$?
    exit "$code"
fi

# --- a batch session -----------------------------------------------------------------------------

seconds=$1
command=$2

# Asks every process of the user to end, waits for the command, and exits with $1. With this script
# the session ends, and the kernel ends what is left in it.
# shellcheck disable=SC2317
end_command() {
    trap '' TERM PWR USR1
    # As the user: this root may not send signals to others.
    as_work /bin/sh -c 'kill -TERM -1' 2>/dev/null || :
    end=$(($(seconds_up) + grace))
    while [ "$(seconds_up)" -lt "$end" ]; do
        # One that ended and was not waited for is still there.
        case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$job/status" 2>/dev/null) in
            '' | Z*) break ;;
        esac
        nap
    done
    exit "$1"
}

# What it writes to /dev/stdout by that name is opened anew.
chown "$uid:$gid" /proc/self/fd/3 /proc/self/fd/4 3>&1 4>&2 2>/dev/null || :
as_work /bin/sh "$session/batch.sh" "$command" </dev/null &
job=$!
trap 'end_command 143' TERM
trap 'end_command 158' PWR
trap 'end_command 124' USR1
if [ "$seconds" -gt 0 ]; then
    (
        # What `sleep` sleeps is not what has passed where the machine was suspended.
        end=$(($(seconds_up) + seconds))
        while now=$(seconds_up) && [ "$now" -lt "$end" ]; do
            sleep "$((end - now))" || nap
        done
        kill -USR1 "$$"
    ) &
fi
code=0
wait "$job" || code=$?
exit "$code"
