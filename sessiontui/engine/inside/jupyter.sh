#!/bin/sh
# The Jupyter of the session: the one our images bring, else the image's own. Run as `work`.
#
#   jupyter.sh serve           the server, in the foreground
#   jupyter.sh has MODULE...   0 when its Python finds these modules; none is imported
#   jupyter.sh terminal        makes the terminal `work` unless there is one: the server shows a
#                              terminal that is there, and makes none when a page asks for it
session=/opt/sessiontui/session
python=/opt/sessiontui/jupyter/bin/python
[ -x "$python" ] || python=${SESSIONTUI_PYTHON:-python3}

# -I: neither the user's packages nor a random.py in the home can break the server.
case ${1:-} in
    serve)
        export JUPYTER_PATH="$session/jupyter${JUPYTER_PATH:+:$JUPYTER_PATH}"
        exec "$python" -I -m jupyterlab --config="$session/jupyter_server_config.py"
        ;;
    has)
        shift
        exec "$python" -I -c '
import importlib.util, sys
sys.exit(not all(importlib.util.find_spec(module) for module in sys.argv[1:]))' "$@"
        ;;
    terminal)
        exec "$python" -I -c '
import json, urllib.request
from pathlib import Path

token = Path("/opt/sessiontui/session/secret").read_text().strip()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

def ask(body=None):
    request = urllib.request.Request("http://127.0.0.1:8888/api/terminals", body)
    request.add_header("Authorization", "token " + token)
    return json.load(opener.open(request, timeout=5))

if not any(one["name"] == "work" for one in ask()):
    ask(b"{\"name\": \"work\"}")
'
        ;;
esac
