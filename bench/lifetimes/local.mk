# make bench-lifetimes        arenas, slab caches, depots: a few minutes
# make bench-lifetimes-quick  a fifth of the work, without the longest lanes
#
# `ours` links the shared library, if there is one, as users do; `theirs` links
# nothing of ours, and each malloc is put into it by LD_PRELOAD.
# BENCH_LIFETIMES_FLAGS is for more options (see bench/lifetimes/lifetimes
# --help). They are built when asked for.

BENCH_LIFETIMES_BUILT = %D%/lifetimes$(EXEEXT) %D%/ours$(EXEEXT) \
	%D%/theirs$(EXEEXT)
EXTRA_PROGRAMS += %D%/lifetimes %D%/ours %D%/theirs

%C%_lifetimes_SOURCES = \
	bench/json_text.c bench/json_text.h \
	bench/malloc/allocators.c bench/malloc/allocators.h \
	bench/malloc/command.c bench/malloc/command.h \
	bench/malloc/exact.c \
	bench/malloc/facts.c bench/malloc/facts.h \
	bench/malloc/place.c \
	bench/malloc/target.c bench/malloc/target.h \
	bench/mix.c bench/mix.h \
	bench/options.c bench/options.h \
	bench/progress.c bench/progress.h \
	bench/random.h \
	bench/stats.c bench/stats.h \
	%D%/figures.c %D%/figures.h \
	%D%/lifetimes.c \
	%D%/tables.c \
	%D%/targets.c \
	%D%/write_json.c

%C%_lifetimes_CPPFLAGS = $(BENCH_MALLOC_CPPFLAGS)
%C%_lifetimes_LDADD = -lm

# What both kinds of lanes are made of.
BENCH_LANE_SOURCES = \
	bench/child.c bench/child.h \
	bench/malloc/block.h \
	bench/malloc/job.c bench/malloc/job.h \
	bench/malloc/resident.c \
	bench/malloc/timing.h \
	bench/mix.c bench/mix.h \
	bench/peer.h \
	bench/random.h \
	bench/stats.c bench/stats.h \
	bench/trace.c bench/trace.h \
	%D%/bump.h \
	%D%/lane.c %D%/lane.h \
	%D%/pair.h \
	%D%/requests.h \
	%D%/traces.c %D%/traces.h

%C%_ours_SOURCES = $(BENCH_LANE_SOURCES) \
	bench/peer_mems.c \
	%D%/bump.c \
	%D%/ends.c \
	%D%/ours.c \
	%D%/requests_ours.c \
	%D%/slots.c \
	%D%/traces_ours.c

# No wrapper around it: the bench measures the process that it starts.
%C%_ours_CPPFLAGS = $(BENCH_CPPFLAGS) -I$(srcdir)/bench
%C%_ours_LDADD = lib/libmems.la -lm
%C%_ours_LDFLAGS = $(AM_LDFLAGS) -no-install

%C%_theirs_SOURCES = $(BENCH_LANE_SOURCES) \
	bench/malloc/loads.h \
	bench/malloc/single.c \
	bench/peer_libc.c \
	bench/peer_null.c \
	%D%/bare.c \
	%D%/pairs.c \
	%D%/requests_theirs.c \
	%D%/theirs.c \
	%D%/traces_theirs.c

# The compiler knows malloc, and would drop pairs of it and free.
%C%_theirs_CPPFLAGS = $(BENCH_MALLOC_CPPFLAGS)
%C%_theirs_CFLAGS = $(AM_CFLAGS) -fno-builtin
%C%_theirs_LDADD = -lm

BENCH_LIFETIMES_FILES = --json %D%/results.json

bench-lifetimes: all $(BENCH_LIFETIMES_BUILT)
	%D%/lifetimes$(EXEEXT) $(BENCH_LIFETIMES_FILES) \
		$(BENCH_LIFETIMES_FLAGS)

bench-lifetimes-quick: all $(BENCH_LIFETIMES_BUILT)
	%D%/lifetimes$(EXEEXT) --quick $(BENCH_LIFETIMES_FILES) \
		$(BENCH_LIFETIMES_FLAGS)

.PHONY: bench-lifetimes bench-lifetimes-quick

CLEANFILES += %D%/results.json
