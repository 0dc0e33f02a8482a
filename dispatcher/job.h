/*
 * job: what the dispatcher does again and again. Each is a const struct at the end of a file of its own, and
 * a line in jobs.c; the loop (loop.h) knows nothing else of it. Those that nobody calls are in jobs/.
 *
 * A step does a little, so that nothing else waits for it, and raises freely: the loop rolls it back and goes
 * on with the next job. So a step first says when it is due again should it fail, then works, then says
 * better. One that goes on behind a fault, because it has other rows than the one that met it, guards them
 * itself (database.h).
 */
#ifndef DISPATCHER_JOB_H
#define DISPATCHER_JOB_H

#include "dispatcher/dispatcher.h"

struct job {
    const char *name;
    bool leader_only;      /* of several dispatchers one alone does it (shards_lead) */
    bool while_draining;   /* goes on when nothing more is claimed */
    bool without_database; /* goes on while the database is away */
    size_t size;           /* of its state: zeroed, and given to each of these. 0: NULL is */
    void (*init)(struct dispatcher *dispatcher, void *state);    /* NULL: zeroes are a beginning */
    void (*release)(struct dispatcher *dispatcher, void *state); /* NULL: what there is belongs to pools */
    /* By clock_monotonic(); INT64_MAX: nothing to wait for. NULL: in each turn, but none is begun for it. */
    int64_t (*due_at)(const struct dispatcher *dispatcher, const void *state);
    /* Nothing is left to do at this moment: when all jobs say so --once ends, when those say so that go on
     * while draining the drain. NULL: always. */
    bool (*is_over)(const struct dispatcher *dispatcher, const void *state);
    void (*step)(struct dispatcher *dispatcher, void *state);
};

extern const struct job *const jobs[]; /* in the order in which a turn runs them; NULL-terminated */

#endif
