/*
 * settle_rules: what an answer means for its delivery and its endpoint. Pure: no database, no network.
 *
 * - 2xx: delivered. Anything else: again after the format's delay, until its schedule ends: failed for good.
 * - 429, 503 with Retry-After, and faults of our own (no memory, no sockets, shutdown) do not use up an
 *   attempt, but only until the delivery is UNCOUNTED_AGE old; then they count, so that none goes on for
 * ever.
 * - Retry-After (seconds or an HTTP date, at most RETRY_AFTER_LONGEST) is never undercut.
 * - 410, or the response header `webhook-delivery: disable`, switches the endpoint off; a delivery that did
 *   not succeed is then held, never dropped.
 */
#ifndef DISPATCHER_SETTLE_RULES_H
#define DISPATCHER_SETTLE_RULES_H

#include "core/clock.h"
#include "partners/partner.h"

#include <stdbool.h>

#define UNCOUNTED_AGE       (5 * CLOCK_DAY)
#define RETRY_AFTER_LONGEST CLOCK_DAY

enum answer_kind {
    ANSWER_HTTP, /* a whole answer with a status */
    ANSWER_NONE, /* no answer or only part of one: refused, timed out, broken off */
    ANSWER_OURS  /* a fault of ours: nothing is known of the endpoint */
};

struct answer {
    enum answer_kind kind;
    int status;              /* 0: none */
    const char *retry_after; /* the header's text, or NULL */
    bool disable;            /* the header `webhook-delivery: disable` */
};

struct course { /* how far a delivery has come */
    const struct partner *partner;
    int attempts; /* that counted, before this one */
    instant created_at;
};

struct verdict {
    const char *state;   /* of the delivery: delivered, pending, failed or held */
    int attempts;        /* that count, with this one */
    instant due_at;      /* the next attempt, when pending */
    const char *disable; /* why the endpoint is switched off; NULL: it is not */
    instant rest_until;  /* the endpoint asked for time; 0: it did not */
};

struct verdict settle_decide(const struct answer *answer, const struct course *course, instant now);

bool settle_succeeded(const struct answer *answer);

/* The delay in milliseconds that the header asks for, capped to 0..RETRY_AFTER_LONGEST; false when it is
 * malformed. */
bool settle_retry_after(const char *text, instant now, int64_t *delay);

#endif
