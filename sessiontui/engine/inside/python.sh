#!/bin/sh
# The session's own Python: the one the image names, else the one that is found.
#
#   python.sh has MODULE...       0 when it finds these modules; none is imported
#   python.sh run MODULE WORD...  is `python -m MODULE WORD...`, except that no random.py of the user's
#                                 can get in its way (-P does the same, from Python 3.11 on)
verb=$1
shift
case $verb in
    has)
        # It would look among the files of the directory first.
        cd / && exec "${SESSIONTUI_PYTHON:-python3}" -c '
import importlib.util, sys
sys.exit(not all(importlib.util.find_spec(module) for module in sys.argv[1:]))' "$@"
        ;;
    run)
        exec "${SESSIONTUI_PYTHON:-python3}" -c '
import runpy, sys
del sys.path[0]
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)' "$@"
        ;;
esac
