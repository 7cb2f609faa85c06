# measure.sh SOURCE: what `make coverage` does; called by it, in the build tree.
# The sources of this system count, also those of libmems-malloc and its
# hardened form; those of other systems are not built, and not counted. Nor are
# invariants, which are nothing without --enable-checks. It takes some minutes.
set -u
source=$1
here=$source/tests/coverage

# What there is of optimisation would move and join lines, and each call that
# may throw would be a branch.
mkdir -p coverage && cd coverage || exit
test -f Makefile ||
	"$source/configure" --enable-coverage --disable-werror -q CC="$CC" \
		CFLAGS='-O0 -g -fno-exceptions' CXXFLAGS='-O0 -g' || exit
find . -name '*.gcda' -exec rm -f {} +
"$MAKE" -s all check TESTS="$TESTS" >check.log 2>&1 || {
	grep -a -e '^FAIL:' -e '^ERROR:' check.log || tail -n 40 check.log
	echo "coverage: the tests fail; see $PWD/check.log"
	exit 1
}

# One by one: of many at once gcov would add up what is not the same.
gcov=$($CC -print-prog-name=gcov)
find lib -name '*.gcno' | sort | while read -r notes; do
	"$gcov" -b -c -t "$notes" 2>/dev/null
done >gcov.txt
$AWK -v top="$source" -f "$here/report.awk" "$here/uncovered.txt" gcov.txt
