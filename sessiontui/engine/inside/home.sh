#!/bin/sh
# Prepares the home of a session, run as its owner: dotfiles, and the keys for SSH.
# What is there already stays as it is.
set -u
umask 022
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh
cd "$home" || exit 1

for file in /etc/skel/.[!.]* /etc/skel/*; do
    [ -e "$file" ] || continue
    copy=$home/${file##*/}
    [ -e "$copy" ] || [ -L "$copy" ] || cp -R "$file" "$copy" || :
done

command -v ssh-keygen >/dev/null || exit 0
keys=$session/ssh
for key in host id_container; do
    [ -e "$keys/$key" ] ||
        ssh-keygen -q -t ed25519 -N '' -C "${SESSIONTUI_NAME:-session}" -f "$keys/$key" </dev/null ||
        exit 1
done
if [ ! -e "$home/id_container" ] && [ ! -L "$home/id_container" ]; then
    (umask 077 && cat "$keys/id_container" >"$home/id_container") || exit 1
fi

# The daemon accepts the key from $keys; the line in ~/.ssh is for the user to see and to copy.
# A mounted ~/.ssh outlives the session and serves others too: the key does not go there.
case :${SESSIONTUI_PERSISTENT_PATHS:-}: in
    *":$home/.ssh:"*) exit 0 ;;
esac
public=$(cat "$keys/id_container.pub")
if [ ! -d .ssh ]; then
    mkdir .ssh && chmod 0700 .ssh || exit 1
fi
found=
if [ -r .ssh/authorized_keys ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        [ "$line" != "$public" ] || found=1
    done <.ssh/authorized_keys
    # A last line without its end would be spoilt by ours.
    [ -n "$found" ] || [ -z "$(tail -c 1 .ssh/authorized_keys)" ] || echo >>.ssh/authorized_keys
fi
if [ -z "$found" ]; then
    (umask 077 && printf '%s\n' "$public" >>.ssh/authorized_keys) || exit 1
fi
