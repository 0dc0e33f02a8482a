/*
 * banned: functions that must not be called anywhere in the house.
 *
 * Force-included into every translation unit by the build, together with -Werror=deprecated-declarations: a
 * call fails to compile. The reasons: unbounded writes (strcpy …), hidden state (strtok, localtime …), a
 * shell (system, popen), silent failure (atoi …), bad randomness (rand). What other libraries' headers make
 * of these names is their own affair, so the names are marked, not poisoned. SQL outside prepared
 * statements is banned by tests/gates.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdarg.h>
#include <stddef.h>

#define BANNED __attribute__((deprecated("is banned: see base/banned.h")))

/* Before the C library's headers, which may define these inline: clang takes a mark only ahead of that. */
extern char *strcpy(char *, const char *) BANNED;
extern char *strcat(char *, const char *) BANNED;
extern char *strncpy(char *, const char *, size_t) BANNED;
extern char *strncat(char *, const char *, size_t) BANNED;
extern int sprintf(char *, const char *, ...) BANNED;
extern int vsprintf(char *, const char *, va_list) BANNED;
extern int atoi(const char *) BANNED;
extern long atol(const char *) BANNED;
extern long long atoll(const char *) BANNED;
extern double atof(const char *) BANNED;

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern char *strtok(char *, const char *) BANNED;
extern struct tm *localtime(const time_t *) BANNED;
extern struct tm *localtime_r(const time_t *, struct tm *) BANNED;
extern struct tm *gmtime(const time_t *) BANNED;
extern struct tm *gmtime_r(const time_t *, struct tm *) BANNED;
extern char *asctime(const struct tm *) BANNED;
extern char *ctime(const time_t *) BANNED;
extern time_t mktime(struct tm *) BANNED;
extern int system(const char *) BANNED;
extern FILE *popen(const char *, const char *) BANNED;
extern int rand(void) BANNED;
extern void srand(unsigned) BANNED;

#endif
