# MEMS_VERSION_SCRIPT(MAP, REGEX)
# Have MEMS_LIB_LDFLAGS export the symbols that MAP, a file in the source tree,
# lists under their versions; where the linker knows no version scripts, those
# that match REGEX. Sets mems_exports to say which.
AC_DEFUN([MEMS_VERSION_SCRIPT], [
AC_MSG_CHECKING([whether the linker takes a version script])
cat >conftest.map <<'END'
CONFTEST_0 {
	global: conftest;
	local: *;
};
END
mems_saved_LDFLAGS=$LDFLAGS
LDFLAGS="$LDFLAGS -shared -Wl,--version-script=conftest.map"
# That for Windows takes one and then exports what it likes.
AC_LINK_IFELSE([AC_LANG_SOURCE([[
#ifdef _WIN32
#error "none"
#endif
int conftest;]])],
	[AC_MSG_RESULT([yes])
	 mems_exports=$1
	 MEMS_LIB_LDFLAGS='-Wl,--version-script=$(top_srcdir)/$1'],
	[AC_MSG_RESULT([no])
	 mems_exports='$2'
	 MEMS_LIB_LDFLAGS="-export-symbols-regex '$2'"])
LDFLAGS=$mems_saved_LDFLAGS
rm -f conftest.map
])
