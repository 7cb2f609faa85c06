# Tests that mirror lib/: they link the core archive and know its insides.

unit_tests = \
	%D%/arena/verify \
	%D%/base/bitset \
	%D%/base/text \
	%D%/heap/book \
	%D%/heap/cache \
	%D%/heap/class \
	%D%/heap/remote \
	%D%/heap/slices \
	%D%/heap/verify \
	%D%/os/clock \
	%D%/os/linker \
	%D%/os/lock \
	%D%/os/pages \
	%D%/os/pool \
	%D%/os/secret \
	%D%/os/stack \
	%D%/slab/held \
	%D%/slab/look \
	%D%/slab/magazine \
	%D%/slab/slab \
	%D%/slab/source \
	%D%/slab/store \
	%D%/slab/table \
	%D%/slab/tags \
	%D%/slab/verify \
	%D%/space/failures \
	%D%/space/first_fit \
	%D%/space/good_fit \
	%D%/space/region \
	%D%/space/segment \
	%D%/space/verify \
	%D%/stats/draw \
	%D%/stats/trace

# These fork, or define what a library of the system would.
posix_unit_tests = \
	%D%/arena/failures \
	%D%/base/fatal \
	%D%/heap/failures \
	%D%/heap/misuse \
	%D%/heap/threads \
	%D%/os/watch \
	%D%/slab/failures

core_archive = lib/libmems-core.la $(MEMS_TEST_LIBS)
%C%_arena_failures_LDADD = $(core_archive)
%C%_arena_verify_LDADD = $(core_archive)
%C%_base_bitset_LDADD = $(core_archive)
%C%_base_fatal_LDADD = $(core_archive)
%C%_base_text_LDADD = $(core_archive)
%C%_heap_book_LDADD = $(core_archive)
%C%_heap_cache_LDADD = $(core_archive)
%C%_heap_class_LDADD = $(core_archive)
%C%_heap_failures_LDADD = $(core_archive)
%C%_heap_misuse_LDADD = $(core_archive)
%C%_heap_remote_LDADD = $(core_archive)
%C%_heap_slices_LDADD = $(core_archive)
%C%_heap_threads_LDADD = $(core_archive)
%C%_heap_verify_LDADD = $(core_archive)
%C%_os_clock_LDADD = $(core_archive)
%C%_os_linker_LDADD = $(core_archive)
%C%_os_lock_LDADD = $(core_archive)
%C%_os_pages_LDADD = $(core_archive)
%C%_os_pool_LDADD = $(core_archive)
%C%_os_secret_LDADD = $(core_archive)
%C%_os_stack_LDADD = $(core_archive)
%C%_os_watch_LDADD = $(core_archive)
%C%_slab_failures_LDADD = $(core_archive)
%C%_slab_held_LDADD = $(core_archive)
%C%_slab_look_LDADD = $(core_archive)
%C%_slab_magazine_LDADD = $(core_archive)
%C%_slab_slab_LDADD = $(core_archive)
%C%_slab_source_LDADD = $(core_archive)
%C%_slab_store_LDADD = $(core_archive)
%C%_slab_table_LDADD = $(core_archive)
%C%_slab_tags_LDADD = $(core_archive)
%C%_slab_verify_LDADD = $(core_archive)
%C%_space_failures_LDADD = $(core_archive)
%C%_space_first_fit_LDADD = $(core_archive)
%C%_space_good_fit_LDADD = $(core_archive)
%C%_space_region_LDADD = $(core_archive)
%C%_space_segment_LDADD = $(core_archive)
%C%_space_verify_LDADD = $(core_archive)
%C%_stats_draw_LDADD = $(core_archive)
%C%_stats_trace_LDADD = $(core_archive)

%C%_arena_failures_SOURCES = %D%/arena/failures.c %D%/refusals.h
%C%_heap_failures_SOURCES = %D%/heap/failures.c %D%/refusals.h
%C%_slab_failures_SOURCES = %D%/slab/failures.c %D%/refusals.h
%C%_arena_verify_SOURCES = %D%/arena/verify.c %D%/spoil.h
%C%_base_fatal_SOURCES = %D%/base/fatal.c %D%/aborts.h
%C%_heap_misuse_SOURCES = %D%/heap/misuse.c %D%/aborts.h
%C%_heap_verify_SOURCES = %D%/heap/verify.c %D%/spoil.h
%C%_slab_held_SOURCES = %D%/slab/held.c %D%/slab/unwatched.h
%C%_slab_look_SOURCES = %D%/slab/look.c %D%/slab/unwatched.h
%C%_slab_magazine_SOURCES = %D%/slab/magazine.c %D%/slab/unwatched.h
%C%_slab_tags_SOURCES = %D%/slab/tags.c %D%/slab/unwatched.h
%C%_slab_verify_SOURCES = \
	%D%/slab/verify.c %D%/slab/unwatched.h %D%/spoil.h
%C%_space_segment_SOURCES = %D%/space/segment.c %D%/spoil.h
%C%_space_verify_SOURCES = %D%/space/verify.c %D%/spoil.h

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
if !MEMS_OS_WINDOWS
check_PROGRAMS += $(posix_unit_tests)
TESTS += $(posix_unit_tests)
endif
