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
 * All lanes together have `parallel` transfers in flight. Those that are late do not count, so that the dead
 * take no room from the quick; but with them there are never more than LANES_SLOW_FACTOR times as many.
 *
 * Whose answer brings the next look, beside what wake.h says: of a lane that is `hungry` its own, where one
 * is `squeezed` anybody's. A look says so, of lanes whose rows it had to leave; send.c asks.
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
    LANES_SLOW_FACTOR = 4,
    TENANT_QUICK_PARTS = 3 /* of the free room for quick transfers a company may hold so many times as much */
};

struct tenant {
    struct tenant *next; /* in its bucket */
    struct lanes *all;
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
    bool hungry;        /* rows were due when it, or its company, was full */
    instant rest_until; /* 0: not at rest */
    int failures;       /* in a row, as they came back */
    struct lane_backlog backlog;
};

struct lanes {
    int parallel, highest; /* in flight; of any lane's limit */
    int flying, slow;      /* of all lanes, as of a tenant's */
    bool squeezed;         /* a lane had to wait for room that its company or everyone uses */
    struct give_way give_way;
    struct lane *buckets[LANE_BUCKETS];
    struct tenant *tenants[LANE_BUCKETS];
};

struct lane *lanes_get(struct lanes *lanes, struct id endpoint, struct id company); /* made when new */
void lanes_forget(struct lanes *lanes, instant now); /* those with nothing to remember */
void lanes_release(struct lanes *lanes);

struct room { /* for transfers of anybody; may be below zero */
    int quick, all;
};
struct room lanes_room(const struct lanes *lanes);

int lane_room(const struct lane *lane); /* transfers that may be added */
/* Transfers that its company may add where `quick` and `all` are free for everyone. */
int lane_company_room(const struct lane *lane, int quick, int all);

/* A transfer is claimed, is late, has come back, is written down (or was never sent). */
void lane_take(struct lane *lane);
void lane_slow(struct lane *lane);
void lane_land(struct lane *lane, bool slow);
void lane_settle(struct lane *lane);
/* Whether rows wait for the room that an answer of this lane gives. */
bool lane_is_awaited(const struct lane *lane);

/* How many of a share of `share` are kept for what is tried again while fresh rows wait: a quarter, over the
 * looks of a small share too. */
int lane_retry_part(struct lane *lane, int share);
/* What was failing is asked gently: one transfer, more with each prompt answer. */
void lane_slow_start(struct lane *lane);
void lane_learn(const struct lanes *lanes, struct lane *lane, bool prompt);
void lane_rest(struct lane *lane, instant until);
bool lane_rests(const struct lane *lane, instant now);

#endif
