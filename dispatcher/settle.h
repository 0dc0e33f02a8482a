/*
 * settle: writes down what came of the transfers, in batches: attempts, deliveries, endpoints.
 */
#ifndef DISPATCHER_SETTLE_H
#define DISPATCHER_SETTLE_H

#include "dispatcher/dispatcher.h"

/* When the next batch is due, by clock_monotonic(); INT64_MAX: nothing has come back. */
int64_t settle_due_at(const struct dispatcher *dispatcher);
bool settle_is_due(const struct dispatcher *dispatcher);
/* Settles one batch of `done`; what fails stays there for the next turn. */
void settle_done(struct dispatcher *dispatcher);

#endif
