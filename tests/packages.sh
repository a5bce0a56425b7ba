#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# .ci/packages finds what is there, names what is not, and where it cannot get it prints the command to type and fails.
# It runs here with a path that has no apt-get, so nothing is installed.
set -u
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

verdict() {
    if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok: $1"; cat "$work/said"; fi
}

mkdir "$work/bin"
for tool in sh cc gcc as ld sed tr id grep ls; do ln -s "$(command -v $tool)" "$work/bin/$tool"; done

packages() { # what, CPPFLAGS
    env PATH="$work/bin" CC=gcc CPPFLAGS="$2" PYTHON="$work/bin/python3" .ci/packages "$1" >"$work/said" 2>&1
}

packages build ""; verdict "all headers are there" $?
[ ! -s "$work/said" ]; verdict "and nothing is said" $?
packages build "-nostdinc -I$work"; [ $? = 1 ]; verdict "missing headers fail" $?
grep -q '^Missing packages: .*libgsl-dev.*librandom123-dev' "$work/said"; verdict "and are named" $?
grep -q 'apt-get install .*libcjson-dev' "$work/said"; verdict "with the command to type" $?
packages test ""; [ $? = 1 ] && grep -q 'python3-jsonschema' "$work/said"; verdict "a missing module is named" $?
packages check ""; [ $? = 1 ] && grep -q 'clang' "$work/said"; verdict "a missing program is named" $?
env PATH="$work/bin" CC=no-such-cc .ci/packages build >"$work/said" 2>&1
[ $? = 1 ] && grep -q 'apt-get install gcc' "$work/said"; verdict "a missing compiler is named" $?


# whoever is not root, without sudo and with it
mkdir "$work/user" "$work/sudo"
printf '#!/bin/sh\necho 1000\n' >"$work/user/id"
printf '#!/bin/sh\nexit 1\n' >"$work/sudo/sudo"
chmod +x "$work/user/id" "$work/sudo/sudo"
as_user() { # folder of its own, what
    env PATH="$1$work/user:$work/bin" CC=gcc CPPFLAGS="-nostdinc -I$work" .ci/packages "$2" >"$work/said" 2>&1
}
as_user "" build; [ $? = 1 ] && grep -q 'Type as root: apt-get update && apt-get install libgsl-dev' "$work/said"
verdict "without sudo: as root" $?
! grep -q sudo "$work/said"; verdict "a command that is not there is not told" $?
[ "$(wc -l <"$work/said")" = 2 ]; verdict "in two lines" $?
as_user "$work/sudo:" build; [ $? = 1 ] && grep -q 'Type: sudo apt-get update && sudo apt-get install libgsl-dev' "$work/said"
verdict "with sudo: by it" $?

echo "$passed passed, $failed failed"
[ $failed = 0 ]
