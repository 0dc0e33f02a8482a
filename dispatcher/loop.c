#include "dispatcher/loop.h"

#include "base/log.h"
#include "dispatcher/options.h"
#include "dispatcher/shards.h"
#include "dispatcher/window.h"

enum { TURN_LONGEST_US = 200000 };

struct loop {
    struct dispatcher *dispatcher;
    const struct job *const *jobs;
    void **states; /* of each */
    size_t count;
};

struct loop *loop_new(struct dispatcher *dispatcher, const struct job *const *table)
{
    struct loop *loop = pool_alloc(dispatcher->life, sizeof *loop);
    *loop = (struct loop){ .dispatcher = dispatcher, .jobs = table };
    while (table[loop->count])
        loop->count++;
    loop->states = pool_array(dispatcher->life, loop->count, sizeof *loop->states);
    for (size_t i = 0; i < loop->count; i++) {
        loop->states[i] = table[i]->size > 0 ? pool_alloc(dispatcher->life, table[i]->size) : NULL;
        if (table[i]->init)
            table[i]->init(dispatcher, loop->states[i]);
    }
    return loop;
}

void loop_release(struct loop *loop)
{
    for (size_t i = loop->count; i-- > 0;)
        if (loop->jobs[i]->release)
            loop->jobs[i]->release(loop->dispatcher, loop->states[i]);
}

/* Whether it is this process's to do now. */
static bool is_ours(const struct dispatcher *dispatcher, const struct job *job)
{
    return (job->while_draining || !window_drains(dispatcher)) &&
           (!job->leader_only || shards_lead(dispatcher));
}

static bool is_due(const struct loop *loop, size_t i)
{
    const struct job *job = loop->jobs[i];
    return !job->due_at || clock_monotonic() >= job->due_at(loop->dispatcher, loop->states[i]);
}

void loop_turn(struct loop *loop)
{
    struct dispatcher *dispatcher = loop->dispatcher;
    for (size_t i = 0; i < loop->count; i++) {
        const struct job *job = loop->jobs[i];
        bool answers = job->without_database || database_answers(dispatcher);
        if (answers && is_ours(dispatcher, job) && is_due(loop, i) &&
            database_guarded(dispatcher, job->step, loop->states[i]) != FAULT_NONE)
            log_debug("a step is left job=%s", job->name);
    }
}

int64_t loop_due_at(const struct loop *loop)
{
    const struct dispatcher *dispatcher = loop->dispatcher;
    const struct outage *outage = &dispatcher->outage;
    int64_t first = clock_monotonic() + TURN_LONGEST_US;
    if (outage->away && outage->retry_at < first)
        first = outage->retry_at;
    for (size_t i = 0; i < loop->count; i++) {
        const struct job *job = loop->jobs[i];
        if (!job->due_at || !is_ours(dispatcher, job) || (outage->away && !job->without_database))
            continue;
        int64_t due_at = job->due_at(dispatcher, loop->states[i]);
        if (due_at < first)
            first = due_at;
    }
    return first;
}

bool loop_is_over(const struct loop *loop)
{
    const struct dispatcher *dispatcher = loop->dispatcher;
    bool drains = window_drains(dispatcher);
    if (!drains && (!dispatcher->options->once || dispatcher->outage.away))
        return false;
    for (size_t i = 0; i < loop->count; i++) {
        const struct job *job = loop->jobs[i];
        if ((!drains || job->while_draining) && job->is_over && !job->is_over(dispatcher, loop->states[i]))
            return false;
    }
    return true;
}
