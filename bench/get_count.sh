#!/bin/sh
# Count the instructions of a translation with valgrind.
#
#   get_count.sh PROGRAM	the program is get_count
#
# Each way is run with two counts; the difference leaves out what happens once.
# Prints a line for each way; exits with 1 if one fails or is over its limit,
# with 77 if there is no valgrind.

program=$1
valgrind=${VALGRIND:-valgrind}
few=10000
many=110000
over=0

if ! command -v "$valgrind" >/dev/null 2>&1; then
	echo "get_count: no valgrind here" >&2
	exit 77
fi

# instructions WAY COUNT: all instructions of one run
instructions() {
	if log=$("$valgrind" --tool=callgrind --callgrind-out-file=/dev/null \
		"$program" "$1" "$2" 2>&1); then
		echo "$log" | sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p'
	else
		printf 'get_count: %s failed:\n%s\n' "$1" "$log" >&2
		return 1
	fi
}

# each WAY: instructions for one more hop or call, in hundredths
each() {
	a=$(instructions "$1" "$few") && b=$(instructions "$1" "$many") &&
		echo $(((b - a) * 100 / (many - few)))
}

# line LABEL WITH WITHOUT LIMIT
line() {
	cost=$(($2 - $3))
	mark=pass
	if [ "$cost" -gt "$(($4 * 100))" ]; then
		mark=SHORT
		over=1
	fi
	printf '%-5s  %-44s %3d.%02d  (at most %d)\n' "$mark" "$1" \
		$((cost / 100)) $((cost % 100)) "$4"
}

raw=$(each raw) && space=$(each space) && none=$(each none) &&
	start=$(each start) && inner=$(each inner) || exit 1
echo "Instructions, counted by callgrind; a hop of a raw pointer is" \
	"$((raw / 100)).$(printf %02d $((raw % 100)))"
line "mems_space_get adds to a hop" "$space" "$raw" 5
line "mems_get of the start of a block" "$start" "$none" 30
line "mems_get inside blocks of 1000 bytes" "$inner" "$none" 30
exit $over
