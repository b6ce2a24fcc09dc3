#!/bin/sh
# Lists, sends and receives files of the session, run as `work` in its home.
#
#   files.sh list DIR            prints PATH NUL, then `KINDS SIZE MTIME NAME` NUL TARGET NUL for each
#                                entry. KINDS: letter of `find -type` of itself and behind links.
#   files.sh send PATH           prints `file SIZE MODE MTIME NAME` NUL and the file, or
#                                `tree SIZE MODE MTIME NAME` NUL and a tar of the directory's content.
#                                Stops when its input ends. SIZE may be `-`, for unknown.
#   files.sh receive DST NAME file|tree SIZE MODE STAMP new|over
#                                takes a file of SIZE bytes and a line end, or a tar of `tree` and at last
#                                `complete`, from its input, into DST where that is a directory, else as DST. STAMP
#                                as for `touch -t`, in UTC. It is there as a whole at the end, or not
#                                at all. `over` puts it in place of what is there. Prints a line as
#                                soon as it has failed, and takes the rest of the input all the same.
#   files.sh make DIR            makes a directory
#
# DIR, PATH, DST and NAME: any byte may be written as \0 and three octal digits, the backslash always
# is. They lead, with all links followed, into the home or a mounted folder; a PATH printed is below
# the home, or absolute. Exit codes with a reason on stderr: 1 failed, 3 refused, 4 nothing there,
# 5 something is there, 6 no tar, 8 the input ended too early.
# shellcheck source=common.sh
. /opt/sessiontui/session/common.sh
LC_ALL=C
export LC_ALL
unset CDPATH
umask 022
line='
'

# Sets `text` to what $1 stands for.
decode() {
    text=$(printf '%b.' "$1")
    text=${text%.}
}

# Sets `here` to the true path of the working directory.
find_here() {
    here=$(pwd -P && echo .)
    here=${here%"$line".}
}

# For a `find` that cannot print: tells what is in the directory that it works in.
if [ "${1:-}" = --entries ]; then
    shift
    for path; do
        target=
        if [ -L "$path" ]; then
            target=$(readlink "$path" && echo .)
            target=${target%"$line".}
            kinds=l
        elif [ -d "$path" ]; then
            kinds=d
        elif [ -f "$path" ]; then
            kinds=f
        else
            kinds=o
        fi
        if [ -d "$path" ]; then kinds=${kinds}d; else kinds=${kinds}f; fi
        printf '%s %s %s\0%s\0' "$kinds" "$(stat -c '%s %Y' "$path" 2>/dev/null || echo '0 -')" \
            "${path#./}" "$target"
    done
    exit 0
fi

cd -P "$home" || die "there is no $home"
find_here
home=$here

# Goes to the directory $1 unless it lies elsewhere than in the home and the mounted folders.
enter() {
    case $1 in
        /*) way=$1 ;;
        *) way=./$1 ;;
    esac
    [ -d "$way" ] || die "there is no directory $1" 4
    cd -P "$way" 2>/dev/null || die "$1 may not be entered" 3
    find_here
    case $here/ in "$home"/*) return 0 ;; esac
    rest=${SESSIONTUI_PERSISTENT_PATHS:-}:
    while [ -n "$rest" ]; do
        folder=${rest%%:*}
        rest=${rest#*:}
        [ -z "$folder" ] || case $here/ in "$folder"/*) return 0 ;; esac
    done
    die "$1 leads to $here: only the home and mounted folders are copied from and to" 3
}

# Sets `parent` and `name` for the path $1.
split() {
    path=$1
    while :; do
        case $path in
            ?*/) path=${path%/} ;;
            *) break ;;
        esac
    done
    case $path in
        */*)
            parent=${path%/*}/
            name=${path##*/}
            ;;
        *)
            parent=.
            name=$path
            ;;
    esac
    case $name in '' | . | ..) die "$1 is no name" 3 ;; esac
}

there() {
    [ -e "$1" ] || [ -L "$1" ]
}

