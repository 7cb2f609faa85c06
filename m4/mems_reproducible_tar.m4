# MEMS_REPRODUCIBLE_TAR
# Set MEMS_TAR_FLAGS to what makes tar put the same files into the same bytes,
# whoever runs it where; nothing if this tar cannot. The time of all files is
# that in the shell's variable mtime, in a Makefile, or else that of NEWS.
AC_DEFUN([MEMS_REPRODUCIBLE_TAR], [
AC_MSG_CHECKING([whether tar makes the same archive twice])
MEMS_TAR_FLAGS="--format=ustar --sort=name --mode=u=rwX,go=rX \
--owner=0 --group=0 --numeric-owner"
AS_IF([${TAR-tar} -cf - $MEMS_TAR_FLAGS --mtime=@0 config.log >/dev/null 2>&1],
	[AC_MSG_RESULT([yes])
	 AS_VAR_APPEND([MEMS_TAR_FLAGS],
		[' --mtime="$${mtime:-$(abs_srcdir)/NEWS}"'])],
	[AC_MSG_RESULT([no])
	 MEMS_TAR_FLAGS=])
AC_SUBST([MEMS_TAR_FLAGS])
])
