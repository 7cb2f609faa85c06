# Roots of this Debian's release in which nothing is installed, made and used as
# root by the checks. Sourced behind tap.sh, never run.

test "$(id -u)" -eq 0 || {
	echo 'This takes root.' >&2
	echo '0 passed, 1 failed'
	exit 1
}

# What is lent to all of them as /usr/local/go.
go=

# make_root NAME: what it installs comes from where this system's apt gets it.
make_root()
{
	apt-config dump | grep '^Acquire::\(Check-\|http\)' >"$work/apt.conf"
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' >"$work/sources"
	mmdebstrap --variant=apt --aptopt="$work/apt.conf" \
		--dpkgopt=force-unsafe-io "$(. /etc/os-release &&
		echo "$VERSION_CODENAME")" "$work/$1" - <"$work/sources"
}

# in_root NAME COMMAND: of a shell, with what is mounted for it alone
in_root()
{
	unshare --mount sh -c '
		mount -t proc proc "$1/proc" &&
		if test -n "$3"; then mount --bind "$3" "$1/usr/local/go"; fi &&
		exec chroot "$1" env -i LC_ALL=C.UTF-8 HOME=/root \
			PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			DEBIAN_FRONTEND=noninteractive sh -euc "$2"
	' sh "$work/$1" "$2" "$go"
}
