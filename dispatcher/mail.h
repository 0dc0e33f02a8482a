/*
 * mail: gives due messages to the courier, a few at a time.
 *
 * As deliveries, messages are leased and fenced; what a killed dispatcher had in hand comes due again, with
 * the same Message-ID. A mail that is not taken is tried again after 1 and 5 minutes, half an hour, 2, 8 and
 * 24 hours, then given up; where the fault is not the mail's (no server, no login), once a day until it is
 * MAIL_AGE old. While the server cannot be used at all one mail alone tries it, after a rest, and the others
 * lose nothing.
 */
#ifndef DISPATCHER_MAIL_H
#define DISPATCHER_MAIL_H

#include "dispatcher/dispatcher.h"

#define MAIL_AGE (5 * CLOCK_DAY)

void mail_init(struct dispatcher *dispatcher);
void mail_release(struct dispatcher *dispatcher); /* the courier has none any more */

/* Settles what came back, claims and starts what is due; what the courier broke off comes due again at once.
 */
void mail_run(struct dispatcher *dispatcher);

bool mail_is_idle(const struct dispatcher *dispatcher);   /* nothing in hand */
bool mail_has_work(const struct dispatcher *dispatcher);  /* more is due and may be sent now */
int64_t mail_due_at(const struct dispatcher *dispatcher); /* when to call mail_run again */

#endif
