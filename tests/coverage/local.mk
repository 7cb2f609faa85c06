# make coverage  run the tests in C in a build of its own, ./coverage, and tell
#                which lines and branches of lib/ they ran; gcc has gcov for it
coverage_tests = $(api_tests) $(misuse_tests) $(model_tests) $(posix_tests) \
	$(unit_tests) $(posix_unit_tests) $(preload_tests) \
	tests/hardened/hardened.test tests/tools/mems.test \
	tests/tools/options.test

coverage:
	@CC='$(CC)' AWK='$(AWK)' MAKE='$(MAKE)' TESTS='$(coverage_tests)' \
		$(SHELL) $(srcdir)/%D%/measure.sh '$(abs_top_srcdir)'

.PHONY: coverage

EXTRA_DIST += %D%/measure.sh %D%/report.awk %D%/uncovered.txt
