/*
 * housekeeping: what has had its time is swept once a minute, by the leader alone, a little in each turn, so
 * that no webhook waits for it. What fills days is partitions.c's.
 */
#ifndef DISPATCHER_HOUSEKEEPING_H
#define DISPATCHER_HOUSEKEEPING_H

#include "dispatcher/dispatcher.h"

bool housekeeping_is_due(const struct dispatcher *dispatcher);
/* Whether the first round of all is over. */
bool housekeeping_is_over(const struct dispatcher *dispatcher);
void housekeeping_keep(struct dispatcher *dispatcher);

#endif
