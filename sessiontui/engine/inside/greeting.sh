# Read by interactive shells: says once, at the entry, which paths outlive the session.
# shellcheck shell=sh
case $- in
    *i*)
        # In tmux, the first pane is the entry.
        if [ -z "${SESSIONTUI_GREETED-}" ] && [ -t 1 ] && [ "${TMUX:+${TMUX_PANE-}}" = "${TMUX:+%0}" ]; then
            export SESSIONTUI_GREETED=1
            if [ -n "${SESSIONTUI_PERSISTENT_PATHS-}" ]; then
                printf 'Only these paths persist after the session is deleted: %s\n' \
                    "$(printf '%s\n' "$SESSIONTUI_PERSISTENT_PATHS" | sed 's/:/, /g')"
            else
                echo 'No folder is mounted: files in this session will be gone when it is deleted.'
            fi
        fi
        ;;
esac
