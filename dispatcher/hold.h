/*
 * hold: the deliveries of an endpoint that is switched off wait; they are never dropped.
 */
#ifndef DISPATCHER_HOLD_H
#define DISPATCHER_HOLD_H

#include "dispatcher/dispatcher.h"

/* Holds the endpoint's pending rows, a bounded number at a time; the next look finds what is left. */
void hold_rows(struct dispatcher *dispatcher, struct id company, struct id endpoint);

#endif
