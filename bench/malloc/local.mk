# make bench-malloc        all workloads and programs: some 20 minutes
# make bench-malloc-quick  three tenths of it, 1 and 2 threads
# make bench-malloc-count  instructions of a pair, counted by valgrind
#
# Each malloc is put into the programs by LD_PRELOAD; load is linked with none
# of them, nor with libmems. BENCH_MALLOC_FLAGS is for more options (see
# bench/malloc/compare --help). They are built when asked for.

BENCH_MALLOC_BUILT = %D%/compare$(EXEEXT) %D%/load$(EXEEXT) \
	%D%/hello$(EXEEXT)

if HAVE_CXX
BENCH_MALLOC_BUILT += %D%/containers$(EXEEXT)
endif
EXTRA_PROGRAMS += %D%/compare %D%/load %D%/hello %D%/containers

%C%_compare_SOURCES = \
	bench/json_text.c bench/json_text.h \
	bench/options.c bench/options.h \
	bench/progress.c bench/progress.h \
	bench/random.h \
	bench/stats.c bench/stats.h \
	%D%/allocators.c %D%/allocators.h \
	%D%/command.c %D%/command.h \
	%D%/compare.c \
	%D%/exact.c \
	%D%/facts.c %D%/facts.h \
	%D%/inputs.c \
	%D%/measure.c %D%/measure.h \
	%D%/place.c \
	%D%/programs.c %D%/programs.h \
	%D%/redis.c \
	%D%/results.c %D%/results.h \
	%D%/tables.c \
	%D%/target.c %D%/target.h \
	%D%/targets.c \
	%D%/workload.c %D%/workload.h \
	%D%/write_json.c \
	%D%/write_svg.c

%C%_compare_CPPFLAGS = $(BENCH_MALLOC_CPPFLAGS) \
	-DBENCH_SOURCE='"$(abs_srcdir)/%D%"'
%C%_compare_LDADD = -lm
BENCH_MALLOC_CPPFLAGS = -I$(srcdir)/bench -D_GNU_SOURCE

%C%_load_SOURCES = \
	bench/mix.c bench/mix.h \
	bench/random.h \
	%D%/asym.c \
	%D%/batch.c \
	%D%/block.h \
	%D%/churn.c \
	%D%/fragment.c \
	%D%/grow.c \
	%D%/idle.c \
	%D%/job.c %D%/job.h \
	%D%/large.c \
	%D%/larson.c \
	%D%/load.c \
	%D%/loads.h \
	%D%/messages.c \
	%D%/pairs.c \
	%D%/phases.c \
	%D%/replace.c \
	%D%/resident.c \
	%D%/sharing.c \
	%D%/single.c \
	%D%/sizes.c %D%/sizes.h \
	%D%/timing.h \
	%D%/workload.c %D%/workload.h

# The compiler knows malloc, and would drop pairs of it and free.
%C%_load_CPPFLAGS = $(BENCH_MALLOC_CPPFLAGS)
%C%_load_CFLAGS = $(AM_CFLAGS) -fno-builtin
%C%_load_LDADD = -lm

# Nothing of ours in them either.
%C%_hello_SOURCES = %D%/hello.c
%C%_hello_LDADD =

%C%_containers_SOURCES = %D%/containers.cpp
%C%_containers_LDADD =

EXTRA_DIST += %D%/buffers.js %D%/objects.py %D%/pair_count.sh \
	%D%/records.sql %D%/tables.lua %D%/words.pl

BENCH_MALLOC_FILES = --json %D%/results.json --svg %D%/results.svg

# What `all` builds, the malloc of libmems is among.
bench-malloc: all $(BENCH_MALLOC_BUILT)
	%D%/compare$(EXEEXT) $(BENCH_MALLOC_FILES) $(BENCH_MALLOC_FLAGS)

bench-malloc-quick: all $(BENCH_MALLOC_BUILT)
	%D%/compare$(EXEEXT) --quick $(BENCH_MALLOC_FILES) \
		$(BENCH_MALLOC_FLAGS)

bench-malloc-count: all %D%/load$(EXEEXT)
	VALGRIND='$(VALGRIND)' $(SHELL) $(srcdir)/%D%/pair_count.sh \
		%D%/load$(EXEEXT) \
		"`pwd`/lib/$(MEMS_OBJDIR)/libmems-malloc.so"

.PHONY: bench-malloc bench-malloc-quick bench-malloc-count

CLEANFILES += %D%/results.json %D%/results.svg
