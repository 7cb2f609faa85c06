#!/bin/sh
# Build what together.js loads into FOLDER: the Node addon on the installed
# library, the Go library, and the addon that brings C and Go together.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
test $# -eq 1 || {
	echo 'usage: build.sh FOLDER' >&2
	exit 1
}
mkdir -p "$1"
out=$(cd "$1" && pwd)
: "${CC:=cc}" "${PKG_CONFIG:=pkg-config}"

MEMS_SYSTEM=1 CC=$CC node "$here/../node/scripts/build.js" \
	"--output=$out/mems.node"
(cd "$here/../go" && CC=$CC CGO_ENABLED=1 go build -tags mems_system \
	-buildmode=c-shared -o "$out/libtogether.so" ./together)
include=$(node -p 'require("path").resolve(process.execPath, "../../include/node")')
test ! -f /usr/include/node/node_api.h || include=/usr/include/node
# shellcheck disable=SC2046,SC2086
$CC -std=gnu11 -O2 -Wall -Wextra -fPIC -shared -I"$include" -I"$out" \
	$($PKG_CONFIG --cflags libmems) -o "$out/together.node" \
	"$here/together.c" "$out/libtogether.so" \
	$($PKG_CONFIG --libs libmems) "-Wl,-rpath,$out"
