#!/bin/sh
# Fuzz the library: fuzz.sh SRCDIR OUT libfuzzer|afl|merge
#
# The library and the targets are built in OUT/libfuzzer or OUT/afl. What
# libFuzzer finds new ways with stays in OUT/found, for the next run; what fails
# is in OUT/finding. merge puts the inputs of both that reach all that is
# reached into the stored corpora; those with names of their own stay there.
#
#   FUZZ_SECONDS   for each target [60]
#   FUZZ_TARGETS   which [all]
#
# The last line is "N passed, N failed", counted in targets.
set -u

# Reading on behind this makes nothing that a shorter input does not.
length=256
packages='clang libclang-rt-14-dev afl++'

fail()
{
	echo "fuzz: $*" >&2
	echo '0 passed, 1 failed'
	exit 1
}

has_tools()
{
	echo 'int LLVMFuzzerTestOneInput(const char *d, long n);
		int LLVMFuzzerTestOneInput(const char *d, long n)
		{ return !d || !n; }' >"$out/try.c"
	clang -fsanitize=fuzzer,address "$out/try.c" -o "$out/try" &&
		{ test "$goal" != afl || afl-clang-fast --version; }
}

# On Debian, and as root, they can be had.
get_tools()
{
	has_tools >"$out/tools.log" 2>&1 && return
	echo "Installing $packages ..."
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o DPkg::Lock::Timeout=300 --no-install-recommends install \
		$packages >>"$out/tools.log" 2>&1
	has_tools >>"$out/tools.log" 2>&1 ||
		fail "this takes $packages; see $out/tools.log"
}

# build_library NAME CC CFLAGS SANITIZERS
build_library()
{
	dir=$out/$1
	mkdir -p "$dir" || exit
	(
		cd "$dir" || exit
		test -f config.status ||
			"$src/configure" CC="$2" CFLAGS="$3" --disable-shared \
			--disable-werror --disable-valgrind --enable-checks \
			--enable-sanitizers="$4" || exit
		"${MAKE:-make}" lib/libmems-core.la
	) >"$out/$1.log" 2>&1 || fail "no library; see $out/$1.log"
}

# build TARGET CC FLAGS FILE...
build()
{
	target=$1 cc=$2 flags=$3
	shift 3
	test "$target" != space || set -- "$@" \
		"$src/tests/property/model.c" "$src/tests/property/compare.c"
	# shellcheck disable=SC2086
	$cc $flags -std=gnu11 -g -I"$dir" -I"$dir/include" \
		-I"$src/include" -I"$src/lib" -I"$src/tests" \
		"$src/tests/fuzz/$target.c" "$@" \
		"$dir/lib/.libs/libmems-core.a" -pthread -o "$dir/$target" \
		2>"$out/build.log" || fail "$target: see $out/build.log"
}

files()
{
	find "$@" -type f | wc -l
}

# Compares are not traced: no input is kept from anywhere by a magic number,
# and to trace them takes half of the time.
untraced=-fno-sanitize-coverage=trace-cmp

build_libfuzzer()
{
	build_library libfuzzer clang \
		"-g -O1 -fsanitize=fuzzer-no-link $untraced" address,undefined
	for target in $targets; do
		build "$target" clang "-O1 -fno-sanitize-recover=all
			-fsanitize=fuzzer,address,undefined $untraced"
	done
}

stat()
{
	sed -n "s/^stat::$1: *//p" "$log"
}

run_libfuzzer()
{
	found=$out/found/$target log=$out/libfuzzer-$target.log
	mkdir -p "$found"
	before=$(files "$found")
	rm -f "$finding"/libfuzzer-"$target"-*
	"$dir/$target" -max_total_time="$seconds" -max_len=$length \
		-len_control=20 -entropic=0 -timeout=60 -report_slow_units=60 \
		-print_final_stats=1 \
		-artifact_prefix="$finding/libfuzzer-$target-" \
		"$found" "$corpus/$target" >"$log" 2>&1
	status=$?
	tell "$(stat number_of_executed_units)" "$(stat average_exec_per_sec)" \
		$(($(files "$found") - before)) \
		"$(find "$finding" -name "libfuzzer-$target-*" | wc -l)"
}

