/*
 * partitions: events and attempts by day, and how a day goes when it is old.
 *
 * The tables have a partition for today and some days ahead, so that a day is dropped whole, in a moment and
 * without a trace in the others. Days are of UTC and of the real clock, as ids are.
 *
 * A day of attempts goes after `retention_days`. A day of events goes then too, with its settled deliveries,
 * unless one of its deliveries still waits (pending, retrying or held); such a day is kept until
 * `retention_held_days`, when what still waits is given up. Deliveries are swept row by row, some hundred in
 * a turn of the loop, as they are no part of a day: only then is the day dropped.
 *
 * Adding and dropping need the table for themselves for a moment. Where it is in use (a backup holds it for
 * an hour, a booking for some milliseconds) nobody waits: the next housekeeping tries again. Only what is
 * overdue by a day or more waits for the table, a second or two, once in a housekeeping.
 */
#ifndef DISPATCHER_PARTITIONS_H
#define DISPATCHER_PARTITIONS_H

#include "dispatcher/dispatcher.h"

/* Once a minute, by the leader: adds days, drops attempts, starts a sweep where there are days to go. A step
 * for dispatcher_guarded. */
void partitions_keep(struct dispatcher *dispatcher);

bool partitions_sweep_is_due(const struct dispatcher *dispatcher);
bool partitions_sweep_is_over(const struct dispatcher *dispatcher);
/* One step of the sweep: some deliveries, and in the end the days without any. A step for dispatcher_guarded.
 */
void partitions_sweep(struct dispatcher *dispatcher);

#endif
