#!/bin/sh
# parts.sh COMMAND...: run each, and add up what they tell in their last line
# "N passed, N failed"; one that tells nothing is one test. So does this.
set -u

dir=$(mktemp -d) || exit
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
table=

for part; do
	printf '\n==== %s\n' "$part"
	start=$(date +%s)
	{
		sh -c "$part" 2>&1
		echo $? >"$dir/status"
	} | tee "$dir/log"
	status=$(cat "$dir/status")
	counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' \
		"$dir/log" | tail -n 1)
	test -n "$counts" || counts="$((status == 0)) 0"
	part_failed=${counts#* }
	test "$status" -eq 0 || test "$part_failed" -gt 0 || part_failed=1
	passed=$((passed + ${counts% *}))
	failed=$((failed + part_failed))
	table="$table$(printf '%6d passed %4d failed %5d s  %s' "${counts% *}" \
		"$part_failed" $(($(date +%s) - start)) "$part")
"
done

printf '\n%s\n%d passed, %d failed\n' "$table" $passed $failed
test $failed -eq 0
