include_HEADERS = %D%/mems.h

memsincludedir = $(includedir)/mems
memsinclude_HEADERS = \
	%D%/mems/base.h \
	%D%/mems/heap.h \
	%D%/mems/ralloc.h \
	%D%/mems/space.h \
	%D%/mems/stats.h
nodist_memsinclude_HEADERS = %D%/mems/version.h
