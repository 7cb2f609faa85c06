# The manual and the guides as a site of plain files, by mandoc: `make html`
# makes it in html/. `make check-html` has Chromium look whether its pages fit
# into a window on a desk and in a hand.

noinst_PROGRAMS += %D%/pictures
%C%_pictures_LDADD = lib/libmems.la

TESTS += %D%/site.test
EXTRA_DIST += \
	%D%/build.sh \
	%D%/check.awk \
	%D%/finish.awk \
	%D%/guide.awk \
	%D%/look.sh \
	%D%/page.awk \
	%D%/site.test \
	%D%/style.css

html-local: examples/draw$(EXEEXT) %D%/pictures$(EXEEXT)
	$(AM_V_GEN)$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/%D%/build.sh html

check-html: html
	$(SHELL) $(srcdir)/%D%/look.sh html

clean-local: clean-html
clean-html:
	rm -rf html

.PHONY: check-html clean-html
