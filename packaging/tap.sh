# What the checks of the packages share. Sourced, never run.

LC_ALL=C
export LC_ALL
points=0 failures=0
started=$(date +%s)
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Where a Go is that the package builds with, if there is one here.
new_go()
{
	case $(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) in
	go1.2[4-9]* | go1.[3-9][0-9]*) GOTOOLCHAIN=local go env GOROOT ;;
	esac
}

# step NAME COMMAND...: a line of TAP, with how many seconds it took; a COMMAND
# that exits with 77 is skipped
step()
{
	title=$1
	shift
	since=$(date +%s)
	"$@" >"$work/log" 2>&1
	status=$?
	title="$title ($(($(date +%s) - since)) s)"
	points=$((points + 1))
	case $status in
	0)
		echo "ok $points - $title"
		return
		;;
	77)
		echo "ok $points - $title # SKIP $(tail -n 1 "$work/log")"
		return
		;;
	esac
	failures=$((failures + 1))
	echo "not ok $points - $title"
	tail -n 60 "$work/log" | sed 's/^/# /'
	return 1
}

finish()
{
	echo "1..$points"
	echo "# $(($(date +%s) - started)) s"
	echo "$((points - failures)) passed, $failures failed"
	test $failures -eq 0
	exit
}
