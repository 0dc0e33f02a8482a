/*
 * hold: the deliveries of an endpoint that is switched off wait; they are never dropped.
 *
 * Whether it is off is decided under a lock on the endpoint, so that nothing is held again that a change of
 * mind released in between; and held rows of an endpoint that is on are released whatever left them so.
 *
 * Two jobs: `hold` says anew in each turn how many rows may be held, `release` makes held rows of endpoints
 * that are on due, a bounded number in a turn.
 */
#ifndef DISPATCHER_HOLD_H
#define DISPATCHER_HOLD_H

#include "dispatcher/dispatcher.h"

/*
 * Holds what waits for the endpoint, within what the turn may still hold of all; the next look finds what is
 * left. Inside a transaction, and never waits for a lock. False: nothing was held, for the endpoint is on
 * again, gone, or being changed just now, because only a test or rows that somebody has locked wait, or
 * because others had all of this turn.
 */
bool hold_rows(struct dispatcher *dispatcher, struct id company, struct id endpoint);

#endif
