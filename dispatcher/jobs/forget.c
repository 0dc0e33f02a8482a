/*
 * forget: lanes with nothing to remember are forgotten once a minute, so that an endpoint that is seldom
 * written to, or gone, costs no memory.
 */
#include "dispatcher/job.h"

enum { EVERY_US = 60000000 };

struct forget {
    int64_t at;
};

static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    return ((const struct forget *)state)->at;
}

static void step(struct dispatcher *dispatcher, void *state)
{
    struct forget *forget = state;
    forget->at = clock_monotonic() + EVERY_US;
    lanes_forget(&dispatcher->lanes, clock_now());
}

const struct job forget_job = {
    .name = "forget", .size = sizeof(struct forget), .due_at = due_at, .step = step
};
