/*
 * hold: the deliveries of an endpoint that is switched off wait; they are never dropped.
 *
 * Whether it is off is decided under a lock on the endpoint, so that nothing is held again that a change of
 * mind released in between; and held rows of an endpoint that is on are released whatever left them so.
 */
#ifndef DISPATCHER_HOLD_H
#define DISPATCHER_HOLD_H

#include "dispatcher/dispatcher.h"

/* A new turn: again some rows may be held. Logs what the last one held, or tried to before the database
 * failed. */
void hold_begin(struct dispatcher *dispatcher);
/*
 * Holds what waits for the endpoint, within what the turn may still hold of all; the next look finds what is
 * left. Inside a transaction, and never waits for a lock. False: nothing was held, for the endpoint is on
 * again, gone, or being changed just now, because only a test or rows that somebody has locked wait, or
 * because others had all of this turn.
 */
bool hold_rows(struct dispatcher *dispatcher, struct id company, struct id endpoint);

/* Whether it is time to look for held rows that may go; sets the next time. */
bool hold_release_is_due(struct dispatcher *dispatcher);
/* Makes held rows of endpoints that are on due, a bounded number in a turn. A step for dispatcher_guarded. */
void hold_release(struct dispatcher *dispatcher);

#endif
