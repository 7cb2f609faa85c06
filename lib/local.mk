# The sources, from the lowest layer up. They are compiled once, hidden, into
# libmems-core.la, which the unit tests link; libmems.la adds what is exported.

noinst_LTLIBRARIES += %D%/libmems-core.la
lib_LTLIBRARIES += %D%/libmems.la

%C%_libmems_core_la_SOURCES = \
	%D%/base/align.h \
	%D%/base/assert.h \
	%D%/base/bits.h \
	%D%/base/bitset.c \
	%D%/base/bitset.h \
	%D%/base/fatal.c \
	%D%/base/text.c \
	%D%/base/text.h \
	%D%/os/clock.h \
	%D%/os/clock_posix.c \
	%D%/os/fork.h \
	%D%/os/fork_posix.c \
	%D%/os/helper.h \
	%D%/os/helper_posix.c \
	%D%/os/linker.h \
	%D%/os/lock.c \
	%D%/os/lock.h \
	%D%/os/pages.h \
	%D%/os/pages_posix.c \
	%D%/os/pool.c \
	%D%/os/pool.h \
	%D%/os/secret.h \
	%D%/os/secret_posix.c \
	%D%/os/stack.h \
	%D%/os/stack_posix.c \
	%D%/os/thread.h \
	%D%/os/thread_posix.c \
	%D%/os/watch.c \
	%D%/os/watch.h \
	%D%/space/access.c \
	%D%/space/alloc.c \
	%D%/space/chain.c \
	%D%/space/first_fit.c \
	%D%/space/good_fit.c \
	%D%/space/good_fit.h \
	%D%/space/holes.c \
	%D%/space/holes.h \
	%D%/space/region.c \
	%D%/space/registry.c \
	%D%/space/roots.c \
	%D%/space/segment.c \
	%D%/space/segment.h \
	%D%/space/space.c \
	%D%/space/space.h \
	%D%/space/tracts.c \
	%D%/space/tracts.h \
	%D%/space/trim.c \
	%D%/space/verify.c \
	%D%/space/walk.c \
	%D%/stats/collect.c \
	%D%/stats/draw.c \
	%D%/stats/draw.h \
	%D%/stats/draw_map.c \
	%D%/stats/draw_rows.c \
	%D%/stats/json.c \
	%D%/stats/print.c \
	%D%/face/classic.c \
	%D%/face/version.c \
	%D%/face/write.c

# What the system does: Linux's own calls, or those of POSIX alone.
if MEMS_OS_LINUX
%C%_libmems_core_la_SOURCES += \
	%D%/os/advice_linux.c \
	%D%/os/linker_linux.c \
	%D%/os/lock_linux.c
else
%C%_libmems_core_la_SOURCES += \
	%D%/os/advice_posix.c \
	%D%/os/linker_posix.c \
	%D%/os/lock_posix.c
endif

%C%_libmems_la_SOURCES =
%C%_libmems_la_LIBADD = %D%/libmems-core.la
%C%_libmems_la_LDFLAGS = $(AM_LDFLAGS) $(MEMS_LIB_LDFLAGS) -no-undefined \
	-version-info $(MEMS_VERSION_INFO)
EXTRA_%C%_libmems_la_DEPENDENCIES = %D%/libmems.map

EXTRA_DIST += %D%/libmems.map
