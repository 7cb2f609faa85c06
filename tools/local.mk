# mems(1). It is a program like others: it may use all of libc.
bin_PROGRAMS += %D%/mems
%C%_mems_CPPFLAGS = $(AM_CPPFLAGS) -DMEMS_LIBDIR='"$(libdir)"'
