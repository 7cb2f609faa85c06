#!/bin/sh
# The tests on other machines, C libraries and systems, each line of them built
# from a tarball in a folder of its own, two lines at a time.
#
#   cross.sh [--no-install] TARBALL FOLDER [LINE...]
#
# Ends with a table and "N passed, N failed". What a line said is in its log in
# FOLDER. Tools that are missing are installed on Debian and its kin. The lines,
# the longest first:
#
#   windows                x64, under wine
#   aarch64 ... s390x      under qemu; s390x has the other order of bytes
#   aarch64-64k ...        the same with pages of 64 KiB
#   i686                   on this machine itself
#   musl, musl-static      the other C library, shared and in the program
#   node                   Node 14 to 24 on this machine
#   node-*, go-*           the bindings elsewhere
#
#   MEMS_TEST_SCALE   what the lengths of runs are multiplied by [by line]
#   JOBS              how many of the processors a line may use [1]
set -u

all='windows node ppc64el aarch64 s390x riscv64 armhf i686 musl musl-static
	node-aarch64 node-windows go-aarch64 go-windows ppc64el-64k aarch64-64k'

# No line takes longer than this many seconds, or it hangs.
patience=2400

# The name of a line's machine as the compilers have it.
triplet() {
	case ${1%-64k} in
	*aarch64) echo aarch64-linux-gnu ;;
	*windows) echo x86_64-w64-mingw32 ;;
	armhf) echo arm-linux-gnueabihf ;;
	musl*) echo x86_64-linux-musl ;;
	ppc64el) echo powerpc64le-linux-gnu ;;
	*) echo "$1-linux-gnu" ;;
	esac
}

# What runs its programs.
emulator() {
	case $1 in
	aarch64-64k) qemu='qemu-aarch64 -p 65536' ;;
	armhf) qemu=qemu-arm ;;
	node-aarch64 | go-aarch64) qemu=qemu-aarch64 ;;
	ppc64el) qemu=qemu-ppc64le ;;
	ppc64el-64k) qemu='qemu-ppc64le -p 65536' ;;
	*) qemu=qemu-$1 ;;
	esac
	echo "$qemu -L /usr/$(triplet "$1")"
}

# The packages that a line needs, as Debian calls them.
packages() {
	case $1 in
	i686) echo gcc-i686-linux-gnu libc6-dev-i386-cross ;;
	musl*) echo musl-tools ;;
	node) ;;
	*windows) echo gcc-mingw-w64-x86-64-posix wine wine64 ;;
	*)
		case ${1%-64k} in
		*aarch64) arch=arm64 ;;
		*) arch=${1%-64k} ;;
		esac
		echo qemu-user "gcc-$(triplet "$1")" "libc6-dev-$arch-cross"
		test "$1" != node-aarch64 || echo libstdc++6-arm64-cross
		;;
	esac
}

# -------------------------------------------------------------- what a line does

skip() {
	echo "$*"
	exit 77
}

# c_tests CONFIGURE-OPTIONS: the tests of the library. Larger pages need no other
# build, if that of the line without them is there.
c_tests() {
	cd "$folder/$line" || exit
	set -- CFLAGS=-O2 "$@"
	other=$folder/${line%-64k}
	if test "$other" != "$PWD" && test -e "$other.built"; then
		cp -a "$other/." .
	else
		"$source/configure" --quiet --disable-dependency-tracking \
			--enable-werror --build="$(cc -dumpmachine)" \
			--host="$(triplet "$line")" "$@" || exit
	fi
	set -- -j "${JOBS:-1}"
	test "$line" != musl-static || set -- "$@" LDFLAGS=-all-static
	make "$@" all && make "$@" check TESTS= && : >"$PWD.built" &&
		make "$@" check EMULATOR="${emulator-}"
}

# node_program SYSTEM PROGRAM: a Node for another machine, as npm has it.
node_program() {
	need npm
	program=$folder/nodes/$1/node_modules/node-$1/bin/$2
	test -f "$program" || {
		mkdir -p "$folder/nodes/$1" && cd "$folder/nodes/$1" &&
		echo '{}' >package.json &&
		npm install --force --no-audit --no-fund --no-package-lock \
			"node-$1@20"
	} || skip 'npm does not bring it'
}

