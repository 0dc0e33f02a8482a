/*
 * left: what a dispatcher left behind. Whoever settles a delivery clears its fence, so one that is due with a
 * fence was claimed before and never settled: its dispatcher was killed, or could not write to the database.
 * That request may well have been received. Whoever takes such a fence away logs it: the claim that finds the
 * delivery due, or what releases it, sends it again or gives it up before.
 */
#ifndef RULES_DELIVERY_LEFT_H
#define RULES_DELIVERY_LEFT_H

#include "db/db.h"

/* Of a row with `leased_until`: when the lease ended under which it was left; NULL: it was not. */
bool left_behind(const struct row *row);

/* Logs an attempt for each of the rows (`id`, `requests`, `leased_until`) that was left behind, and counts it
 * among the row's requests; inside the transaction that locked them. Where there is none the database is not
 * asked. */
void left_log(struct db *db, struct pool *pool, struct id company, struct rows rows);

#endif
