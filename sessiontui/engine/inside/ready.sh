#!/bin/sh
# Waits until this start of the session is prepared: ready.sh SECONDS. 0 ready, 124 not in time.
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh
end=$(($(seconds_up) + ${1:-30}))
this=$(began 1)
while [ "$(cat "$session/ready" 2>/dev/null)" != "$this" ]; do
    [ "$(seconds_up)" -lt "$end" ] || exit 124
    nap
done
