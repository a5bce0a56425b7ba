#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every text in tests/bad/ is refused with exit 3, and says exactly what NAME.err says, on stderr and nowhere else. What
# cannot be a file of the repository is made here: a folder, a file that is not there, one that may not be read, one
# that breaks while it is read; those are of the file system, exit 1.
set -u
cd "$(dirname "$0")/.."
SIM=${SIM:-${BUILD:-build}/sim}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
passed=0 failed=0

verdict() { # what, 0 or 1
    if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok: $1"; fi
}

for file in tests/bad/*.json; do
    "$SIM" check "$file" >"$work/out" 2>"$work/err"
    code=$?
    if [ $code = 3 ] && [ ! -s "$work/out" ] && diff "${file%.json}.err" "$work/err" >"$work/diff"; then
        verdict "$file" 0
    else
        verdict "$file: exit $code" 1
        cat "$work/diff"
    fi
done
for file in tests/bad/*.err; do
    [ -f "${file%.err}.json" ]; verdict "$file belongs to a text" $?
done

# what, words that the message must have, command: exit 1, and nothing on stdout
file_system() {
    what=$1 words=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err"
    code=$?
    [ $code = 1 ] && [ ! -s "$work/out" ] && grep -q "$words" "$work/err"
    verdict "$what: exit $code, $(cat "$work/err")" $?
}
mkdir "$work/folder.json"
echo '{}' >"$work/forbidden.json"
chmod 0 "$work/forbidden.json"
file_system "a folder" "folder.json.*Is a directory" "$SIM" check "$work/folder.json"
file_system "no such file" "none.json.*No such file" "$SIM" check "$work/none.json"
file_system "a file as a folder" "Not a directory" "$SIM" check tests/bad/a-number.json/x.json
if [ "$(id -u)" = 0 ]; then # may read everything: somebody else asks
    cp "$SIM" "$work/sim"
    file_system "no permission" "forbidden.json.*Permission denied" setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$work/sim" check "$work/forbidden.json"
else
    file_system "no permission" "forbidden.json.*Permission denied" "$SIM" check "$work/forbidden.json"
fi
[ -r /proc/self/mem ] && file_system "breaks while it is read" "mem.*Input/output error" "$SIM" check /proc/self/mem

# a link may lead to a file below the scenario's folder, and no further
link() { # where it leads; prints what sim check says
    ln -sf "$1" "$work/linked/in/starts.csv"
    sed 's|"orders": {.*"executor".*|"orders": { "executor": "trace", "file": "starts.csv" }|' scenarios/skeleton.json \
        >"$work/linked/in/x.json"
    "$SIM" check "$work/linked/in/x.json" 2>&1
}
mkdir -p "$work/linked/in/data"
printf 't_s\n1\n' | tee "$work/linked/out.csv" >"$work/linked/in/data/below.csv"
link data/below.csv | grep -q ': acceptable'; verdict "a link to below" $?
link ../out.csv | grep -q '/file: "starts.csv" leaves the scenario.s folder'; verdict "a link that leaves" $?
link "$work/linked/out.csv" | grep -q 'leaves the scenario.s folder'; verdict "an absolute link that leaves" $?
link nowhere.csv | grep -q 'No such file'; verdict "a link to nothing" $?

# stdin is named so, and paths start at the current folder
printf '{\n  "nmae": 3\n}' | "$SIM" check - >"$work/out" 2>"$work/err"
[ $? = 3 ] && grep -q '^stdin:2:3: /nmae: unknown key; did you mean "name"?$' "$work/err"
verdict "stdin: $(cat "$work/err")" $?
"$SIM" check - <scenarios/skeleton.json | grep -q '^stdin: acceptable'; verdict "stdin, acceptable" $?

echo "$passed passed, $failed failed"
[ $failed = 0 ]
