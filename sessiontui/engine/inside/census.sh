#!/bin/sh
# Counts all that is in the home, whoever put it there:
#
#   tally TAB FILES TAB BYTES TAB DIRECTORIES TAB LINKS
#   other TAB PATH      a named pipe, socket or device, PATH below the home
#
# Each name counts, also where several name one file; the home itself is none of the directories.
# Control characters in PATH become question marks. Fails where the image lacks what this needs.
home=/home/work
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
cd "$home" && command -v awk >/dev/null && command -v wc >/dev/null || exit 3

# Counts by one sign a name: names may hold line breaks.
count() {
    find . -mindepth 1 -xdev "$@" -exec sh -c 'for path; do echo; done' sh {} + | wc -l
}

if find . -maxdepth 0 -printf '' 2>/dev/null; then
    figures=$(find . -mindepth 1 -xdev -printf '%y %s\n' | awk '
        $1 == "f" { files++; bytes += $2 }
        $1 == "d" { directories++ }
        $1 == "l" { links++ }
        END { printf "%d\t%.0f\t%d\t%d", files, bytes, directories, links }') || exit 3
else
    find . -maxdepth 0 -mindepth 0 >/dev/null 2>&1 || exit 3
    bytes=$(find . -mindepth 1 -xdev -type f -exec stat -c %s {} + | awk '{ sum += $1 } END { printf "%.0f", sum }')
    figures=$(count -type f)$tab$bytes$tab$(count -type d)$tab$(count -type l)
fi
printf 'tally\t%s\n' "$figures" | tr -d ' '
# shellcheck disable=SC2016
find . -mindepth 1 -xdev ! -type f ! -type d ! -type l -exec sh -c '
    for path; do
        printf "other\t%s\n" "$(printf %s "${path#./}" | tr "\000-\037\177" "?")"
    done' sh {} +
