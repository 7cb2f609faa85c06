# A release is the same bytes whoever makes it where: dist.sh SOURCE makes the
# tarball of what is committed there in two clones, and once more from what the
# first has in it; each time in another folder, by another build, with another
# umask, locale, zone and time. Of an unpacked release it makes two.
set -eu

source=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' 0
trap 'exit 1' 1 2 15
unset MAKEFLAGS MAKELEVEL MFLAGS SOURCE_DATE_EPOCH TAR_OPTIONS

quietly() {
	"$@" >"$work/log" 2>&1 || {
		cat "$work/log"
		exit 1
	}
}

# tarball NAME FOLDER BUILD [OPTION]...: of the source in FOLDER, as NAME.tar.gz
tarball() {
	name=$1 folder=$2 build=$3
	shift 3
	(
		cd "$folder"
		test -x configure || quietly ./autogen.sh
		mkdir -p "$build"
		cd "$build"
		quietly "$folder/configure" "$@"
		quietly make dist
		mv libmems-*.tar.gz "$work/$name.tar.gz"
	)
	sum=$(sha256sum <"$work/$name.tar.gz")
	echo "${sum%% *}  $name"
}

here() (
	umask 022
	TZ=UTC0 LC_ALL=C
	export TZ LC_ALL
	tarball "$@" --disable-shared
)

there() (
	umask 077
	TZ=XXX-13 LC_ALL=C.UTF-8
	export TZ LC_ALL
	tarball "$@" CFLAGS=-O0 --prefix="$work/prefix"
)

if test -e "$source/.git"; then
	git clone -q "$source" "$work/clone"
	here clone "$work/clone" "$work/clone"
	sleep 1		# no file of the next has the time of this one
	(umask 077 && git clone -q "$source" "$work/another-clone")
	there another-clone "$work/another-clone" "$work/elsewhere"
	mkdir "$work/unpacked"
	tar -xzf "$work/clone.tar.gz" -C "$work/unpacked"
	source=$(echo "$work"/unpacked/*)
else
	here again "$source" "$work/elsewhere"
fi
there release "$source" "$work/release-build"

first=
for file in "$work"/*.tar.gz; do
	cmp "${first:=$file}" "$file"
done
