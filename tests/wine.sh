#!/bin/sh
# Run a program for Windows, as the EMULATOR of `make check` in a build for it;
# CONTRIBUTING shows how. Standard output has no carriage returns then, and
# libraries are found that the build or the compiler brings.
#
#   WINEPREFIX   where wine keeps its files [a folder of the build]
#   CC           the compiler, which is asked for its libraries

: "${top_builddir:=.}" "${CC:=x86_64-w64-mingw32-gcc}"
: "${WINEPREFIX:=$(cd "$top_builddir" && pwd)/wine-prefix}"
: "${WINEDEBUG:=-all}"
export WINEPREFIX WINEDEBUG

# libtool puts programs into a folder beside a wrapper for this machine.
program=$1
shift
real=$(dirname "$program")/${MEMS_OBJDIR:-.libs}/$(basename "$program")
if test -f "$real"; then
	program=$real
fi

WINEPATH=$(cd "$top_builddir/lib/${MEMS_OBJDIR:-.libs}" 2>/dev/null && pwd)
for library in libwinpthread-1.dll libgcc_s_seh-1.dll; do
	file=$($CC -print-file-name=$library)
	case $file in
	/*) WINEPATH="$WINEPATH;$(dirname "$file")" ;;
	esac
done
export WINEPATH

status=$(mktemp) || exit
trap 'rm -f "$status"' EXIT
{ wine "$program" "$@"; echo $? >"$status"; } | tr -d '\r'
exit "$(cat "$status")"
