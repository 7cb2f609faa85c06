#!/bin/sh
# What a program does to use an installed libmems, shown and done.
# Usage: tour.sh FOLDER; pkg-config must find libmems, and what the tour makes
# goes to FOLDER.
set -e

folder=$1
examples=$(cd "$(dirname "$0")" && pwd)
: "${CC:=cc}" "${PKG_CONFIG:=pkg-config}"

say() {
	printf '\n%s\n' "$1"
}

# Show a command as one would type it, then run it.
show() {
	printf '\n$ %s\n' "$1"
	eval "$1"
}

# The program will find the library where it was linked.
compile() {
	show "$CC -o $1 $1.c \$($PKG_CONFIG --cflags --libs libmems) \\
      -Wl,-rpath,\$($PKG_CONFIG --variable=libdir libmems)"
}

mkdir -p "$folder"
cp "$examples/chain.c" "$examples/space.c" "$examples/backend.c" \
	"$examples/draw.c" "$folder"
cd "$folder"
echo "In $folder${PKG_CONFIG_PATH:+, with PKG_CONFIG_PATH=$PKG_CONFIG_PATH}:"
show "$PKG_CONFIG --modversion libmems"

say 'The classic calls: ten blocks of 1000 bytes, one freed and taken again.'
compile chain
show './chain'

say "A space of one's own, with a named root, a limit and checked access."
compile space
show './space'

say "A server's memory by lifetime: configuration, sessions, requests."
compile backend
show './backend'

say 'A heap as a picture.'
compile draw
show './draw >heap.svg'

cat <<END

Look at  $folder/heap.svg
Read     man -M $($PKG_CONFIG --variable=prefix libmems)/share/man libmems
END
