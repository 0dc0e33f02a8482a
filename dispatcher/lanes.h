/*
 * lanes: how much of one endpoint is in flight at once.
 *
 * A lane is an endpoint. Each has a limit that moves with what its endpoint shows: one more for every prompt
 * answer, half for every slow or missing one. So a dead endpoint is soon down to one transfer at a time and
 * cannot fill the dispatcher, however many rows wait for it. A lane is also at rest while its endpoint has
 * asked for time (429, Retry-After).
 *
 * Lanes live in memory only; what a new process forgets it learns again within a few transfers.
 */
#ifndef DISPATCHER_LANES_H
#define DISPATCHER_LANES_H

#include "core/clock.h"
#include "core/id.h"

#include <stdbool.h>

enum { LANE_BUCKETS = 1024, LANE_FIRST_LIMIT = 8 };

struct lane {
    struct lane *next; /* in its bucket */
    struct id endpoint;
    int flying; /* claimed or in flight */
    int limit;
    bool hungry;        /* rows were due when it was full */
    instant rest_until; /* 0: not at rest */
};

struct lanes {
    int highest; /* of any limit */
    struct lane *buckets[LANE_BUCKETS];
};

struct lane *lanes_get(struct lanes *lanes, struct id endpoint); /* made when new */
void lanes_forget(struct lanes *lanes, instant now);             /* those with nothing to remember */
void lanes_release(struct lanes *lanes);

int lane_room(const struct lane *lane); /* transfers that may be added */
void lane_learn(const struct lanes *lanes, struct lane *lane, bool prompt);
void lane_rest(struct lane *lane, instant until);
bool lane_rests(const struct lane *lane, instant now);

#endif
