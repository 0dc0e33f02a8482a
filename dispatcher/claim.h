/*
 * claim: leases due rows of a lane, as many as may be sent now.
 */
#ifndef DISPATCHER_CLAIM_H
#define DISPATCHER_CLAIM_H

#include "dispatcher/dispatcher.h"

struct room { /* for transfers of anybody */
    int quick, all;
};
struct room claim_room(const struct dispatcher *dispatcher);

struct claim { /* of one lane */
    struct lane *lane;
    struct id company, fence;
    const struct row *endpoint;
    instant fresh_at, again_at; /* when the oldest of either kind came due; 0: there is none */
    instant now;
    bool backlog;
    size_t next; /* the lane after it */
};
bool claim_is_due(instant at, instant now);

/* Within a transaction: adds at most `share` rows of the lane to `claimed`, still to be leased; sets
 * `more_left` where there may be more. Returns how many. */
int claim_lane(struct dispatcher *dispatcher, struct claim *claim, int share);
/* All test sends that are due, leased and committed. Returns how many. */
int claim_tests(struct dispatcher *dispatcher, instant now);

/* Gives back what was claimed, but for what is leased by a commit: that is still to be sent. Should a commit
 * have come to pass without its answer, the lease runs out by itself. */
void claim_forget(struct dispatcher *dispatcher);

#endif
