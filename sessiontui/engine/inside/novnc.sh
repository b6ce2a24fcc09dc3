#!/bin/sh
# Serves the session's desktop as a page on port 6080 of the loopback, run as `work`. It asks nobody for
# anything. The page that is entered sends a browser on with what noVNC has to be told: where, below
# the address at which it is seen, its connection is.
session=/opt/sessiontui/session
SESSIONTUI_BASE='' SESSIONTUI_READY='' SESSIONTUI_COMMAND="exec /bin/sh $session/desktop.sh" \
    /bin/sh "$session/app.sh" vnc 5901 30 || exit
pages=$session/run/novnc
mkdir -p "$pages" && ln -sf /usr/share/novnc/* "$pages" && rm -f "$pages/index.html" || exit
cat >"$pages/index.html" <<'END'
<!DOCTYPE html>
<title>Desktop</title>
<script>
const path = location.pathname.replace(/[^/]*$/, "").slice(1) + "websockify";
location.replace("vnc.html?autoconnect=1&resize=remote&path=" + path);
</script>
END
exec websockify --web "$pages" 127.0.0.1:6080 127.0.0.1:5901
