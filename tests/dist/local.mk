# What a release must be; each takes a minute.
#
# make check-dist    the same bytes, whoever makes it; of what is committed
# make check-bare    built by a compiler, make and sh alone

EXTRA_DIST += %D%/bare.sh %D%/dist.sh

check-dist:
	$(SHELL) $(srcdir)/%D%/dist.sh $(srcdir)

check-bare: dist
	$(SHELL) $(srcdir)/%D%/bare.sh $(distdir).tar.gz

.PHONY: check-bare check-dist
