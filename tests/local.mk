# Tests that see what users see: they include public headers only and link the
# library, the shared one if there is one.
#
#   MEMS_TEST_SEED    the seed of what is random; each test prints its own
#   MEMS_TEST_SCALE   what the lengths of runs are multiplied by [1]

AM_CPPFLAGS += -I$(top_srcdir)/%D%
LDADD = lib/libmems.la $(MEMS_TEST_LIBS)

api_tests = \
	%D%/api/arena_alloc \
	%D%/api/arena_caps \
	%D%/api/arena_create \
	%D%/api/arena_ends \
	%D%/api/arena_free \
	%D%/api/arena_handles \
	%D%/api/arena_limits \
	%D%/api/arena_threads \
	%D%/api/classic \
	%D%/api/depot \
	%D%/api/heap_alloc \
	%D%/api/heap_create \
	%D%/api/heap_limits \
	%D%/api/heap_looks \
	%D%/api/heap_memory_back \
	%D%/api/heap_realloc \
	%D%/api/heap_stats \
	%D%/api/heap_threads \
	%D%/api/heap_walk \
	%D%/api/layout \
	%D%/api/ralloc \
	%D%/api/ralloc_arenas \
	%D%/api/slab \
	%D%/api/slab_threads \
	%D%/api/space_access \
	%D%/api/space_alloc \
	%D%/api/space_create \
	%D%/api/space_limits \
	%D%/api/space_roots \
	%D%/api/space_trim \
	%D%/api/space_walk \
	%D%/api/stats \
	%D%/api/threads \
	%D%/compat/reference

# These fork, or ask for limits of POSIX.
posix_tests = \
	%D%/api/address_space \
	%D%/api/fork \
	%D%/api/heap_fork \
	%D%/api/heap_refused \
	%D%/misuse/heap \
	%D%/misuse/use_after_free

arena_headers = %D%/api/arena.h %D%/api/heap.h %D%/api/space.h
slab_headers = %D%/api/slab.h %D%/api/heap.h %D%/api/space.h

%C%_api_address_space_SOURCES = %D%/api/address_space.c %D%/api/space.h
%C%_api_arena_alloc_SOURCES = %D%/api/arena_alloc.c $(arena_headers)
%C%_api_arena_caps_SOURCES = %D%/api/arena_caps.c $(arena_headers)
%C%_api_arena_create_SOURCES = %D%/api/arena_create.c $(arena_headers)
%C%_api_arena_ends_SOURCES = %D%/api/arena_ends.c $(arena_headers)
%C%_api_arena_free_SOURCES = %D%/api/arena_free.c $(arena_headers)
%C%_api_arena_handles_SOURCES = %D%/api/arena_handles.c $(arena_headers)
%C%_api_arena_limits_SOURCES = %D%/api/arena_limits.c $(arena_headers)
%C%_api_arena_threads_SOURCES = %D%/api/arena_threads.c $(arena_headers)
%C%_api_classic_SOURCES = %D%/api/classic.c
%C%_api_depot_SOURCES = %D%/api/depot.c $(slab_headers)
%C%_api_fork_SOURCES = %D%/api/fork.c %D%/api/space.h
%C%_api_heap_alloc_SOURCES = %D%/api/heap_alloc.c %D%/api/heap.h
%C%_api_heap_create_SOURCES = %D%/api/heap_create.c %D%/api/heap.h
%C%_api_heap_fork_SOURCES = %D%/api/heap_fork.c %D%/api/heap.h
%C%_api_heap_limits_SOURCES = %D%/api/heap_limits.c %D%/api/heap.h
%C%_api_heap_looks_SOURCES = %D%/api/heap_looks.c %D%/api/heap.h
%C%_api_heap_memory_back_SOURCES = %D%/api/heap_memory_back.c %D%/api/heap.h
%C%_api_heap_realloc_SOURCES = %D%/api/heap_realloc.c %D%/api/heap.h
%C%_api_heap_refused_SOURCES = %D%/api/heap_refused.c %D%/api/heap.h
%C%_api_heap_stats_SOURCES = %D%/api/heap_stats.c %D%/api/heap.h
%C%_api_heap_threads_SOURCES = %D%/api/heap_threads.c %D%/api/heap.h
%C%_api_heap_walk_SOURCES = %D%/api/heap_walk.c %D%/api/heap.h
%C%_api_layout_SOURCES = %D%/api/layout.c $(slab_headers)
%C%_api_ralloc_SOURCES = %D%/api/ralloc.c
%C%_api_ralloc_arenas_SOURCES = %D%/api/ralloc_arenas.c
%C%_api_slab_SOURCES = %D%/api/slab.c $(slab_headers)
%C%_api_slab_threads_SOURCES = %D%/api/slab_threads.c $(slab_headers)
%C%_api_space_access_SOURCES = %D%/api/space_access.c %D%/api/space.h
%C%_api_space_alloc_SOURCES = %D%/api/space_alloc.c %D%/api/space.h
%C%_api_space_create_SOURCES = %D%/api/space_create.c %D%/api/space.h
%C%_api_space_limits_SOURCES = %D%/api/space_limits.c %D%/api/space.h
%C%_api_space_roots_SOURCES = %D%/api/space_roots.c %D%/api/space.h
%C%_api_space_trim_SOURCES = %D%/api/space_trim.c %D%/api/space.h
%C%_api_space_walk_SOURCES = %D%/api/space_walk.c %D%/api/space.h
%C%_api_stats_SOURCES = %D%/api/stats.c %D%/api/space.h
%C%_api_threads_SOURCES = %D%/api/threads.c %D%/api/space.h
%C%_compat_reference_SOURCES = %D%/compat/reference.c

