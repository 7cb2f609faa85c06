# Fuzz targets. `make check` runs the stored corpus through each of them.
#
# make fuzz        libFuzzer, with the sanitizers, FUZZ_SECONDS for each target
# make fuzz-afl    AFL++, without them
# make fuzz-merge  renew the stored corpora from what both found

fuzz_targets = \
	%D%/arena \
	%D%/arena_words \
	%D%/heap \
	%D%/options \
	%D%/slab \
	%D%/slab_words \
	%D%/space
if !MEMS_OS_WINDOWS
fuzz_targets += %D%/text
endif

fuzz_sources = %D%/fuzz.h %D%/replay.c
%C%_arena_SOURCES = %D%/arena.c $(fuzz_sources)
%C%_arena_words_SOURCES = %D%/arena_words.c %D%/words.h $(fuzz_sources)
%C%_heap_SOURCES = %D%/heap.c $(fuzz_sources)
%C%_options_SOURCES = %D%/options.c $(fuzz_sources)
%C%_slab_SOURCES = %D%/slab.c $(fuzz_sources)
%C%_slab_words_SOURCES = %D%/slab_words.c %D%/words.h $(fuzz_sources)
%C%_space_SOURCES = %D%/space.c $(fuzz_sources) $(model_sources)
%C%_text_SOURCES = %D%/text.c $(fuzz_sources)

%C%_arena_LDADD = $(core_archive)
%C%_arena_words_LDADD = $(core_archive)
%C%_heap_LDADD = $(core_archive)
%C%_options_LDADD = $(core_archive)
%C%_slab_LDADD = $(core_archive)
%C%_slab_words_LDADD = $(core_archive)
%C%_space_LDADD = $(core_archive)
%C%_text_LDADD = $(core_archive)

check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)

EXTRA_DIST += %D%/afl.c %D%/corpus %D%/fuzz.sh %D%/text.c

FUZZ_SECONDS = 60
FUZZ_TARGETS =
fuzz_run = FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ_TARGETS='$(FUZZ_TARGETS)' \
	MAKE='$(MAKE)' $(SHELL) $(srcdir)/%D%/fuzz.sh $(srcdir) %D%/out

fuzz:
	+$(fuzz_run) libfuzzer

fuzz-afl:
	+$(fuzz_run) afl

fuzz-merge:
	+$(fuzz_run) merge

distclean-local:
	rm -rf %D%/out

.PHONY: fuzz fuzz-afl fuzz-merge
