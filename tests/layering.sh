#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The walls of the house: includes only along the edges of tests/layering.table, no banned call, no two source files
# of one name, a licence line in each, no unfinished work, and no variable with state in the engine and the models.
# The check itself is tested on a small house with one thing wrong at a time.
set -u
cd "$(dirname "$0")/.."
table=$PWD/tests/layering.table
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints a line for each thing wrong in the tree of the current folder; nothing when all is well.
check_tree() {
    find sim models plots bench tests -name '*.[ch]' 2>/dev/null | sort >"$work/files"
    sed 's|.*/||' "$work/files" | sort | uniq -d | sed 's/$/: two files of this name/'
    xargs awk -v table="$table" -f "$work/check.awk" <"$work/files"
}

cat >"$work/check.awk" <<'AWK'
function fail(text) { printf "%s:%d: %s\n", FILENAME, FNR, text }

function directory(path) { return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : "." }

function room_in(folder) { return folder in room_of ? room_of[folder] : room_of[directory(folder) "/*"] }

# A line without strings, characters and comments; block comments may span lines.
function code_of(line,    out, c, two, n, i, quote) {
    out = ""; n = length(line); quote = ""
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1); two = substr(line, i, 2)
        if (in_comment) { if (two == "*/") { in_comment = 0; i++ } continue }
        if (quote != "") { if (c == "\\") i++; else if (c == quote) quote = ""; continue }
        if (two == "/*") { in_comment = 1; i++; continue }
        if (two == "//") break
        if (c == "\"" || c == "'") { quote = c; out = out " "; continue }
        out = out c
    }
    return out
}

BEGIN {
    while ((getline line < table) > 0) {
        n = split(line, w, " ")
        if (w[1] == "room") room_of[w[3]] = w[2]
        else if (w[1] == "allow") for (i = 3; i <= n; i++) allowed[w[2], w[i]] = 1
        else if (w[1] == "library") { library[w[2]] = 1; for (i = 3; i <= n; i++) may_use[w[2], w[i]] = 1 }
        else if (w[1] == "ban") { m = split(w[2], r, ","); for (i = 3; i <= n; i++) for (j = 1; j <= m; j++) banned[r[j], w[i]] = 1 }
        else if (w[1] == "except") for (i = 3; i <= n; i++) excepted[w[2], w[i]] = 1
    }
}

FNR == 1 {
    room = room_in(directory(FILENAME)); in_comment = 0; checked_own = 0
    if (room == "") fail("in no room of the table")
    if ($0 !~ /^\/\* SPDX-License-Identifier: GPL-3\.0-or-later/) fail("the first line is not the licence line")
}

/(^|[^A-Za-z0-9_])(TODO|FIXME|XXX|HACK)([^A-Za-z0-9_]|$)/ { fail("unfinished work") }

/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, part, "\""); path = part[2]; to = room_in(directory(path))
    if (path !~ /\//) fail("includes " path ", which is not written from the root")
    else if (!((room, path) in allowed) && to != room && !((room, to) in allowed))
        fail(room " may not include " path)
}

/^[ \t]*#[ \t]*include[ \t]*</ {
    path = $0; sub(/^[^<]*</, "", path); sub(/>.*/, "", path)
    for (l in library)
        if (index(path, l) == 1 && !((l, room) in may_use)) fail(room " may not use <" path ">")
}

{
    code = code_of($0)
    while (match(code, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
        before = RSTART > 1 ? substr(code, RSTART - 1, 1) : ""
        call = substr(code, RSTART, RLENGTH - 1); sub(/[ \t]*$/, "", call)
        if ((room, call) in banned && !((FILENAME, call) in excepted) && before != "." && before != ">")
            fail(room " may not call " call)
        code = substr(code, RSTART + RLENGTH)
    }
}
AWK

# Variables with state in compiled objects of the rooms that must have none.
state_of() {
    find "$1"/sim/engine "$1"/models -name '*.o' 2>/dev/null | sort | while read -r object; do
        nm -f sysv "$object" | awk -F '[ |]+' -v object="$object" '
            $3 ~ /^[bBdDC]$/ && $NF !~ /rel\.ro/ && $1 !~ /asan|tsan|ubsan|^\.L/ { print object ": state in " $1 }'
    done
}

passed=0 failed=0
verdict() { # what, 0 or 1
    if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok: $1"; fi
}

check_tree >"$work/found"
cat "$work/found"
[ ! -s "$work/found" ]; verdict "the tree keeps to the table" $?
if [ -d "${BUILD:-build}/obj" ]; then
    state_of "${BUILD:-build}/obj" >"$work/found"
    cat "$work/found"
    [ ! -s "$work/found" ]; verdict "no state outside of contexts" $?
fi

# ---- the check is checked ----

head='/* SPDX-License-Identifier: GPL-3.0-or-later */'
planted() { # what is expected in the finding ("" for none), path, text
    rm -rf "$work/house"
    mkdir -p "$work/house/sim/engine" "$work/house/models/kafka" "$work/house/models/mysql" "$work/house/sim/results"
    cd "$work/house" || exit 1
    for file in sim/engine/clean.c models/kafka/log.h models/mysql/row.h; do echo "$head" >"$file"; done
    echo "$head" >"$2.tmp" && printf '%s\n' "$3" >>"$2.tmp" && mv "$2.tmp" "$2"
    if [ "$1" = "no licence" ]; then printf '%s\n' "$3" >"$2"; fi
    check_tree >"$work/found"
    cd - >/dev/null || exit 1
    case $1 in
    "") [ ! -s "$work/found" ] ;;
    "no licence") grep -q 'licence line' "$work/found" ;;
    *) grep -q "^$2:.*$1" "$work/found" || grep -q "^[a-z.]*: $1" "$work/found" ;;
    esac
    verdict "planted in $2: ${1:-nothing wrong}" $?
}
planted "" models/kafka/topic.c '#include "models/kafka/log.h"'
planted "kafka may not include models/mysql/row.h" models/kafka/topic.c '#include "models/mysql/row.h"'
planted "engine may not include models/kafka/log.h" sim/engine/loop.c '  #  include "models/kafka/log.h"'
planted "not written from the root" models/kafka/topic.c '#include "log.h"'
planted "kafka may not use <cjson/cJSON.h>" models/kafka/topic.c '#include <cjson/cJSON.h>'
planted "engine may not call time" sim/engine/loop.c 'long f(void) { return time (0); }'
planted "kafka may not call malloc" models/kafka/topic.c 'void *f(void) { return malloc(3); }'
planted "" sim/engine/loop.c '/* time(0) in words, "rand()" */ int f(int random_x) { return g("time(") + s.time(3) + random_x; }'
planted "" sim/results/out.c 'int f(void) { return printf("x"); }'
planted "unfinished work" sim/engine/loop.c '/* TODO */'
planted "two files of this name" models/mysql/log.h 'int x;'
planted "no licence" sim/engine/loop.c 'int x;'
mkdir -p "$work/obj/sim/engine" "$work/obj/models"
echo 'static int counter; int f(void); int f(void) { return ++counter; }' | "${CC:-cc}" -fPIE -x c -c -o "$work/obj/sim/engine/f.o" -
state_of "$work/obj" | grep -q 'state in counter'; verdict "planted: a static counter" $?
echo 'static const char *const word[] = { "a", "b" }; const char *f(int); const char *f(int i) { return word[i]; }' | "${CC:-cc}" -fPIE -x c -c -o "$work/obj/sim/engine/f.o" -
[ -z "$(state_of "$work/obj")" ]; verdict "planted: a constant table" $?

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
