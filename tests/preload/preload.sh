# What the tests of this folder share, beside what those of tests/meta do: the
# library that programs get, and how they are run with it. Sourced, never run.

. "${top_srcdir:-.}/tests/meta/meta.sh"

here=$top_srcdir/tests/preload
programs=$top_builddir/tests/preload
libraries=$(cd "$top_builddir/lib/${MEMS_OBJDIR:-.libs}" 2>/dev/null && pwd)
library=$libraries/libmems-malloc.so

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

test "${MEMS_SANITIZERS:-no}" = no ||
	skip_all "sanitizers have a malloc of their own"
test -z "${EMULATOR-}" || skip_all "an emulator would get the library as well"
test -f "$library" || skip_all "there is no shared library"

work=$(cd "$programs" && pwd)/work.$$
trap 'rm -rf "$work"' 0
trap 'exit 1' 1 2 15
mkdir -p "$work" || exit 1

# What hangs is a failure, in the end.
if timeout 1 true 2>/dev/null; then
	patience='timeout 120'
else
	patience=
fi

have()
{
	command -v "$1" >/dev/null 2>&1
}

# plain COMMAND...: run it as it is.
plain()
{
	$patience "$@"
}

# preloaded COMMAND...: run it on our malloc, and nothing else, which might be
# of another kind.
preloaded()
{
	$patience env LD_PRELOAD="$library" "$@"
}

# tap NAME COMMAND...: passes if the command, which prints TAP, succeeds.
tap()
{
	name=$1
	shift
	"$@" >"$work/log" 2>&1
	status=$?
	if test $status -ne 0; then
		none "$name" "$(grep -v '^ok' "$work/log"
			echo "status $status")"
	elif grep -q '^ok.*# SKIP\|^1\.\.0' "$work/log"; then
		skip "$name" "$($SED -n 's/.*# SKIP //p' "$work/log" |
			head -n 1)"
	else
		none "$name" ""
	fi
}

# builds FILE OPTIONS...: can FILE be made of this? What the compiler says
# otherwise is in the log.
builds()
{
	made=$1
	shift
	$patience "$@" -o "$made" >"$work/compiler" 2>&1 && return
	$SED 's/^/# /' "$work/compiler"
	return 1
}
