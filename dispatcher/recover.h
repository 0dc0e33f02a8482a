/*
 * recover: sending again what an endpoint missed, as people ask for it (handlers/recoveries.c).
 *
 * A running recovery walks the company's events by their ids from `cursor_id` on. Once a second it makes up
 * to `rate` deliveries due: those that are missing, those that had failed, or both. A delivery's id follows
 * from event and endpoint, and cursor, count and deliveries are of one transaction: whoever is killed,
 * nothing is lost or made twice.
 */
#ifndef DISPATCHER_RECOVER_H
#define DISPATCHER_RECOVER_H

#include "dispatcher/dispatcher.h"

/* Some of them had no step yet in this round. */
bool recover_is_under_way(const struct dispatcher *dispatcher);
bool recover_is_due(const struct dispatcher *dispatcher);
/* A step of the next few recoveries, each guarded on its own: one that fails keeps no other from going on. */
void recover_some(struct dispatcher *dispatcher);

#endif
