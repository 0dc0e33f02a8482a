/*
 * look: finds the lanes with due rows, decides which of them are served now and how much each may have, and
 * when to look again.
 *
 * A look goes over all lanes, five times a second at least, or only over those of the companies for which
 * somebody has poked: so what came just now waits for no other lane, however many there are.
 */
#ifndef DISPATCHER_LOOK_H
#define DISPATCHER_LOOK_H

#include "dispatcher/dispatcher.h"

/* One look: fills `claimed`. A step for dispatcher_guarded; after a failure call claim_forget. */
void look_now(struct dispatcher *dispatcher);

/* Something may be due: look over all lanes as soon as that is not too soon after the last time. */
void look_soon(struct dispatcher *dispatcher);
/* Something of this company may be due; nil: of anybody. */
void look_poked(struct dispatcher *dispatcher, struct id company);
/* When the next look is due; INT64_MAX while there is no room for another transfer. */
int64_t look_due_at(const struct dispatcher *dispatcher);

#endif
