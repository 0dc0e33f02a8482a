/*
 * lanes: how much of one endpoint is in flight at once.
 *
 * A lane is an endpoint. Each has a limit that moves with what its endpoint shows: one more for every prompt
 * answer, half for every slow or missing one. So a dead endpoint is soon down to one transfer at a time and
 * cannot fill the dispatcher, however many rows wait for it. A lane is also at rest while its endpoint has
 * asked for time (429, Retry-After).
 *
 * A tenant is what the lanes of one company have in flight together. No company takes more than a part of
 * what is still free, so that however many endpoints of one hang, and however many companies do so at once,
 * room is left for the next one that comes (a dynamic threshold, as switches share their buffers).
 *
 * Lanes live in memory only; what a new process forgets it learns again within a few transfers.
 */
#ifndef DISPATCHER_LANES_H
#define DISPATCHER_LANES_H

#include "base/clock.h"
#include "base/id.h"
#include "dispatcher/give_way.h"

#include <stdbool.h>

enum {
    LANE_BUCKETS = 1024,
    LANE_FIRST_LIMIT = 8,
    TENANT_QUICK_PARTS = 3 /* of the free room for quick transfers a company may hold so many times as much */
};

struct tenant {
    struct tenant *next; /* in its bucket */
    struct id company;
    int lanes;  /* that point here */
    int flying; /* of all its lanes */
    int slow;   /* … for longer than a healthy answer takes */
};

struct lane {
    struct lane *next; /* in its bucket */
    struct id endpoint;
    struct tenant *tenant;
    int flying;    /* claimed or in flight */
    int unsettled; /* claimed, in flight, or come back and not yet written down */
    int limit;
    unsigned int turn;  /* counts looks, so that retries get their part of a small share */
    bool ailing;        /* its stored health tells of failures, so that a success is news */
    bool hungry;        /* rows were due when it was full */
    instant rest_until; /* 0: not at rest */
    int failures;       /* in a row, as they came back */
    struct lane_backlog backlog;
};

struct lanes {
    int highest; /* of any limit */
    struct lane *buckets[LANE_BUCKETS];
    struct tenant *tenants[LANE_BUCKETS];
};

struct lane *lanes_get(struct lanes *lanes, struct id endpoint, struct id company); /* made when new */
void lanes_forget(struct lanes *lanes, instant now); /* those with nothing to remember */
void lanes_release(struct lanes *lanes);

int lane_room(const struct lane *lane); /* transfers that may be added */
/* Transfers that its company may add where `quick` and `all` are free for everyone. */
int lane_company_room(const struct lane *lane, int quick, int all);

/* A transfer is claimed, is late, has come back, is written down (or was never sent). */
void lane_take(struct lane *lane);
void lane_slow(struct lane *lane);
void lane_land(struct lane *lane, bool slow);
void lane_settle(struct lane *lane);

/* How many of a share of `share` are kept for what is tried again while fresh rows wait: a quarter, over the
 * looks of a small share too. */
int lane_retry_part(struct lane *lane, int share);
/* What was failing is asked gently: one transfer, more with each prompt answer. */
void lane_slow_start(struct lane *lane);
void lane_learn(const struct lanes *lanes, struct lane *lane, bool prompt);
void lane_rest(struct lane *lane, instant until);
bool lane_rests(const struct lane *lane, instant now);

#endif