misuse_tests = \
	%D%/misuse/addresses \
	%D%/misuse/classic \
	%D%/misuse/options \
	%D%/misuse/sizes

%C%_misuse_addresses_SOURCES = %D%/misuse/addresses.c
%C%_misuse_classic_SOURCES = %D%/misuse/classic.c
%C%_misuse_heap_SOURCES = %D%/misuse/heap.c
%C%_misuse_options_SOURCES = %D%/misuse/options.c
%C%_misuse_sizes_SOURCES = %D%/misuse/sizes.c
%C%_misuse_use_after_free_SOURCES = %D%/misuse/use_after_free.c

model_tests = \
	%D%/exhaustive/tiny_space \
	%D%/property/arena_vs_model \
	%D%/property/heap_vs_model \
	%D%/property/slab_vs_model \
	%D%/property/space_vs_model

model_sources = \
	%D%/property/compare.c \
	%D%/property/compare.h \
	%D%/property/model.c \
	%D%/property/model.h

%C%_exhaustive_tiny_space_SOURCES = \
	%D%/exhaustive/tiny_space.c $(model_sources)
%C%_property_arena_vs_model_SOURCES = \
	%D%/property/arena_vs_model.c $(arena_headers)
%C%_property_heap_vs_model_SOURCES = \
	%D%/property/heap_vs_model.c %D%/api/heap.h
%C%_property_slab_vs_model_SOURCES = \
	%D%/property/slab_vs_model.c $(slab_headers)
%C%_property_space_vs_model_SOURCES = \
	%D%/property/space_vs_model.c $(model_sources)

# Automake would link with the C++ compiler whether it is there or not.
if HAVE_CXX
api_tests += %D%/api/cxx
%C%_api_cxx_SOURCES = %D%/api/cxx.cpp
endif

check_PROGRAMS += $(api_tests) $(misuse_tests) $(model_tests)
TESTS += $(api_tests) $(misuse_tests) $(model_tests) \
	%D%/meta/amalgamation.test %D%/model/model.test
if !MEMS_OS_WINDOWS
check_PROGRAMS += $(posix_tests)
TESTS += $(posix_tests) %D%/misuse/valgrind.test
endif

EXTRA_DIST += \
	%D%/api/cxx.cpp \
	%D%/capture.h \
	%D%/child.h \
	%D%/either.h \
	%D%/meta/amalgamation.test \
	%D%/misuse/valgrind.test \
	%D%/model/model.test \
	%D%/model/remote.pml \
	%D%/model/remote_relacy.cpp \
	%D%/pages.h \
	%D%/parts.sh \
	%D%/random.h \
	%D%/tap.h \
	%D%/wine.sh

# make soak            the model beside the space for SOAK_OPS operations
# make check-valgrind  the API tests under valgrind
SOAK_OPS = 1e9

soak: %D%/property/space_vs_model$(EXEEXT)
	$(EMULATOR) %D%/property/space_vs_model$(EXEEXT) $(SOAK_OPS)

check-valgrind:
	test -n '$(VALGRIND)'
	MEMS_TEST_SCALE=0.02 $(MAKE) $(AM_MAKEFLAGS) check \
		TESTS='$(api_tests) $(misuse_tests) $(posix_tests)' \
		EMULATOR='$(LIBTOOL) --mode=execute $(VALGRIND) -q --error-exitcode=99'

# make check-ci        what must pass before a change goes in, beside `make check`
# make check-all       all that there is to pass but soaks
SANITIZED = $(abs_top_builddir)/sanitized
SANITIZE = $(top_srcdir)/quickstart check --build=$(SANITIZED) -- \
	--enable-sanitizers=address,undefined
SETUP = $(SHELL) $(top_srcdir)/packaging/setup
PARTS = $(SHELL) $(top_srcdir)/tests/parts.sh

check-ci:
	$(PARTS) '$(MAKE) distcheck' '$(SANITIZE)' \
		'$(MAKE) check-cross LINES=s390x' \
		'$(SETUP) deb && $(MAKE) check-deb'

check-all:
	$(PARTS) '$(MAKE) check' '$(MAKE) check-ci' '$(MAKE) check-cross' \
		'$(SETUP) abi rpm && $(MAKE) check-abi' '$(MAKE) check-rpm' \
		'$(MAKE) check-start' \
		'$(MAKE) check-valgrind' '$(MAKE) check-node-asan' \
		'$(MAKE) check-dist' '$(MAKE) check-bare' \
		'$(MAKE) check-html' '$(MAKE) coverage' '$(MAKE) fuzz'

.PHONY: soak check-valgrind check-ci check-all
