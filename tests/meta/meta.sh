# What the tests of this folder share: TAP from sh, and where things are.
# Sourced, never run.

LC_ALL=C
export LC_ALL
: "${top_srcdir:=.}" "${top_builddir:=.}"
: "${CC:=cc}" "${NM:=nm}" "${AWK:=awk}" "${SED:=sed}"
here=$top_srcdir/tests/meta
objdir=.libs
points=0
failures=0

# none NAME PROBLEMS: passes if there is no line in PROBLEMS.
none()
{
	points=$((points + 1))
	if test -z "$2"; then
		echo "ok $points - $1"
	else
		failures=$((failures + 1))
		echo "not ok $points - $1"
		printf '%s\n' "$2" | $SED 's/^/# /'
	fi
}

# some NAME WORDS: passes if there is one. A check of nothing is no check.
some()
{
	if test -n "$2"; then
		none "$1" ""
	else
		none "$1" "there is none"
	fi
}

skip()
{
	points=$((points + 1))
	echo "ok $points - $1 # SKIP $2"
}

done_testing()
{
	echo "1..$points"
	test "$failures" -eq 0
	exit
}

# A folder of our own in the build tree, gone when the test ends.
scratch()
{
	work=$top_builddir/tests/meta/work.$$
	trap 'rm -rf "$work"' 0
	trap 'exit 1' 1 2 15
	mkdir -p "$work" || exit 1
}

# missing WORDS FROM WHERE: a line for each of WORDS that is not in FROM.
missing()
{
	for word in $1; do
		case " $(echo $2) " in
		*" $word "*) ;;
		*) echo "$word is not in $3" ;;
		esac
	done
}

# The calls that the headers declare, as calls.awk tells of them.
headers="$top_srcdir/include/mems.h $top_srcdir/include/mems/*.h"
contracts=$($AWK -f "$here/calls.awk" $headers)
calls=$(echo "$contracts" | $AWK '{ print $1 }' | sort)

# Pages that have further names, alias:page.
aliases=$($AWK '
	/^man_aliases *=/, !/\\$/ {
		for (i = 1; i <= NF; i++)
			if ($i ~ /^mems_[a-z0-9_]*:mems_[a-z0-9_]*$/)
				print $i
	}' "$top_srcdir/man/local.mk")
