/*
 * health: what the answers of an endpoint say of it, over time. The rules are pure, in health_rules.c;
 * health.c reads and writes them and tells of them.
 *
 * - The breaker: after BREAKER_FAILURES failures in a row nothing is sent for BREAKER_FIRST, then one probe;
 * each probe that fails doubles the pause, up to BREAKER_LONGEST; any success closes it. It is stored,
 * because each minute's new process must know. What waits for it uses up no attempt. An endpoint that asks
 * for time (Retry-After) is left alone in the same way, without having failed.
 * - Failing: from the first failure after a success. At 50, 70 and 90 percent of the days until the endpoint
 * is switched off there is a warning, once each; at 100 percent it is switched off. An endpoint that is
 * seldom written to may come there unwarned: it gets its warning, and the last tenth of the way from then on.
 * - Recovered: the first success after a warning, after it was switched off, or after the breaker had come to
 * its longest pause.
 *
 * Only what the endpoint did comes here: no fault of ours, no test send, no wait.
 */
#ifndef DISPATCHER_HEALTH_H
#define DISPATCHER_HEALTH_H

#include "base/clock.h"
#include "dispatcher/dispatcher.h"

enum { BREAKER_FAILURES = 10, BREAKER_FIRST = 10 * CLOCK_SECOND, BREAKER_LONGEST = 5 * CLOCK_MINUTE };

/* Later than a transfer that was under way when the longest rest that an endpoint may ask for began; a moment
 * further off is from a clock that was turned back. */
#define BREAKER_FURTHEST (CLOCK_HOUR + CLOCK_MINUTE)

/* It was switched on again after news of it; that it works is still to be told. */
enum { HEALTH_TOLD = 100 };

struct health {
    instant failing_since; /* the first failure since the last success; 0: not failing */
    int warned;            /* percent last warned of; or HEALTH_TOLD */
    int failures;          /* in a row, as the breaker counts them */
    instant breaker_until; /* nothing is sent before, one probe after; 0: closed */
};

enum health_news { HEALTH_NOTHING, HEALTH_FAILING, HEALTH_EXPIRED, HEALTH_RECOVERED };

struct health_attempt {
    bool succeeded;
    instant started_at, now;
    instant disable_after; /* the whole way to being switched off */
};

/* Counts one attempt; what is to be told. HEALTH_FAILING: `health->warned` is the percent. HEALTH_RECOVERED:
 * `*was_warned` says whether anyone had been warned. */
enum health_news health_count(struct health *health, const struct health_attempt *attempt, bool *was_warned);

enum breaker { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

/* A stored moment that no rule could have set (the clock was turned back) keeps nothing closed. */
enum breaker health_breaker(const struct health *health, instant now);

/* Whether a success would change anything. */
bool health_is_ailing(const struct health *health);

/* ---- in the settling's transaction ---- */

struct tally { /* one endpoint's part of a batch */
    struct lane *lane;
    struct id company;
    int64_t successes, failures;
    int status;
    instant attempt_at, success_at; /* 0: none */
    const char *disable;            /* why it is to be switched off, in one sentence; NULL: it is not */
    bool is_examined;               /* `health` is as it is after the batch */
    bool is_expired;                /* it went the whole way without a success */
    struct health health;
    bool told; /* an event was emitted: the dispatcher looks again soon */
};

/* Replays the batch's attempts of one endpoint on its stored health and emits what is to be told. The
 * endpoint's row must be locked already; it may ask for the endpoint to be switched off. */
void health_settle(struct dispatcher *dispatcher, struct tally *tally, struct transfer *const *transfers,
                   size_t count);

/* Where it was asked for: switches the endpoint off, holds what waits and tells everyone, once. */
void health_disable(struct dispatcher *dispatcher, struct tally *tally);

/* After the commit: what the lane remembers. */
void health_settled(struct tally *tally);

#endif