build_afl()
{
	build_library afl afl-clang-fast '-g -O2' undefined
	for target in $targets; do
		build "$target" afl-clang-fast '-O2 -fsanitize=undefined
			-fno-sanitize-recover=all' "$src/tests/fuzz/afl.c"
	done
}

run_afl()
{
	log=$out/afl-$target.log work=$out/afl-$target
	rm -rf "$work" "$work-in"
	mkdir -p "$work-in"
	cp "$corpus/$target"/* "$work-in"
	AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_HANG_TMOUT=25000 \
		AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
		afl-fuzz -i "$work-in" -o "$work" -V "$seconds" -G $length \
		-t 5000 -m none -- "$dir/$target" >"$log" 2>&1
	status=$?
	log=$work/default/fuzzer_stats
	findings=$(files "$work/default/crashes" "$work/default/hangs" \
		! -name README.txt)
	tell "$(afl_stat execs_done)" "$(afl_stat execs_per_sec)" \
		"$(afl_stat corpus_found)" "$findings"
}

afl_stat()
{
	sed -n "s/^$1 *: *//p" "$log"
}

# tell EXECUTIONS RATE NEW FINDINGS
tell()
{
	printf '%-12s %10s executions, %8s/s, %5s new inputs, %s findings\n' \
		"$target" "${1:-0}" "${2:-0}" "${3:-0}" "$4"
	if test "$4" -eq 0 && test "$status" -eq 0 && test -n "$1"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "See $log"
	fi
}

# Only edges count here, not how often each is taken: so few inputs are enough.
run_merge()
{
	all=$out/merge-$target kept=$out/merge-$target-kept
	rm -rf "$all" "$kept"
	mkdir -p "$all" "$kept"
	for file in "$corpus/$target"/* "$out/found/$target"/* \
		"$out/afl-$target/default/queue"/*; do
		test ! -f "$file" || test "$(wc -c <"$file")" -gt $length ||
			cp "$file" "$all/$(sha1sum "$file" | cut -c1-10).bin"
	done
	if "$dir/$target" -set_cover_merge=1 -use_counters=0 \
		-max_len=$length "$kept" "$all" >"$out/merge-$target.log" 2>&1
	then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		return
	fi
	for file in "$corpus/$target"/*; do
		echo "${file##*/}" | grep -Evq '^[0-9a-f]{10}\.bin$' ||
			rm -f "$file"
	done
	for file in "$kept"/*; do
		cp "$file" "$corpus/$target/$(sha1sum "$file" |
			cut -c1-10).bin"
	done
	printf '%-12s %5s inputs of %s, %s bytes\n' "$target" \
		"$(files "$corpus/$target")" "$(files "$all")" \
		"$(cat "$corpus/$target"/* | wc -c)"
}

test $# -eq 3 || fail 'usage: fuzz.sh SRCDIR OUT libfuzzer|afl|merge'
src=$(cd "$1" && pwd) && mkdir -p "$2" && out=$(cd "$2" && pwd) || exit
goal=$3
test ! -f "$src/config.status" || fail 'build in a folder of its own'
seconds=${FUZZ_SECONDS:-60}
corpus=$src/tests/fuzz/corpus finding=$out/finding
mkdir -p "$finding"
targets=${FUZZ_TARGETS:-$(ls "$corpus")}
passed=0 failed=0

get_tools
case $goal in
libfuzzer | merge) build_libfuzzer ;;
afl) build_afl ;;
*) fail "what is $goal?" ;;
esac
for target in $targets; do
	"run_$goal"
done
echo
echo "$passed passed, $failed failed"
test $failed -eq 0
