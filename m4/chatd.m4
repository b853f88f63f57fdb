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
