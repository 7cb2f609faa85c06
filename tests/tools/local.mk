# mems(1), tried on a program.
check_PROGRAMS += %D%/subject
%C%_subject_CFLAGS = $(preload_flags)
%C%_subject_LDADD =
TESTS += %D%/mems.test
EXTRA_DIST += %D%/mems.test
