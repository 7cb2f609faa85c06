# Programs that commit crimes on libmems-malloc-hardened.so.
if MEMS_PRELOAD
check_PROGRAMS += %D%/crimes
%C%_crimes_CFLAGS = $(preload_flags)
%C%_crimes_LDADD =
TESTS += %D%/hardened.test
endif
EXTRA_DIST += %D%/hardened.test
