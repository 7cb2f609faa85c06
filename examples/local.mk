noinst_PROGRAMS += \
	%D%/backend \
	%D%/chain \
	%D%/draw \
	%D%/first \
	%D%/space
examples_backend_LDADD = lib/libmems.la
examples_chain_LDADD = lib/libmems.la
examples_draw_LDADD = lib/libmems.la
examples_first_LDADD = lib/libmems.la
examples_space_LDADD = lib/libmems.la

TESTS += %D%/examples.test
EXTRA_DIST += \
	%D%/backend.expected \
	%D%/chain.expected \
	%D%/examples.test \
	%D%/first.expected \
	%D%/space.expected \
	%D%/tour.sh

# An installed library does what the tour shows.
installcheck-local:
	test -z '$(PKG_CONFIG)' || \
	PKG_CONFIG_PATH=$(DESTDIR)$(pkgconfigdir) PKG_CONFIG='$(PKG_CONFIG)' \
	CC='$(CC)' $(SHELL) $(srcdir)/examples/tour.sh tour
clean-local:
	rm -rf tour
