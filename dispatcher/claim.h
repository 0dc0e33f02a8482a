/*
 * claim: finds the lanes with due rows and leases as many rows as may be sent now.
 */
#ifndef DISPATCHER_CLAIM_H
#define DISPATCHER_CLAIM_H

#include "dispatcher/dispatcher.h"

/* One look: fills `claimed`. A step for dispatcher_guarded; after a failure call claim_forget. */
void claim_look(struct dispatcher *dispatcher);
/* Gives back what was claimed, but for tests whose lease is committed: they are still to be sent. Should a
 * commit have come to pass without its answer, the lease runs out by itself. */
void claim_forget(struct dispatcher *dispatcher);

/* Something may be due: look as soon as that is not too soon after the last look. */
void claim_soon(struct dispatcher *dispatcher);
/* When the next look is due; INT64_MAX while there is no room for another transfer. */
int64_t claim_due_at(const struct dispatcher *dispatcher);

#endif
