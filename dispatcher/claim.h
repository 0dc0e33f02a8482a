/*
 * claim: locks due rows of a lane, as many as may be sent now, and makes transfers of them.
 *
 * All of it within a transaction that leases them in the end (lease.h). Until its commit they stand in
 * `claimed`; should it fail they are given back.
 */
#ifndef DISPATCHER_CLAIM_H
#define DISPATCHER_CLAIM_H

#include "dispatcher/dispatcher.h"

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

struct taken {     /* what came of it */
    int rows;      /* were added to `claimed` */
    bool is_full;  /* as many as were asked for: there may be more */
    bool is_swept; /* rows were taken out of the way: there may be more behind them */
};

/* At most `share` rows of the lane. */
struct taken claim_lane(struct dispatcher *dispatcher, struct claim *claim, int share,
                        struct transfer_list *claimed);

/* The endpoints for which test sends are due. */
struct rows claim_find_tests(struct dispatcher *dispatcher, instant now);
/* All test sends of one of them that have room. */
struct taken claim_tests_of(struct dispatcher *dispatcher, const struct row *due, struct id fence,
                            instant now, struct transfer_list *claimed);

/* Gives back what is claimed and was not leased. Should a commit have come to pass without its answer, the
 * lease runs out by itself. */
void claim_forget(struct dispatcher *dispatcher, struct transfer_list *claimed);

#endif
