# SPDX-License-Identifier: ISC
#
# Macros that configure.ac uses more than once.

# CHATD_OPTION(NAME, HELP)
# --enable-NAME, off unless given; sets enable_NAME to yes or no.
AC_DEFUN([CHATD_OPTION],
[AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$2 @<:@no@:>@])], [], [enable_$1=no])
AS_CASE([$enable_$1], [yes|no], [], [AC_MSG_ERROR([--enable-$1 takes yes or no, not '$enable_$1'])])
])

# CHATD_NEED_MODULE(VARIABLE, MODULE, DEBIAN-PACKAGE)
# Sets VARIABLE_CFLAGS and VARIABLE_LIBS by pkg-config, or adds what to install to `missing` and
# `packages`.
AC_DEFUN([CHATD_NEED_MODULE],
[PKG_CHECK_MODULES([$1], [$2], [],
    [missing="$missing, $2"
     packages="$packages $3"])
])

# CHATD_FEATURE(CHECKING, MACRO, DESCRIPTION, PROLOGUE, BODY)
# Defines MACRO to 1 if the program links, and sets chatd_cv_MACRO to yes or no.
AC_DEFUN([CHATD_FEATURE],
[AC_CACHE_CHECK([$1], [chatd_cv_$2],
    [chatd_save_CFLAGS=$CFLAGS
     chatd_save_LIBS=$LIBS
     CFLAGS="$CFLAGS $PTHREAD_CFLAGS"
     LIBS="$PTHREAD_LIBS $LIBS"
     AC_LINK_IFELSE([AC_LANG_PROGRAM([[$4]], [[$5]])], [chatd_cv_$2=yes], [chatd_cv_$2=no])
     CFLAGS=$chatd_save_CFLAGS
     LIBS=$chatd_save_LIBS])
AS_IF([test "$chatd_cv_$2" = yes], [AC_DEFINE([$2], [1], [$3])])
])

# CHATD_SANITIZE(OPTION, SANITIZER)
# If --enable-OPTION was given, adds -fsanitize=SANITIZER to our flags, or fails if that does not link.
AC_DEFUN([CHATD_SANITIZE],
[AS_IF([test "$enable_$1" = yes],
    [AX_CHECK_LINK_FLAG([-fsanitize=$2],
        [AX_APPEND_FLAG([-fsanitize=$2], [CHATD_CFLAGS])
         AX_APPEND_FLAG([-fsanitize=$2], [CHATD_LDFLAGS])
         sanitizers="$sanitizers $2"],
        [AC_MSG_ERROR([--enable-$1: $CC cannot link with -fsanitize=$2 (Debian: its library is in libgcc-*-dev for gcc, in libclang-rt-*-dev for clang)])])])
])

# CHATD_SYS_YEAR2038
# Makes time_t 64 bits wide where it is not and the C library can; AC_SYS_YEAR2038 of autoconf 2.72 does the same.
AC_DEFUN([CHATD_SYS_YEAR2038],
[AC_CACHE_CHECK([for what makes time_t 64 bits wide], [chatd_cv_wide_time],
    [chatd_cv_wide_time=nothing
     m4_pushdef([chatd_wide], [[#include <time.h>
int wide@<:@sizeof(time_t) >= 8 ? 1 : -1@:>@;]])
     AC_COMPILE_IFELSE([AC_LANG_SOURCE([chatd_wide])], [chatd_cv_wide_time="not needed"],
         [AC_COMPILE_IFELSE([AC_LANG_SOURCE([[#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
]chatd_wide])], [chatd_cv_wide_time=_TIME_BITS])])
     m4_popdef([chatd_wide])])
AS_IF([test "$chatd_cv_wide_time" = _TIME_BITS],
    [AC_DEFINE([_TIME_BITS], [64], [Number of bits of time_t, where it can be chosen.])])
])
