#include "dispatcher/database.h"

#include "base/clock.h"
#include "base/log.h"
#include "dispatcher/dispatcher.h"

enum { RETRY_FIRST_US = 100000, RETRY_LONGEST_US = 5000000 };

static void note_away(struct outage *outage)
{
    int64_t pause = outage->pause * 2;
    outage->pause = pause < RETRY_FIRST_US     ? RETRY_FIRST_US
                    : pause > RETRY_LONGEST_US ? RETRY_LONGEST_US
                                               : pause;
    outage->retry_at = clock_monotonic() + outage->pause;
    outage->away = true;
}

enum fault database_guarded(struct dispatcher *dispatcher, void (*step)(struct dispatcher *, void *),
                            void *data)
{
    struct fault_frame frame;
    enum fault fault = fault_catch(&frame);
    if (fault == FAULT_NONE) {
        step(dispatcher, data);
        fault_done(&frame);
        return FAULT_NONE;
    }
    if (fault == FAULT_DATABASE)
        note_away(&dispatcher->outage);
    if (!db_rollback(dispatcher->db) && fault == FAULT_BROKEN)
        return FAULT_RETRY; /* the transaction had ended under it */
    return fault;
}

bool database_answers(struct dispatcher *dispatcher)
{
    struct outage *outage = &dispatcher->outage;
    int64_t now = clock_monotonic();
    if (!outage->away)
        return true;
    if (now < outage->retry_at)
        return false;
    if (!db_ping(dispatcher->db)) {
        note_away(outage);
        return false;
    }
    log_info("the database answers again");
    outage->away = false;
    outage->back_at = now;
    return true;
}

void database_is_written(struct dispatcher *dispatcher)
{
    dispatcher->outage.pause = 0;
}
