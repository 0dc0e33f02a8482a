/*
 * reminders: 24 h, 1 h and 15 min before a booking starts.
 *
 * One row per (booking, kind, start). Planned in the transaction that books or moves; a moment that has
 * already passed is never planned. Sent when due ≤ now and not yet settled; the booking is read again then;
 * of several kinds that came due while nobody looked only the latest is sent; nothing is sent at or after the
 * start.
 */
#ifndef RULES_BOOKING_REMINDERS_H
#define RULES_BOOKING_REMINDERS_H

#include "db/db.h"

struct reminder_kind {
    const char *kind;  /* 24h */
    const char *label; /* 24 hours */
    instant before;
};
extern const struct reminder_kind reminder_kinds[]; /* the longest first, ended by a NULL kind */

void reminders_plan(struct db *db, struct id company, struct id booking, instant starts_at, instant now);
void reminders_void(struct db *db, struct id company, struct id booking, instant now);

enum { REMINDERS_ASIDE = 64 };

struct reminder_round {        /* rows belong to the pool */
    size_t sent;               /* and committed */
    const struct row *in_hand; /* being written, so that after a fault it is known which it was; else NULL */
    const struct row *aside[REMINDERS_ASIDE]; /* met a fault before: left out, still due */
    size_t aside_count;
};

/*
 * Settles up to `limit` due reminders in one transaction of its own: emits booking.reminder events
 * and marks rows sent, skipped or void. Several processes may run it at once. Returns how many rows it
 * settled; 0: none is due. Adds to `round->sent`.
 */
size_t reminders_run(struct db *db, struct pool *pool, instant now, size_t limit,
                     struct reminder_round *round);

/* Leaves the reminder in hand out from now on, and forgets what was sent before; false: there are too many
 * already. */
bool reminders_set_aside(struct reminder_round *round);

/* Marks those that were set aside skipped, in the words of the log. */
void reminders_skip(struct db *db, const struct reminder_round *round, instant now);

/*
 * The booking is read again whenever its reminder is about to go out: false once it has started, moved or
 * ended, or a later kind's moment has come. `*starts_at` is its start. An example event, which is of no
 * booking, may always go: 0.
 */
bool reminders_may_send(struct db *db, struct pool *pool, struct id company, struct id event, instant now,
                        instant *starts_at);

#endif
