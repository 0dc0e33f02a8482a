/*
 * settle_rules: what an answer means for its delivery and its endpoint. Pure: no database, no network.
 *
 * - 2xx: delivered. Anything else: again after the format's delay, until its schedule ends: failed for good.
 * - 429, 503 with Retry-After, and faults of our own (no memory, no sockets, shutdown) do not use up an
 *   attempt, but only until the delivery is UNCOUNTED_AGE old; then they count, so that none goes on for
 *   ever.
 * - A name that cannot be looked up, or a network without a way there, may be our fault or the endpoint's;
 *   nobody tells us which. It does not count until the delivery is UNREACHED_AGE old: a resolver of ours that
 *   is away for a day costs nothing, a name that is gone for good ends the schedule a day later.
 * - What is useless from some moment on (a reminder, from the start of its booking) is not tried again then.
 * - Retry-After (seconds or an HTTP date, at most RETRY_AFTER_LONGEST) is never undercut.
 * - The response header `webhook-delivery: abort` (or `abort-message`) gives up this delivery; the endpoint
 * stays.
 * - A test send is tried once, and switches nothing off.
 * - 410, or the response header `webhook-delivery: disable`, switches the endpoint off; a delivery that did
 *   not succeed is then held, never dropped.
 */
#ifndef DISPATCHER_SETTLE_RULES_H
#define DISPATCHER_SETTLE_RULES_H

#include "base/clock.h"
#include "courier/courier.h"
#include "partners/partner.h"

#include <stdbool.h>

#define UNCOUNTED_AGE       (5 * CLOCK_DAY)
#define UNREACHED_AGE       CLOCK_DAY
#define RETRY_AFTER_LONGEST CLOCK_DAY

struct answer {
    enum answer_kind kind;
    int status;              /* 0: none */
    const char *retry_after; /* the header's text, or NULL */
    bool disable;            /* the header `webhook-delivery: disable` */
    bool abort;              /* … or `abort` */
};

struct course { /* how far a delivery has come */
    const struct partner *partner;
    int attempts;    /* that counted, before this one */
    int retry_limit; /* attempts at most, where the endpoint asks for fewer than the schedule; 0: none */
    instant created_at;
    instant useless_at; /* nothing is sent from then on; 0: it never is useless */
    bool is_test;
};

struct verdict {
    const char *state;   /* of the delivery: delivered, retrying, failed or held */
    int attempts;        /* that count, with this one */
    instant due_at;      /* the next attempt, when retrying */
    const char *disable; /* why the endpoint is switched off; NULL: it is not */
    instant rest_until;  /* the endpoint asked for time; 0: it did not */
};

struct verdict settle_decide(const struct answer *answer, const struct course *course, instant now);

/* Whether the endpoint's counters and health tell of the attempt; a fault that may be ours says nothing of
 * it, a test is none of its deliveries. */
bool settle_concerns_endpoint(const struct answer *answer, const struct course *course,
                              const struct verdict *verdict);

bool settle_succeeded(const struct answer *answer);

/* Whether the endpoint failed by its own doing: what used up an attempt. 429 is a wish for time, not a
 * failure. */
bool settle_failed(const struct answer *answer, const struct course *course, const struct verdict *verdict);

/* The delay in milliseconds that the header asks for, capped to 0..RETRY_AFTER_LONGEST; false when it is
 * malformed. */
bool settle_retry_after(const char *text, instant now, int64_t *delay);

#endif
