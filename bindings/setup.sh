# What tests of bindings ask for at first. Where it is not there, all of the test
# is skipped.

skip_all() {
	echo "1..0 # SKIP $*"
	exit
}

want_node() {
	command -v node >/dev/null || skip_all 'there is no Node'
	node -e '
		const [major, minor] = process.versions.node.split(".").map(Number);
		process.exit(major > 14 || (major === 14 && minor >= 17) ? 0 : 1);
	' || skip_all 'Node is older than 14.17'
}

want_go() {
	command -v go >/dev/null || skip_all 'there is no Go'
	GOTOOLCHAIN=local GOFLAGS="${GOFLAGS:-} -buildvcs=false" GOWORK=off
	: "${GOCACHE:=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/go-build}"
	export GOCACHE GOTOOLCHAIN GOFLAGS GOWORK
	case $(go env GOVERSION 2>/dev/null) in
	go1.2[4-9]* | go1.[3-9][0-9]* | go[2-9]*) ;;
	*) skip_all 'Go is older than 1.24' ;;
	esac
}

test "${MEMS_CROSS:-no}" = no || skip_all 'the library is for another machine'
test "${MEMS_SANITIZERS:-no}" = no ||
	skip_all 'the languages are built without sanitizers'
