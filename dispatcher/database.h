/*
 * database: what a failing database does to a step, and when it is asked again.
 *
 * A step raises freely (base/fault.h); it is rolled back and left, and the program goes on. Where the
 * database is gone, or refuses what is written, as one that is read-only or full does, it is away: nothing is
 * asked of it until a pause is over, which grows from fault to fault until something was written. The
 * transfers go on meanwhile.
 *
 * Times are microseconds of clock_monotonic().
 */
#ifndef DISPATCHER_DATABASE_H
#define DISPATCHER_DATABASE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct dispatcher;

struct outage {
    bool away;
    int64_t retry_at, pause;
    int64_t back_at; /* when the last one ended; 0: there was none */
};

/* Runs step(dispatcher, data). Anything but FAULT_NONE: it was left, rolled back and logged. */
enum fault database_guarded(struct dispatcher *dispatcher, void (*step)(struct dispatcher *, void *),
                            void *data);

/* Whether it answers. While it is away it is tried now and then. */
bool database_answers(struct dispatcher *dispatcher);
/* An answer alone does not say that it can be written to: something was. */
void database_is_written(struct dispatcher *dispatcher);

#endif
