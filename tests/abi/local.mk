# The gate for the binary interface, which is described here as x86-64 has it.

TESTS += %D%/gate.test
EXTRA_DIST += %D%/gate.sh %D%/gate.test %D%/headers.abi %D%/library.abi \
	%D%/version-info.txt

# make check-abi  is -version-info right for what changed since the description?
# make abi        describe it anew, as it is after a release
abi_gate = CC='$(CC)' CPPFLAGS='-I$(top_builddir)/include \
	-I$(top_srcdir)/include' $(SHELL) $(srcdir)/%D%/gate.sh
abi_of = $(srcdir)/%D% $(MEMS_VERSION_INFO) lib/$(MEMS_OBJDIR)/libmems.so \
	$(srcdir)/include/mems.h $(srcdir)/include/mems/*.h

check-abi: lib/libmems.la
	$(abi_gate) check $(abi_of)

abi: lib/libmems.la
	$(abi_gate) renew $(abi_of)

.PHONY: check-abi abi
