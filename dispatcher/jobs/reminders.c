/*
 * reminders: due reminders (rules/booking/reminders.h) become events with their deliveries, once a second.
 *
 * A reminder that cannot be written is set aside, so that no other waits for it, and given up once another
 * passes without it. While none passes the fault may be in all of them: they stay due and are tried again
 * later.
 */
#include "rules/booking/reminders.h"

#include "base/log.h"
#include "dispatcher/job.h"

enum {
    EVERY_US = 1000000,
    LATER_US = 10000000,
    AT_ONCE = 100,
    ROUNDS = 20 /* in one turn */
};

struct reminding {
    int64_t due_at;
    struct reminder_round round;
};

static void run(struct dispatcher *dispatcher, void *state)
{
    struct reminding *reminding = state;
    struct reminder_round *round = &reminding->round;
    size_t settled = AT_ONCE, all = 0;
    for (int i = 0; i < ROUNDS && settled > 0; i++)
        all += settled = reminders_run(dispatcher->db, dispatcher->turn, clock_now(), AT_ONCE, round);
    if (settled > 0)
        reminding->due_at = 0; /* the rest in the next turn */
    if (all > 0)
        log_info("reminders settled=%zu sent=%zu", all, round->sent);
    if (round->sent > 0)
        wake_soon(&dispatcher->wake);
}

static void step(struct dispatcher *dispatcher, void *state)
{
    struct reminding *reminding = state;
    struct reminder_round *round = &reminding->round;
    int64_t now = clock_monotonic();
    enum fault fault;
    reminding->due_at = now + EVERY_US;
    *round = (struct reminder_round){ 0 };
    while ((fault = database_guarded(dispatcher, run, reminding)) != FAULT_NONE) {
        if (fault == FAULT_RETRY)
            reminding->due_at = 0;
        if (fault != FAULT_BROKEN || !round->in_hand)
            return;
        if (!reminders_set_aside(round))
            break;
    }
    if (round->aside_count == 0)
        return;
    if (round->sent > 0) {
        reminders_skip(dispatcher->db, round, clock_now());
        return;
    }
    reminding->due_at = now + LATER_US;
    log_error("reminders cannot be written and stay due count=%zu", round->aside_count);
}

static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    return ((const struct reminding *)state)->due_at;
}

/* There was a round, and it left none for the next turn. */
static bool is_over(const struct dispatcher *dispatcher, const void *state)
{
    return due_at(dispatcher, state) > 0;
}

const struct job reminders_job = {
    .name = "reminders", .size = sizeof(struct reminding), .due_at = due_at, .is_over = is_over, .step = step
};
