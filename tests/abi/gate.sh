#!/bin/sh
# The binary interface beside that of the last release:
#
#   gate.sh check STORED VERSION-INFO LIBRARY HEADER...   may it be so?
#   gate.sh renew STORED VERSION-INFO LIBRARY HEADER...   describe it anew
#
# STORED is a folder: library.abi has the calls and their types, headers.abi
# the types of the HEADERs, which programs see also where no call has them, and
# version-info.txt what -version-info was; configure.ac has the rule for it.
# LIBRARY needs its debug information. CC and CPPFLAGS compile the headers.
set -u
LC_ALL=C
export LC_ALL

order=$1 stored=$2 version=$3 library=$4
shift 4
points=0 failures=0

die()
{
	echo "gate.sh: $*" >&2
	echo '0 passed, 1 failed'
	exit 2
}

# say TRUTH TEXT REASON: a line of TAP
say()
{
	points=$((points + 1))
	if test "$1" -eq 0; then
		echo "ok $points - $2"
	else
		failures=$((failures + 1))
		echo "not ok $points - $2"
		printf '%s\n' "$3" | sed 's/^/# /'
	fi
}

# describe NAME LIBRARY: into NAME.abi, without what changes by itself: paths,
# lines, numbers of types, and types that no header has. Headers that are told
# by more than a name are found only where the compiler saw the same path.
describe()
{
	set -- "$work/$1.abi" "$2" "$work/headers"/*
	abi=$1 file=$2
	shift 2
	for header; do
		shift
		set -- "$@" --header-file "${header##*/}"
	done
	cd "$work/headers" &&
	abidw --no-corpus-path --no-comp-dir-path --no-show-locs --short-locs \
		--no-elf-needed --no-architecture --no-parameter-names \
		--type-id-style hash --exported-interfaces-only \
		--drop-private-types "$@" --out-file "$abi" "$file" &&
	cd "$here" && grep -q ' layout-offset' "$abi" ||
		die "cannot describe $file; was it built with -g?"
}

# A library that has a call for each type of the headers.
compile_types()
{
	calls=$(cat "$@" | sed -n -e 's/^typedef //' -e \
		's/^\([a-z]*\) \([a-z_]*\) {.*/void type_\2(\1 \2 *it) { (void)it; }/p')
	for header; do
		shift
		case $header in
		/*) set -- "$@" -include "$header" ;;
		*) set -- "$@" -include "$PWD/$header" ;;
		esac
	done
	# shellcheck disable=SC2086
	echo "$calls" | ${CC:-cc} ${CPPFLAGS:-} "$@" -g -fPIC -shared \
		-o "$work/types.so" -x c - || die 'the headers do not compile'
}

# An options or a stats tells its own size, and may grow at its end: the new
# description as it is for callers that know the old sizes.
for_old_callers()
{
	awk '
	function value(key) {
		match($0, key "=\047[^\047]*")
		return substr($0, RSTART + length(key) + 2,
			RLENGTH - length(key) - 2)
	}
	/<class-decl/ {
		end = 0
		if (value("name") ~ /_(options|stats)$/) {
			if (NR == FNR)
				size[value("name")] = value("size-in-bits")
			else
				end = size[value("name")]
		}
		if (end)
			sub(/size-in-bits=\047[0-9]*/, "size-in-bits=\047" end)
	}
	/<data-member/ && end {
		beyond = value("layout-offset-in-bits") + 0 >= end + 0
	}
	NR != FNR && !beyond
	/<\/data-member/ { beyond = 0 }' "$1" "$2" >"$work/old-callers.abi"
}

# What happened to a description: nothing, added or changed.
compare()
{
	set -- "$stored/$1.abi" "$work/$1.abi"
	if abidiff --harmless "$@" >"$work/report" 2>&1; then
		echo nothing
	elif for_old_callers "$@" && abidiff --no-added-syms "$1" \
			"$work/old-callers.abi" >/dev/null 2>&1; then
		echo added
	else
		echo changed
	fi
}

# told OLD NEW: what the step from one -version-info to the other tells
told()
{
	IFS=:
	# shellcheck disable=SC2086
	set -- $1 $2
	unset IFS
	if test $(($4 - $6)) -eq 1; then
		echo 'the SONAME of another library'
	elif test "$4:$6" = "$1:$3" && test "$5" -ge "$2"; then
		echo nothing
	elif test "$4:$5:$6" = "$(($1 + 1)):0:$(($3 + 1))"; then
		echo added
	elif test "$4:$5:$6" = "$(($1 + 1)):0:0" ||
			test "$1:$4:$5:$6" = 0:2:0:0; then
		echo changed
	else
		echo 'no step of the rule'
	fi
}

command -v abidw >/dev/null ||
	die 'there is no abidw; packaging/setup brings it'
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

here=$PWD
case $library in
/*) ;;
*) library=$here/$library ;;
esac
mkdir "$work/headers" && cp "$@" "$work/headers" || exit
compile_types "$@"
describe library "$library"
describe headers "$work/types.so"

if test "$order" = renew; then
	cp "$work/library.abi" "$work/headers.abi" "$stored" &&
		echo "$version" >"$stored/version-info.txt"
	exit
fi

was=$(cat "$stored/version-info.txt") || exit
step=$(told "$was" "$version")
case $step in
nothing) allowed=nothing ;;
added) allowed='nothing added' ;;
changed) allowed='nothing added changed' ;;
*) allowed= ;;
esac
test -n "$allowed"
say $? "-version-info $version after $was tells: $step"
for part in library headers; do
	found=$(compare $part)
	case " $allowed " in
	*" $found "*) fits=0 ;;
	*) fits=1 ;;
	esac
	say $fits "of the $part: $found" "$(cat "$work/report")"
done
echo "1..$points"
echo "$((points - failures)) passed, $failures failed"
test $failures -eq 0
