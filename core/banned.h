/*
 * banned: functions that must not be called anywhere in the house.
 *
 * Force-included into every translation unit by the build, so a call fails to compile. The reasons: unbounded
 * writes (strcpy …), hidden state (strtok, localtime …), a shell (system, popen), silent failure (atoi …).
 */
#ifndef CORE_BANNED_H
#define CORE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
#pragma GCC poison localtime localtime_r gmtime ctime asctime ctime_r asctime_r mktime
#pragma GCC poison system popen atoi atol atoll atof rand srand mysql_query mysql_real_escape_string

#endif
