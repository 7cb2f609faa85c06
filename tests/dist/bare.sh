# A release needs a compiler, make and sh: bare.sh TARBALL builds, installs and
# uses it with nothing else on the path but what POSIX says a shell has.
set -eu

tools='cc as ld ar nm ranlib strip make sh'
posix='awk basename cat chmod cmp cp cut date diff dirname echo env expr false
find grep head ln ls mkdir mv od printf pwd rm rmdir sed sleep sort tail tee
test touch tr true uname uniq wc xargs'

work=$(mktemp -d)
trap 'rm -rf "$work"' 0
trap 'exit 1' 1 2 15
mkdir "$work/bin" "$work/source"

find_tool() (
	IFS=:
	for folder in $PATH; do
		if test -x "$folder/$1"; then
			echo "$folder/$1"
			exit
		fi
	done
	echo "There is no $1 on the path." >&2
	exit 1
)

for tool in $tools $posix; do
	path=$(find_tool "$tool")
	ln -s "$path" "$work/bin/$tool"
done
gzip -dc "$1" | (cd "$work/source" && tar -xf -)
cd "$work"/source/*

# Configure would take a better shell from where it knows there is one.
bare() {
	echo "$*"
	env -i PATH="$work/bin" CONFIG_SHELL="$work/bin/sh" "$@" \
		>"$work/log" 2>&1 || {
		cat "$work/log"
		exit 1
	}
}

bare ./configure --prefix="$work/prefix"
bare make -j 2
bare make install
lib=$work/prefix/lib
bare cc -o shared -I "$work/prefix/include" examples/first.c \
	-L "$lib" -Wl,-rpath,"$lib" -lmems
bare cc -o static -I "$work/prefix/include" examples/first.c \
	"$lib/libmems.a" -pthread
for program in shared static; do
	bare ./$program
	cmp "$work/log" examples/first.expected
done
