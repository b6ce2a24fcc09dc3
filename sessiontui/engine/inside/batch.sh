#!/bin/sh
# Runs the command of a batch session ($1), as `work`, in its home, by the shell of the user.
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh
login_environment
cd "$home" || exit 126
set -- "${SHELL:-/bin/sh}" -c "$1"
# A shell has what it runs in the background ignore Ctrl+C, which programs would pass on for good.
if env --default-signal=INT,QUIT true 2>/dev/null; then
    exec env --default-signal=INT,QUIT "$@"
fi
exec "$@"
