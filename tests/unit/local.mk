# Tests that mirror lib/: they link the core archive and know its insides.

unit_tests = \
	%D%/base/bitset \
	%D%/base/text \
	%D%/heap/cache \
	%D%/heap/class \
	%D%/heap/remote \
	%D%/heap/slices \
	%D%/os/lock \
	%D%/os/pages \
	%D%/os/pool \
	%D%/slab/held \
	%D%/slab/look \
	%D%/slab/magazine \
	%D%/slab/slab \
	%D%/slab/table \
	%D%/slab/tags \
	%D%/space/failures \
	%D%/space/first_fit \
	%D%/space/good_fit \
	%D%/space/region

# These fork.
posix_unit_tests = \
	%D%/heap/failures \
	%D%/heap/threads \
	%D%/slab/failures

core_archive = lib/libmems-core.la $(MEMS_TEST_LIBS)
%C%_base_bitset_LDADD = $(core_archive)
%C%_base_text_LDADD = $(core_archive)
%C%_heap_cache_LDADD = $(core_archive)
%C%_heap_class_LDADD = $(core_archive)
%C%_heap_failures_LDADD = $(core_archive)
%C%_heap_remote_LDADD = $(core_archive)
%C%_heap_slices_LDADD = $(core_archive)
%C%_heap_threads_LDADD = $(core_archive)
%C%_os_lock_LDADD = $(core_archive)
%C%_os_pages_LDADD = $(core_archive)
%C%_os_pool_LDADD = $(core_archive)
%C%_slab_failures_LDADD = $(core_archive)
%C%_slab_held_LDADD = $(core_archive)
%C%_slab_look_LDADD = $(core_archive)
%C%_slab_magazine_LDADD = $(core_archive)
%C%_slab_slab_LDADD = $(core_archive)
%C%_slab_table_LDADD = $(core_archive)
%C%_slab_tags_LDADD = $(core_archive)
%C%_space_failures_LDADD = $(core_archive)
%C%_space_first_fit_LDADD = $(core_archive)
%C%_space_good_fit_LDADD = $(core_archive)
%C%_space_region_LDADD = $(core_archive)

%C%_slab_held_SOURCES = %D%/slab/held.c %D%/slab/unwatched.h
%C%_slab_look_SOURCES = %D%/slab/look.c %D%/slab/unwatched.h
%C%_slab_magazine_SOURCES = %D%/slab/magazine.c %D%/slab/unwatched.h
%C%_slab_tags_SOURCES = %D%/slab/tags.c %D%/slab/unwatched.h

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
if !MEMS_OS_WINDOWS
check_PROGRAMS += $(posix_unit_tests)
TESTS += $(posix_unit_tests)
endif