# Runs a command until its end or that of our input: when nobody takes the output any more, the
# command would wait for ever.
watched() {
    exec 3<&0
    "$@" </dev/null 3<&- &
    worker=$!
    {
        while read -r _; do :; done
        kill "$worker"
    } <&3 >/dev/null 2>&1 &
    watcher=$!
    wait "$worker"
    code=$?
    kill "$watcher" 2>/dev/null
    exit "$code"
}

need_tar() {
    command -v tar >/dev/null ||
        die "the image has no tar: single files can be copied, directories cannot" 6
}

# Prints options for records as large as what a pipe holds, which go through faster than tar's own.
records() {
    case $(tar --version 2>/dev/null) in *GNU*) echo "-B -b 128" ;; esac
}

# `SIZE MODE MTIME` of $1.
facts() {
    stat -c '%s %a %Y' "$1" 2>/dev/null || echo "$(($(wc -c <"$1"))) 644 -"
}

# Takes away the directory $1 with all that is in it.
discard() {
    rm -rf "$1" 2>/dev/null || {
        chmod -R u+rwx "$1" 2>/dev/null
        rm -rf "$1"
    }
}

# Takes away what receivers of this session left that did not come to their end; a directory that
# one had put aside, and nothing in its place, goes back.
sweep() {
    for left in "./.sessiontui-${SESSIONTUI_ID:-session}"-*.part; do
        [ -d "$left" ] && [ ! -L "$left" ] || continue
        maker=${left%.part}
        maker=${maker#"./.sessiontui-${SESSIONTUI_ID:-session}-"}
        [ "$(began "${maker%%-*}")" != "${maker#*-}" ] || continue
        for old in "$left"/old/* "$left"/old/.[!.]* "$left"/old/..?*; do
            if there "$old" && ! there "./${old##*/}"; then
                mv "$old" ./ || continue 2
            fi
        done
        discard "$left"
    done
}

# Cleans up and, where it failed, says so by a line and takes the rest of the input: an engine that
# cannot get rid of what it was given keeps the caller waiting.
leave_receiving() {
    code=$?
    trap '' HUP INT TERM
    [ -z "$part" ] || discard "$part"
    if [ "$code" != 0 ]; then
        echo
        cat >/dev/null
    fi
    exit "$code"
}

