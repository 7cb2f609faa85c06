# make check-cross  the tests on other machines, C libraries and systems, or on
#                   those alone that LINES names; cross.sh tells which there are
LINES =

check-cross: dist
	sh $(srcdir)/%D%/cross.sh $(distdir).tar.gz cross $(LINES)

EXTRA_DIST += %D%/cross.sh

.PHONY: check-cross
