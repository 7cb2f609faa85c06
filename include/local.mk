include_HEADERS = %D%/mems.h

memsincludedir = $(includedir)/mems
memsinclude_HEADERS = \
	%D%/mems/arena.h \
	%D%/mems/base.h \
	%D%/mems/heap.h \
	%D%/mems/layout.h \
	%D%/mems/ralloc.h \
	%D%/mems/slab.h \
	%D%/mems/space.h \
	%D%/mems/stats.h
nodist_memsinclude_HEADERS = %D%/mems/version.h
