/*
 * pace: how much an endpoint may be sent just now, by its breaker and its rate limit. Both wait without using
 * up an attempt, and both are stored, so that each minute's new process knows.
 *
 * The rate is counted in fixed windows of an hour from the first send on. What is spent is written in the
 * claim's transaction, so that several dispatchers together keep to it.
 */
#ifndef DISPATCHER_PACE_H
#define DISPATCHER_PACE_H

#include "dispatcher/health.h"

#define PACE_WINDOW CLOCK_HOUR

struct pace {
    bool limited;
    int left; /* deliveries that may be sent now */
    int used; /* in the window, before */
    instant window_at;
};

/* By the endpoint's row as claimed; notes on the lane how it is, and lets it start slowly behind a breaker.
 */
enum breaker pace_breaker(struct lane *lane, const struct row *endpoint, instant now);

/* The lane rests where nothing is left, or somebody is changing the endpoint just now. */
struct pace pace_read(struct dispatcher *dispatcher, struct lane *lane, struct id company,
                      const struct row *endpoint, instant now);
void pace_spend(struct dispatcher *dispatcher, const struct lane *lane, struct id company,
                const struct pace *pace, int sent);

#endif