# The addon, built here by another machine's compiler.
node_addon() {
	MEMS_ADDON=$folder/$line/mems.node
	export MEMS_ADDON
	CC=$(triplet "$line")-gcc node "$source/bindings/node/scripts/build.js" \
		"--output=$MEMS_ADDON"
}

# go_tests EMULATOR: the package's tests, as Windows' programs or Linux's.
go_tests() {
	GOTOOLCHAIN=local GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED=1
	CC=$(triplet "$line")-gcc
	export GOTOOLCHAIN GOWORK GOFLAGS CGO_ENABLED CC
	cd "$source/bindings/go" || exit
	go vet . || skip 'there is no Go of 1.24 or later'
	go test -count=1 -short -v -exec "$1" ./...
}

# Go's programs want random numbers of a library that wine got in version 8.13.
make_prng() {
	system=$WINEPREFIX/drive_c/windows/system32
	wine cmd /c exit && test -d "$system" || exit
	test -f "$system/bcryptprimitives.dll" ||
		"$(triplet "$line")-gcc" -shared -x c - -ladvapi32 \
			-o "$system/bcryptprimitives.dll" <<'END'
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count);

BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count)
{
	return RtlGenRandom(bytes, (ULONG)count);
}
END
}

need() {
	command -v "$1" >/dev/null || skip "there is no $1"
}

one() {
	case $line in
	node) need node ;;
	musl*) need musl-gcc ;;
	*) need "$(triplet "$line")-gcc" ;;
	esac
	case $line in
	node | musl* | i686) ;;
	*windows) need wine ;;
	*) need $(emulator "$line") ;;
	esac
	case $line in
	i686)
		# This machine's kernel runs them, with libraries of their own;
		# also what tests compile, and what the C library looks for.
		lib=/usr/i686-linux-gnu/lib
		c_tests CC="$(triplet "$line")-gcc -Wl,--disable-new-dtags,-rpath,$lib,--dynamic-linker,$lib/ld-linux.so.2"
		;;
	musl)
		c_tests CC=musl-gcc
		;;
	musl-static)
		c_tests CC=musl-gcc --disable-shared
		;;
	node)
		cd "$source/bindings/node" || exit
		node scripts/build.js &&
			node test/versions.js "$folder/nodes"
		status=$?
		cat "$folder"/nodes/n*.tap
		exit $status
		;;
	node-aarch64)
		node_program linux-arm64 node
		node_addon || exit
		# What tests start is this Node as well.
		cat >"$folder/$line/node" <<END
#!/bin/sh
exec $(emulator $line) "$program" "\$@"
END
		chmod +x "$folder/$line/node"
		echo "process.execPath = '$folder/$line/node';" \
			>"$folder/$line/self.js"
		NODE_OPTIONS=--require=$folder/$line/self.js \
			"$folder/$line/node" "$source/bindings/node/test/run.js"
		;;
	node-windows)
		node_program win-x64 node.exe
		node_addon || exit
		tap=$folder/$line/tap
		NODE_SKIP_PLATFORM_CHECK=1 sh "$source/tests/wine.sh" "$program" \
			"$source/bindings/node/test/run.js" "--output=$tap"
		status=$?
		cat "$tap"
		exit $status
		;;
	go-aarch64)
		GOARCH=arm64 go_tests "$(emulator $line)"
		;;
	go-windows)
		make_prng || exit
		GOOS=windows go_tests "sh $source/tests/wine.sh"
		;;
	windows)
		emulator="sh $source/tests/wine.sh" c_tests
		;;
	*)
		emulator="\$(LIBTOOL) --mode=execute $(emulator $line)" \
			c_tests --disable-static
		;;
	esac
}

# Emulators take ten to thirty times as long.
scale() {
	case $line in
	i686 | musl*) echo 0.5 ;;
	node*) echo 0.2 ;;
	go* | windows) echo 0.2 ;;
	*) echo 0.05 ;;
	esac
}

