# Programs that get libmems-malloc.so by LD_PRELOAD, and what it is tried with.
# They are linked with nothing of ours, and are for C libraries that have all of
# the family.

preload_tests = \
	%D%/family.test \
	%D%/helper.test \
	%D%/loading.test \
	%D%/programs.test

EXTRA_DIST += \
	$(preload_tests) \
	%D%/operators.cpp \
	%D%/plugin.c \
	%D%/preload.sh \
	%D%/throwing.cpp

# The compiler must not leave out a malloc whose block nobody looks at.
preload_flags = $(AM_CFLAGS) -fno-builtin

if MEMS_HAVE_MALLINFO2

preload_programs = \
	%D%/family \
	%D%/helper \
	%D%/loading \
	%D%/moments

%C%_family_SOURCES = %D%/family.c %D%/family.h
%C%_family_CFLAGS = $(preload_flags)
%C%_family_LDADD =
%C%_helper_SOURCES = %D%/helper.c %D%/family.h
%C%_helper_CFLAGS = $(preload_flags)
%C%_helper_LDADD =
%C%_loading_SOURCES = %D%/loading.c %D%/family.h
%C%_loading_CFLAGS = $(preload_flags)
%C%_loading_LDADD =
%C%_moments_SOURCES = %D%/moments.c %D%/family.h
%C%_moments_CFLAGS = $(preload_flags)
%C%_moments_LDADD =

if HAVE_CXX
preload_programs += %D%/operators
%C%_operators_SOURCES = %D%/operators.cpp %D%/family.h
%C%_operators_CXXFLAGS = $(AM_CXXFLAGS) -fno-builtin
%C%_operators_LDADD =
endif

check_PROGRAMS += $(preload_programs)
TESTS += $(preload_tests)

endif
