/*
 * money: integers in minor units plus an ISO 4217 currency; decimal major units only at the door.
 */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#define MONEY_MAX ((int64_t)100000000000) /* minor units either way */

int money_exponent(
    const char *currency); /* 2 for USD, 0 for JPY, 3 for KWD; -1 for no currency of ISO 4217 */
/* 75.5 USD → 7550. False when negative, too large, or finer than the currency's minor unit. */
bool money_from_major(int64_t *minor, double major, const char *currency);
double money_to_major(int64_t minor, const char *currency); /* 7550 USD → 75.5 */

#endif
