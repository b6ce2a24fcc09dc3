#!/bin/sh
# Stands by the entry $1 into the session for as long as somebody holds its input open, and then sees
# to what a terminal does that is closed: the program in it gets SIGHUP.
#
# `left` on the input says that the person left it running; in tmux it does so by itself, and only
# the tmux client would stay, with a screen that nobody sees.
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh

entry=${1:-}
case $entry in '' | *[!A-Za-z0-9]*) die "attend.sh: bad name" 2 ;; esac
note=$session/run/entry-$entry
read -r word || word=

# A line may drop before the shell is there.
until_when=$(($(seconds_up) + 5))
while [ ! -s "$note" ] && [ -z "$word" ] && [ "$(seconds_up)" -lt "$until_when" ]; do
    nap
done
read -r pid when tmux 2>/dev/null <"$note" || exit 0
rm -f "$note"
case $tmux in
    work-*)
        # Made for this entry alone; the client ends with it.
        tmux kill-session -t "=$tmux" 2>/dev/null
        exit 0
        ;;
esac
[ "$(began "$pid")" = "$when" ] || exit 0
[ "$word" != left ] || [ -n "$tmux" ] || exit 0
kill -HUP "$pid"
# One that is stopped would not hear of it.
kill -CONT "$pid"
