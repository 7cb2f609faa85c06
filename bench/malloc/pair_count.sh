#!/bin/sh
# Count the instructions of a malloc and its free with valgrind.
#
#   pair_count.sh PROGRAM [LIBRARY]
#
# The program is load, the library that of mems. Each is run with two counts;
# the difference leaves out what happens once. The loop around the pair is
# counted with it. Exits with 1 if mems is over its limit, with 77 if there is
# no valgrind.

program=$1
library=${2-}
valgrind=${VALGRIND:-valgrind}
few=10000
many=110000
limit=48
over=0

if ! command -v "$valgrind" >/dev/null 2>&1; then
	echo "pair_count: no valgrind here" >&2
	exit 77
fi

# instructions LIBRARY SIZE COUNT: all instructions of one run. What starts
# valgrind gets the library too, but is not counted.
instructions() {
	if log=$(LD_PRELOAD=$1 "$valgrind" --tool=callgrind \
		--callgrind-out-file=/dev/null "$program" pair "$2" "$3" 2>&1)
	then
		echo "$log" | sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p'
	else
		printf 'pair_count: %s failed:\n%s\n' "$1" "$log" >&2
		return 1
	fi
}

# line NAME LIBRARY: a row, each value in hundredths
line() {
	printf '%-10s' "$1"
	for size in 16 64 256 1024; do
		a=$(instructions "$2" "$size" "$few") &&
			b=$(instructions "$2" "$size" "$many") || exit 1
		each=$(((b - a) * 100 / (many - few)))
		printf '%7d.%02d' $((each / 100)) $((each % 100))
		if [ "$1" = mems ] && [ "$each" -gt $((limit * 100)) ]; then
			over=1
		fi
	done
	echo
}

echo "Instructions of a malloc and its free, counted by callgrind"
printf '%-10s%10s%10s%10s%10s\n' '' '16 B' '64 B' '256 B' '1024 B'
line glibc ''
for peer in jemalloc:libjemalloc.so.2 tcmalloc:libtcmalloc_minimal.so.4 \
	mimalloc:libmimalloc.so.2; do
	name=${peer%%:*}
	found=$(LD_PRELOAD=${peer#*:} "$program" which 2>/dev/null)
	case $found in
	*"$name"*) line "$name" "${peer#*:}" ;;
	esac
done
if [ -z "$library" ] || ! [ -f "$library" ]; then
	echo "mems: its library is not built"
	exit 0
fi
line mems "$library"
if [ "$over" = 1 ]; then
	echo "falls short: mems, at most $limit"
else
	echo "holds: mems, at most $limit"
fi
exit $over
