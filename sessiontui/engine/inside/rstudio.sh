#!/bin/sh
# Serves RStudio for the user alone on port 8787 of the loopback, run as `work`. It asks nobody for anything.
# Its cookies are signed with a key, and its database is its own.
data=/home/work/.local/share/rstudio-server
mkdir -p "$data" && cd "$data" || exit 1
[ -s key ] || (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >key)
printf 'provider=sqlite\ndirectory=%s\n' "$data" >database.conf
PATH=$PATH:/usr/lib/rstudio-server/bin
exec rserver --server-daemonize=0 --server-user="$USER" --auth-none=1 --www-address=127.0.0.1 \
    --www-port=8787 --www-root-path="${SESSIONTUI_BASE:-/}" --www-verify-user-agent=0 \
    --secure-cookie-key-file="$data/key" --server-data-dir="$data" \
    --database-config-file="$data/database.conf"
