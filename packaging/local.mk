# For those who make distributions. The release holds this folder, and each
# check takes the packages from that tarball, as they would.

EXTRA_DIST += \
	%D%/check-deb \
	%D%/check-rpm \
	%D%/check-start \
	%D%/debian/changelog \
	%D%/debian/control \
	%D%/debian/copyright \
	%D%/debian/golang-mems-dev.docs \
	%D%/debian/golang-mems-dev.install \
	%D%/debian/golang-mems-dev.lintian-overrides \
	%D%/debian/libmems-malloc.install \
	%D%/debian/libmems-malloc.lintian-overrides \
	%D%/debian/libmems0-dev.docs \
	%D%/debian/libmems0-dev.examples \
	%D%/debian/libmems0-dev.install \
	%D%/debian/libmems0.install \
	%D%/debian/libmems0.lintian-overrides \
	%D%/debian/libmems0.symbols \
	%D%/debian/mems.install \
	%D%/debian/node-libmems.docs \
	%D%/debian/node-libmems.install \
	%D%/debian/node-libmems.lintian-overrides \
	%D%/debian/rules \
	%D%/debian/source/format \
	%D%/debian/tests/control \
	%D%/debian/tests/go \
	%D%/debian/tests/library \
	%D%/debian/tests/manual \
	%D%/debian/tests/node \
	%D%/debian/tests/preload \
	%D%/debian/upstream/metadata \
	%D%/debian/watch \
	%D%/root.sh \
	%D%/rpm/mems.spec \
	%D%/rpm/rpmlint.toml \
	%D%/setup \
	%D%/tap.sh

# make check-deb    build Debian's packages, lint, install, use, upgrade, remove
# make check-rpm    the same with RPM's
# make check-start  from a bare Debian to the tour and to the tests, with the time
# packaging/setup installs what they need.
check-deb: dist
	$(SHELL) $(srcdir)/%D%/check-deb $(distdir).tar.gz

check-rpm: dist
	$(SHELL) $(srcdir)/%D%/check-rpm $(distdir).tar.gz

check-start: dist
	$(SHELL) $(srcdir)/%D%/check-start $(distdir).tar.gz

.PHONY: check-deb check-rpm check-start