# ------------------------------------------------------------------- all of them

# One line, its log and what the table says of it.
try() {
	line=$1
	rm -rf "${folder:?}/$line" "$folder/$line.built"
	mkdir -p "$folder/$line"
	began=$(date +%s)
	(
		export line folder source
		MEMS_TEST_SCALE=${MEMS_TEST_SCALE:-$(scale)} \
		WINEPREFIX=$folder/$line/wine \
			timeout $patience sh "$0" --one
	) >"$folder/$line.log" 2>&1 </dev/null
	status=$?
	# Automake's lines, TAP, or what Go says.
	set -- $(awk '
		/^PASS: |^ok [0-9]|^ *--- PASS: / { passed++ }
		/^(FAIL|ERROR|XPASS): |^not ok |^ *--- FAIL: / { failed++ }
		/^SKIP: |^ *--- SKIP: / { skipped++ }
		/^ok [0-9].*# SKIP/ { skipped++; passed-- }
		END { print passed + 0, failed + 0, skipped + 0 }
	' "$folder/$line.log")
	note=
	if test $status -eq 77; then
		note=$(tail -n 1 "$folder/$line.log")
	elif test $status -ne 0 || test "$1" -eq 0; then
		note="see $folder/$line.log"
		test "$2" -gt 0 || set -- "$1" 1 "$3"
	fi
	seconds=$(($(date +%s) - began))
	printf '%-13s %7d %6d %7d %3d:%02d  %s\n' "$line" "$1" "$2" "$3" \
		$((seconds / 60)) $((seconds % 60)) "$note" |
		tee "$folder/results/$line"
}

# Takes the next line that nobody has taken, until there is none.
worker() {
	for line in $lines; do
		! mkdir "$folder/taken/$line" 2>/dev/null || try "$line"
	done
}

installed() {
	dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null |
		grep -q '^installed$'
}

install_packages() {
	missing=
	for package in $(for line in $lines; do packages "$line"; done | sort -u)
	do
		installed "$package" || missing="$missing $package"
	done
	test -n "$missing" || return 0
	echo "Missing:$missing"
	test $install = yes || return 0
	test "$(id -u)" -eq 0 || set -- sudo
	set -- "$@" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o DPkg::Lock::Timeout=300
	# gcc-multilib and other machines' compilers shut each other out.
	"$@" update && "$@" install --no-install-recommends --no-remove \
		$missing >"$folder/install.log" 2>&1
}

# What the `make` of `make check-cross` was told is not for those in here.
unset MAKEFLAGS MFLAGS MAKELEVEL
if test "${1-}" = --one; then
	trap times EXIT
	one
	exit
fi
install=yes
if test "${1-}" = --no-install; then
	install=no
	shift
fi
test $# -ge 2 || {
	sed -n '/^#  *cross.sh/s/^# *//p' "$0" >&2
	exit 2
}
tarball=$1
mkdir -p "$2" && folder=$(cd "$2" && pwd) || exit
shift 2
lines=${*:-$all}
for line in $lines; do
	case " $(echo $all) " in
	*" $line "*) ;;
	*) echo "there is no line $line" >&2; exit 2 ;;
	esac
done

command -v apt-get >/dev/null && install_packages
source=$folder/source
rm -rf "$source" "$folder/taken" "$folder/results"
mkdir "$source" "$folder/taken" "$folder/results"
gzip -dc "$tarball" | tar -C "$source" --strip-components=1 -xf - || exit

began=$(date +%s)
worker &
worker &
wait
echo
cd "$folder/results" || exit
for line in $lines; do
	cat "$line"
done | awk -v seconds=$(($(date +%s) - began)) '
	BEGIN { print "line           passed failed skipped   time" }
	{ print; passed += $2; failed += $3; skipped += $4 }
	END {
		printf "%-13s %7d %6d %7d %3d:%02d\n\n", "all", passed, failed,
			skipped, seconds / 60, seconds % 60
		print passed " passed, " failed + 0 " failed"
		exit failed > 0
	}'
