# The sources, from the lowest layer up. They are compiled once, hidden, into
# libmems-core.la, which the unit tests link; libmems.la adds what is exported.

noinst_LTLIBRARIES += %D%/libmems-core.la
lib_LTLIBRARIES += %D%/libmems.la

# What the system does: Windows', or POSIX's with Linux's own calls or without.
if MEMS_OS_WINDOWS
os_sources = \
	%D%/os/clock_windows.c \
	%D%/os/fork_windows.c \
	%D%/os/helper_windows.c \
	%D%/os/linker_windows.c \
	%D%/os/lock_windows.c \
	%D%/os/pages_windows.c \
	%D%/os/secret_windows.c \
	%D%/os/stack_windows.c \
	%D%/os/thread_windows.c
else
os_sources = \
	%D%/os/clock_posix.c \
	%D%/os/fork_posix.c \
	%D%/os/helper_posix.c \
	%D%/os/pages_posix.c \
	%D%/os/secret_posix.c \
	%D%/os/stack_posix.c \
	%D%/os/thread_posix.c
endif
if MEMS_OS_LINUX
linux_sources = \
	%D%/os/advice_linux.c \
	%D%/os/linker_linux.c \
	%D%/os/lock_linux.c
endif
if MEMS_OS_POSIX
posix_sources = \
	%D%/os/advice_posix.c \
	%D%/os/linker_posix.c \
	%D%/os/lock_posix.c
endif

# All that plain pointers need; libmems-malloc is made of it once more.
heap_sources = \
	%D%/base/align.h \
	%D%/base/assert.h \
	%D%/base/bits.h \
	%D%/base/bitset.c \
	%D%/base/bitset.h \
	%D%/base/fatal.c \
	%D%/base/text.c \
	%D%/base/text.h \
	%D%/os/clock.h \
	%D%/os/fork.h \
	%D%/os/helper.h \
	%D%/os/linker.h \
	%D%/os/lock.c \
	%D%/os/lock.h \
	%D%/os/pages.h \
	%D%/os/pool.c \
	%D%/os/pool.h \
	%D%/os/secret.h \
	%D%/os/stack.h \
	%D%/os/thread.h \
	%D%/os/watch.c \
	%D%/os/watch.h \
	$(os_sources) \
	$(linux_sources) \
	$(posix_sources) \
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
	%D%/heap/alloc.c \
	%D%/heap/alloc.h \
	%D%/heap/book.c \
	%D%/heap/book.h \
	%D%/heap/cache.c \
	%D%/heap/class.c \
	%D%/heap/class.h \
	%D%/heap/decay.c \
	%D%/heap/harden.c \
	%D%/heap/harden.h \
	%D%/heap/heap.c \
	%D%/heap/heap.h \
	%D%/heap/large.c \
	%D%/heap/link.h \
	%D%/heap/limits.c \
	%D%/heap/list.c \
	%D%/heap/misuse.c \
	%D%/heap/remote.c \
	%D%/heap/site.c \
	%D%/heap/site.h \
	%D%/heap/slices.c \
	%D%/heap/slices.h \
	%D%/heap/span.c \
	%D%/heap/span.h \
	%D%/heap/threads.c \
	%D%/heap/trace.c \
	%D%/heap/trace.h \
	%D%/heap/verify.c \
	%D%/heap/walk.c \
	%D%/stats/heap_stats.c \
	%D%/stats/trace.c \
	%D%/stats/trace.h

%C%_libmems_core_la_SOURCES = \
	$(heap_sources) \
	%D%/slab/cache.c \
	%D%/slab/depot.c \
	%D%/slab/fast.h \
	%D%/slab/give.c \
	%D%/slab/handle.c \
	%D%/slab/handle.h \
	%D%/slab/held.c \
	%D%/slab/large.c \
	%D%/slab/look.c \
	%D%/slab/magazine.c \
	%D%/slab/owner.c \
	%D%/slab/slab.c \
	%D%/slab/source.c \
	%D%/slab/source.h \
	%D%/slab/store.c \
	%D%/slab/store.h \
	%D%/slab/table.c \
	%D%/slab/tags.c \
	%D%/slab/take.c \
	%D%/arena/arena.c \
	%D%/arena/arena.h \
	%D%/arena/bump.c \
	%D%/arena/chunk.c \
	%D%/arena/ending.c \
	%D%/stats/arena_stats.c \
	%D%/stats/collect.c \
	%D%/stats/draw.c \
	%D%/stats/draw.h \
	%D%/stats/draw_map.c \
	%D%/stats/draw_rows.c \
	%D%/stats/json.c \
	%D%/stats/print.c \
	%D%/stats/sites.c \
	%D%/face/arena_printf.c \
	%D%/face/classic.c \
	%D%/face/version.c \
	%D%/face/write.c

# The malloc family. It is there from the start of a process, so its variables
# of threads have a fixed place; and it calls no malloc but its own. Windows has
# no way to put it in the place of another.
if MEMS_PRELOAD
lib_LTLIBRARIES += %D%/libmems-malloc.la
%C%_libmems_malloc_la_SOURCES = \
	$(heap_sources) \
	%D%/face/malloc.c \
	%D%/face/new.c \
	%D%/face/options.c \
	%D%/face/options.h \
	%D%/face/write.c
%C%_libmems_malloc_la_CPPFLAGS = $(AM_CPPFLAGS) -DMEMS_MALLOC=1
%C%_libmems_malloc_la_CFLAGS = $(AM_CFLAGS) $(MEMS_MALLOC_CFLAGS)
%C%_libmems_malloc_la_LDFLAGS = $(AM_LDFLAGS) $(MEMS_MALLOC_LDFLAGS) \
	-no-undefined -version-info $(MEMS_VERSION_INFO)
EXTRA_%C%_libmems_malloc_la_DEPENDENCIES = %D%/libmems-malloc.map

# The same with every block and list guarded; see heap/harden.h.
lib_LTLIBRARIES += %D%/libmems-malloc-hardened.la
%C%_libmems_malloc_hardened_la_SOURCES = $(%C%_libmems_malloc_la_SOURCES)
%C%_libmems_malloc_hardened_la_CPPFLAGS = $(%C%_libmems_malloc_la_CPPFLAGS) \
	-DMEMS_HARDENED=1
%C%_libmems_malloc_hardened_la_CFLAGS = $(%C%_libmems_malloc_la_CFLAGS)
%C%_libmems_malloc_hardened_la_LDFLAGS = $(%C%_libmems_malloc_la_LDFLAGS)
EXTRA_%C%_libmems_malloc_hardened_la_DEPENDENCIES = %D%/libmems-malloc.map
endif

%C%_libmems_la_SOURCES =
%C%_libmems_la_LIBADD = %D%/libmems-core.la
%C%_libmems_la_LDFLAGS = $(AM_LDFLAGS) $(MEMS_LIB_LDFLAGS) -no-undefined \
	-version-info $(MEMS_VERSION_INFO)
EXTRA_%C%_libmems_la_DEPENDENCIES = %D%/libmems.map

EXTRA_DIST += %D%/libmems.map %D%/libmems-malloc.map