# Puts $1/NAME here, where NAME is not taken; fails when it is.
settle() {
    if [ -d "$1/$name" ]; then
        # An empty directory is replaced, anything else is not.
        mv "$1/$name" ./ 2>/dev/null
        return
    fi
    ln "$1/$name" ./ 2>/dev/null && return 0
    # Not every file system knows a second name for a file.
    there "./$name" || mv "$1/$name" ./
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
    list)
        decode "${1:-}"
        enter "$text"
        [ -r . ] || die "$text may not be read" 3
        case $here in
            "$home") printf '.\0' ;;
            "$home"/*) printf '%s\0' "${here#"$home"/}" ;;
            *) printf '%s\0' "$here" ;;
        esac
        if find . -maxdepth 0 -printf '' 2>/dev/null; then
            find . -mindepth 1 -maxdepth 1 -printf '%y%Y %s %T@ %P\0%l\0' 2>/dev/null
        else
            find . -maxdepth 1 ! -name . -exec /bin/sh "$session/files.sh" --entries {} + 2>/dev/null
        fi
        exit 0
        ;;
    send)
        decode "${1:-}"
        asked=${text:-.}
        text=$asked
        case $text in /*) ;; *) text=./$text ;; esac
        bare=$text
        while :; do
            case $bare in ?*/) bare=${bare%/} ;; *) break ;; esac
        done
        if [ -L "$bare" ]; then
            die "$asked is a link to $(readlink "$bare"): name what it leads to" 3
        elif [ -d "$text" ]; then
            enter "$text"
            [ -r . ] || die "$asked may not be read" 3
            need_tar
            size=-
            if find . -maxdepth 0 -printf '' 2>/dev/null && command -v awk >/dev/null; then
                size=$(find . -type f -printf '%s\n' 2>/dev/null | awk '{ all += $1 } END { printf "%.0f", all }')
            fi
            about=$(facts .)
            printf 'tree %s %s %s\0' "$size" "${about#* }" "${here##*/}"
            # shellcheck disable=SC2046
            watched tar $(records) -cf - .
        elif [ -f "$text" ]; then
            case $text in */) die "$asked is a file" 3 ;; esac
            split "$text"
            enter "$parent"
            [ -r "./$name" ] || die "$asked may not be read" 3
            printf 'file %s %s\0' "$(facts "./$name")" "$name"
            watched cat "./$name"
        elif there "$text"; then
            die "$asked is neither a file nor a directory" 3
        fi
        die "there is no $asked" 4
        ;;
    receive)
        part=
        trap 'leave_receiving' EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        decode "$1"
        asked=$text
        decode "$2"
        kind=$3 size=$4 mode=$5 stamp=$6 how=$7
        case $asked in /*) target=$asked ;; *) target=./$asked ;; esac
        if [ -d "$target" ]; then
            parent=$target
            name=$text
            case $name in '' | . | .. | */*) die "$name is no name" 3 ;; esac
        else
            case $target in */) die "there is no directory $asked" 4 ;; esac
            split "$target"
        fi
        enter "$parent"
        [ "$kind" = file ] || need_tar
        if there "./$name"; then
            [ "$how" = over ] || die "there is a $name already" 5
            if [ -d "./$name" ] && [ ! -L "./$name" ]; then
                [ "$kind" = tree ] || die "$name is a directory: a file cannot take its place" 3
            else
                [ "$kind" = file ] || die "$name is no directory: a directory cannot take its place" 3
            fi
        fi
        sweep
        ours=./.sessiontui-${SESSIONTUI_ID:-session}-$$-$(began $$).part
        mkdir -m 0700 "$ours" || die "nothing can be written to $here"
        part=$ours
        mkdir "$part/new" || exit 1
        if [ "$kind" = file ]; then
            cat >"$part/new/$name" || die "$name could not be written"
            [ "$(($(wc -c <"$part/new/$name")))" = "$((size + 1))" ] ||
                die "the file did not come as a whole" 8
            # Cuts off the line end, which says that nobody has cancelled it.
            dd of="$part/new/$name" bs=1 seek="$size" count=0 2>/dev/null || die "$name could not be written"
            chmod "$mode" "$part/new/$name"
            TZ=UTC0 touch -t "$stamp" "$part/new/$name"
        else
            # Other users' files would become theirs again where root unpacks.
            # shellcheck disable=SC2046
            (cd "$part" && exec tar $(records) -xpof -) || die "$name could not be unpacked"
            [ -e "$part/complete" ] && [ -d "$part/tree" ] || die "the files did not come as a whole" 8
            mv "$part/tree" "$part/new/$name" || exit 1
        fi
        if [ "$how" != over ] || ! there "./$name"; then
            settle "$part/new" || die "there is a $name already" 5
        elif [ "$kind" = file ]; then
            mv -f "$part/new/$name" ./ || exit 1
        else
            { mkdir "$part/old" && mv "./$name" "$part/old/"; } || die "$name cannot be moved out of the way"
            settle "$part/new" || {
                mv "$part/old/$name" ./
                die "$name cannot take the place of what was there"
            }
        fi
        if [ "$kind" = tree ]; then
            # Only now: a directory without write permission cannot be moved.
            TZ=UTC0 touch -t "$stamp" "./$name"
            chmod "$mode" "./$name"
        fi
        exit 0
        ;;
    make)
        decode "${1:-}"
        asked=$text
        split "$text"
        enter "$parent"
        ! there "./$name" || die "there is a $name already" 5
        mkdir "./$name" || die "$asked could not be made"
        ;;
    *)
        die "files.sh: bad use" 2
        ;;
esac
