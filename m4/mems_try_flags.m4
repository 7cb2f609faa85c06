# MEMS_TRY_CFLAGS(VARIABLE, FLAGS)
# Append to VARIABLE those of FLAGS that the C compiler takes without a word.
AC_DEFUN([MEMS_TRY_CFLAGS], [
for mems_flag in m4_normalize([$2]); do
	AC_MSG_CHECKING([whether $CC takes $mems_flag])
	mems_saved_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS $mems_flag -Werror"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[typedef int empty;]])],
		[AC_MSG_RESULT([yes])
		 AS_VAR_APPEND([$1], [" $mems_flag"])],
		[AC_MSG_RESULT([no])])
	CFLAGS=$mems_saved_CFLAGS
done
])

# MEMS_TRY_LDFLAG(VARIABLE, FLAG)
# Append FLAG to VARIABLE if shared libraries can be linked with it.
AC_DEFUN([MEMS_TRY_LDFLAG], [
AC_MSG_CHECKING([whether $CC links with $2])
mems_saved_LDFLAGS=$LDFLAGS
LDFLAGS="$LDFLAGS -shared $2"
AC_LINK_IFELSE([AC_LANG_SOURCE([[typedef int empty;]])],
	[AC_MSG_RESULT([yes])
	 AS_VAR_APPEND([$1], [" $2"])],
	[AC_MSG_RESULT([no])])
LDFLAGS=$mems_saved_LDFLAGS
])

# MEMS_INSTRUMENT(FLAG, [COMPILER-FLAGS])
# Compile and link everything of ours, in C and in C++, with FLAG, and compile
# it with COMPILER-FLAGS. It was asked for: stop if the compiler has it not.
AC_DEFUN([MEMS_INSTRUMENT], [
AC_MSG_CHECKING([whether $CC makes programs with $1])
mems_saved_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS $1 $2"
AC_LINK_IFELSE([AC_LANG_PROGRAM],
	[AC_MSG_RESULT([yes])],
	[AC_MSG_RESULT([no])
	 AC_MSG_ERROR([$CC makes no programs with $1])])
CFLAGS=$mems_saved_CFLAGS
AS_VAR_APPEND([MEMS_CFLAGS], [" $1 $2"])
AS_VAR_APPEND([MEMS_CXXFLAGS], [" $1 $2"])
AS_VAR_APPEND([MEMS_LDFLAGS], [" $1"])
])
