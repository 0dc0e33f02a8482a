/*
 * settle: writes down what came of the transfers, in batches: attempts, deliveries, endpoints.
 *
 * A transfer is let go only once that is committed. A batch whose commit was not answered is settled again,
 * the very same; one with a row that the database cannot take is settled row by row, and only that row is
 * given up: its lease runs out and it is sent again.
 *
 * The job `settle` is over when nothing is in flight and all is written down.
 */
#ifndef DISPATCHER_SETTLE_H
#define DISPATCHER_SETTLE_H

#include "dispatcher/dispatcher.h"

/* It has come back, or could not be sent. */
void settle_take(struct dispatcher *dispatcher, struct transfer *transfer);

#endif
