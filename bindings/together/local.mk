# C, JavaScript and Go in one heap: an example, which `make check` runs where
# there are a Node and a Go.

TESTS += %D%/together.test
EXTRA_DIST += \
	%D%/README \
	%D%/build.sh \
	%D%/together.c \
	%D%/together.js \
	%D%/together.test

CLEANFILES += \
	%D%/build/libtogether.h \
	%D%/build/libtogether.so \
	%D%/build/mems.node \
	%D%/build/source/mems.c \
	%D%/build/source/mems.h \
	%D%/build/together.node
