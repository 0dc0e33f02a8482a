/*
 * left: what a dispatcher left behind. Whoever settles a row clears its fence, so a row that comes due with
 * one was claimed before and never settled: its dispatcher was killed, or could not write to the database.
 * That request may well have been received, and is logged by the claim that finds its row.
 */
#ifndef DISPATCHER_LEFT_H
#define DISPATCHER_LEFT_H

#include "dispatcher/dispatcher.h"

/* Of a row with `leased_until`: when the lease ended under which it was left; NULL: it was not. */
bool left_behind(const struct row *row);

/* Logs an attempt for each of the rows that was left behind, and counts it among the row's requests; inside
 * the transaction that locked them. Where there is none the database is not asked. */
void left_log(struct dispatcher *dispatcher, struct id company, struct rows rows);

#endif
