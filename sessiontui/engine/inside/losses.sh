#!/bin/sh
# Says what dies with the home of this session, without its mounts:
#
#   total TAB BYTES TAB FILES TAB complete|partial
#   file TAB BYTES TAB MTIME TAB PATH        up to ten, the newest first, PATH below the home
#
# In PATH, any byte may be written as a backslash and three octal digits; control characters and
# the backslash always are. `partial`: the time was up, the figures are what was seen by then.
# What we put into the home ourselves counts for nothing; what programs leave behind (caches,
# installed packages, histories) counts in the total and is not listed.
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh
limit=${1:-4}
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
cd "$home" || exit 1

# Writes $1 on one line.
escaped() {
    case $1 in
        *[[:cntrl:]\\]*) printf '%s' "$1" | od -An -v -to1 | tr -d '\n' | sed 's/  */\\/g' ;;
        *) printf '%s' "$1" ;;
    esac
}

case ${1:-} in
    --escape)
        # Records `MTIME TAB BYTES TAB PATH`, one an argument.
        shift
        for record; do
            mtime=${record%%"$tab"*}
            record=${record#*"$tab"}
            printf 'file\t%s\t%s\t' "${record%%"$tab"*}" "${mtime%%.*}"
            escaped "${record#*"$tab"}"
            echo
        done
        exit
        ;;
    --batch)
        # For a `find` that cannot print: `MTIME BYTES listed|counted PATH` for each argument.
        shift
        single() {
            for path; do
                set -- "$(stat -c '%Y %s' "$path" 2>/dev/null)" "$path"
                [ -n "$1" ] || continue
                print_batch "$1" "$2"
            done
        }
        print_batch() {
            case ${2#./} in
                .cache/* | .local/lib/python* | */__pycache__/* | */.ipynb_checkpoints/* | .ipynb_checkpoints/* | \
                    .local/share/jupyter/* | .jupyter/lab/* | .ipython/* | .*_history | .lesshst | .viminfo | .wget-hsts)
                    printf '%s counted .\n' "$1"
                    ;;
                *)
                    printf '%s listed ' "$1"
                    escaped "${2#./}"
                    echo
                    ;;
            esac
        }
        # One `stat` for all of them, in their order, unless one vanished meanwhile.
        lines=$(stat -c '%Y %s' "$@" 2>/dev/null) || lines=
        if [ -z "$lines" ]; then
            single "$@"
            exit
        fi
        while read -r line; do
            print_batch "$line" "$1"
            shift
        done <<END
$lines
END
        exit
        ;;
esac

# --- what is left out ----------------------------------------------------------------------------

# Quotes $1 as a pattern that matches itself only.
literal() {
    printf '%s\n' "$1" | sed 's/[][*?\\]/\\&/g'
}

# Collects `-path X -o …` in the positional parameters. The file system does not tell a bind mount
# from what is around it: the kernel's list of mounts does, with its own octal escapes.
set -- -path ./.nothing
while read -r _ _ _ _ point _; do
    case $point in
        "$home"/*)
            point=$(printf '%b.' "$(printf '%s\n' "$point" | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g')")
            point=${point%.}
            set -- "$@" -o -path "./$(literal "${point#"$home"/}")"
            ;;
    esac
done </proc/self/mountinfo
set -- "$@" -o -path ./id_container
for copy in /etc/skel/.[!.]* /etc/skel/*; do
    if [ -f "$copy" ] && cmp -s "$copy" "${copy##*/}"; then
        set -- "$@" -o -path "./$(literal "${copy##*/}")"
    fi
done
if cmp -s "$session/ssh/id_container.pub" .ssh/authorized_keys; then
    set -- "$@" -o -path ./.ssh/authorized_keys
fi

bounded() {
    if command -v timeout >/dev/null; then timeout "$limit" "$@"; else "$@"; fi
}

# --- count and list --------------------------------------------------------------------------------

if find . -maxdepth 0 -printf '' 2>/dev/null && command -v awk >/dev/null &&
    printf 'a\0' | sort -z 2>/dev/null | head -z -n 1 >/dev/null 2>&1; then
    # The sizes go to awk by descriptor 3, the records to sort, the answers to descriptor 5.
    exec 5>&1
    {
        {
            bounded find . -xdev \( "$@" \) -prune -o -type f \
                -fprintf /dev/fd/3 '%s\n' \
                ! \( -path './.cache/*' -o -path './.local/lib/python*' -o -path '*/__pycache__/*' \
                -o -path '*/.ipynb_checkpoints/*' -o -path './.local/share/jupyter/*' \
                -o -path './.jupyter/lab/*' -o -path './.ipython/*' \
                -o -path './.*_history' ! -path './*/*' \
                -o -path ./.lesshst -o -path ./.viminfo -o -path ./.wget-hsts \) \
                -printf '%T@\t%s\t%P\0' 2>/dev/null
            echo "status $?" >&3
        } 3>&1 >&4 |
            awk '/^status/ { state = $2 == 124 || $2 == 143 ? "partial" : "complete"; next }
                { bytes += $1; files++ }
                END { printf "total\t%.0f\t%d\t%s\n", bytes, files, state }' >&5
    } 4>&1 | sort -z -t "$tab" -k1,1rn | head -z -n 10 |
        xargs -0 -r /bin/sh "$session/losses.sh" --escape
    exit
fi

{
    bounded find . -xdev \( "$@" \) -prune -o -type f \
        -exec /bin/sh "$session/losses.sh" --batch {} + 2>/dev/null
    echo "- $?"
} | sort -rn | {
    bytes=0
    files=0
    listed=0
    state=complete
    newest=
    while read -r mtime size kind path; do
        if [ "$mtime" = - ]; then
            case $size in 124 | 143) state=partial ;; esac
            continue
        fi
        bytes=$((bytes + size))
        files=$((files + 1))
        if [ "$kind" = listed ] && [ "$listed" -lt 10 ]; then
            listed=$((listed + 1))
            newest="$newest
file$tab$size$tab$mtime$tab$path"
        fi
    done
    printf 'total\t%s\t%s\t%s' "$bytes" "$files" "$state"
    printf '%s\n' "$newest"
}
