# What node.test and system.test begin with: is there a Node that can be asked?

skip() {
	echo "1..0 # SKIP $*"
	exit
}

node=$top_srcdir/bindings/node
command -v node >/dev/null || skip 'there is no Node'
node -e '
	const [major, minor] = process.versions.node.split(".").map(Number);
	process.exit(major > 14 || (major === 14 && minor >= 17) ? 0 : 1);
' || skip 'Node is older than 14.17'
test -z "$EMULATOR" || skip 'the library is for another machine'
test "${MEMS_SANITIZERS:-no}" = no || skip 'Node is not built with sanitizers'
