# mems(1), and the options it sets, tried on a program.
if MEMS_PRELOAD
check_PROGRAMS += %D%/subject
%C%_subject_CFLAGS = $(preload_flags)
%C%_subject_LDADD =
TESTS += %D%/mems.test %D%/options.test
endif
EXTRA_DIST += %D%/mems.test %D%/options.test
