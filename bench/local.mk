# make bench       a few minutes: the table, results.json, results.svg
# make bench-get   instructions of a translation, counted by valgrind
# make bench-full  everything, up to 1e7 blocks: an hour or more
#
# The programs link the shared library, if there is one, as users do, and use
# only public headers. BENCH_FLAGS is for more options (see bench/bench --help).
# They are built when asked for: they need fork(2), and Boost takes a while.

EXTRA_PROGRAMS = %D%/bench %D%/get_count

%C%_bench_SOURCES = \
	%D%/child.c %D%/child.h \
	%D%/chain.h \
	%D%/claims.c \
	%D%/footprint.c %D%/footprint.h \
	%D%/get.c %D%/get.h \
	%D%/json.c \
	%D%/json_text.c %D%/json_text.h \
	%D%/list_mems.c %D%/list_mems.h \
	%D%/machine.c \
	%D%/main.c \
	%D%/mix.c %D%/mix.h \
	%D%/options.c %D%/options.h \
	%D%/peer.h \
	%D%/peer_libc.c \
	%D%/peer_list.c \
	%D%/peer_mems.c \
	%D%/peer_null.c \
	%D%/peers.c \
	%D%/plot.c \
	%D%/progress.c %D%/progress.h \
	%D%/random.h \
	%D%/report.c \
	%D%/resident.c %D%/resident.h \
	%D%/results.h \
	%D%/stats.c %D%/stats.h \
	%D%/trace.c %D%/trace.h

%C%_bench_CPPFLAGS = $(BENCH_CPPFLAGS)
%C%_bench_LDADD = lib/libmems.la -lm
BENCH_CPPFLAGS = -I$(top_builddir)/include -I$(top_srcdir)/include \
	-D_GNU_SOURCE

# Automake would link with the C++ compiler whether it is there or not.
if HAVE_BOOST_INTERPROCESS
%C%_bench_SOURCES += %D%/peer_boost.cpp
BENCH_CPPFLAGS += -DBENCH_BOOST=1 -DNDEBUG
%C%_bench_LINK = $(CXXLINK)
else
BENCH_CPPFLAGS += -DBENCH_BOOST=0
%C%_bench_LINK = $(LINK)
endif

%C%_get_count_SOURCES = %D%/get_count.c
%C%_get_count_CPPFLAGS = $(BENCH_CPPFLAGS)
%C%_get_count_LDADD = lib/libmems.la

EXTRA_DIST += %D%/get_count.sh

BENCH_FILES = --json %D%/results.json --svg %D%/results.svg

bench: %D%/bench$(EXEEXT)
	%D%/bench$(EXEEXT) $(BENCH_FILES) $(BENCH_FLAGS)

bench-full: %D%/bench$(EXEEXT)
	%D%/bench$(EXEEXT) --full $(BENCH_FILES) $(BENCH_FLAGS)
	$(MAKE) bench-get

# libtool finds the program behind its wrapper.
bench-get: %D%/get_count$(EXEEXT)
	VALGRIND='$(VALGRIND)' $(LIBTOOL) --mode=execute \
		$(SHELL) $(srcdir)/%D%/get_count.sh %D%/get_count$(EXEEXT)

.PHONY: bench bench-full bench-get

CLEANFILES += $(EXTRA_PROGRAMS) %D%/results.json %D%/results.svg
