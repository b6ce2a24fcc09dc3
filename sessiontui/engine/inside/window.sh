#!/bin/sh
# A shell ($1) in a tmux window of its own, from which `exit` leads out of tmux: without this, it would
# lead to whatever window is next. $2 is the tmux session that was made for it, beside somebody else's.
[ -z "${2:-}" ] || echo 'Others are in this session, too: this window is yours, ctrl-b w lists all.'
"$1" -l
code=$?
if [ -n "${2:-}" ]; then
    tmux kill-session -t "=$2" 2>/dev/null
else
    tmux detach-client -s =work 2>/dev/null
fi
exit "$code"
