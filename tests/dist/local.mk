# What a release must be; each takes a minute.
#
# make check-dist    the same bytes, whoever makes it; of what is committed

EXTRA_DIST += %D%/dist.sh

check-dist:
	$(SHELL) $(srcdir)/%D%/dist.sh $(srcdir)

.PHONY: check-dist
