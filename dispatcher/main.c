/*
 * slotwire-dispatcher [--config FILE] [--once] [--window SECONDS] [--name NAME] [--now RFC3339]
 *
 * Started by cron each minute. dispatcher.h tells the way of an event through these files.
 */
#include "base/config.h"
#include "base/guard.h"
#include "base/log.h"
#include "dispatcher/alarm.h"
#include "dispatcher/claim.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/hold.h"
#include "dispatcher/housekeeping.h"
#include "dispatcher/look.h"
#include "dispatcher/mail.h"
#include "dispatcher/options.h"
#include "dispatcher/partitions.h"
#include "dispatcher/recover.h"
#include "dispatcher/send.h"
#include "dispatcher/settle.h"
#include "dispatcher/shards.h"
#include "dispatcher/window.h"
#include "rules/booking/reminders.h"

#include <signal.h>
#include <unistd.h>

enum {
    EXIT_UNAVAILABLE = 75,
    EXIT_CONFIG = 78,
    REMINDERS_EVERY_US = 1000000,
    REMINDERS_LATER_US = 10000000,
    REMINDERS_AT_ONCE = 100,
    REMINDER_ROUNDS = 20,
    TURN_LONGEST_US = 200000,
    SIGNAL_DRAIN_S = 10,
    WINDOW_DRAIN_S = 60, /* longer than any format's time-out */
    AWAY_AT_END_S = 10   /* a database that is away at the end is waited for so long */
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

/* ---- the steps of a turn ---- */

bool dispatcher_guarded(struct dispatcher *dispatcher, void (*step)(struct dispatcher *), enum fault *fault)
{
    struct fault_frame frame;
    switch (fault_catch(&frame)) {
    case FAULT_NONE:
        step(dispatcher);
        fault_done(&frame);
        *fault = FAULT_NONE;
        break;
    case FAULT_RETRY:
        *fault = FAULT_RETRY;
        break;
    case FAULT_DATABASE:
        *fault = FAULT_DATABASE;
        window_is_away(dispatcher);
        break;
    case FAULT_BROKEN:
        *fault = FAULT_BROKEN;
        break;
    }
    if (*fault != FAULT_NONE && !db_rollback(dispatcher->db) && *fault == FAULT_BROKEN)
        *fault = FAULT_RETRY; /* the transaction had ended under it */
    return *fault == FAULT_NONE;
}

static void run_reminders(struct dispatcher *dispatcher)
{
    struct reminder_round *round = &dispatcher->reminders;
    size_t settled = REMINDERS_AT_ONCE, all = 0;
    for (int i = 0; i < REMINDER_ROUNDS && settled > 0; i++)
        all += settled =
            reminders_run(dispatcher->db, dispatcher->turn, clock_now(), REMINDERS_AT_ONCE, round);
    if (settled > 0)
        dispatcher->reminders_at = 0; /* the rest in the next turn */
    if (all > 0)
        log_info("reminders settled=%zu sent=%zu", all, round->sent);
    if (round->sent > 0)
        look_soon(dispatcher);
}

static void skip_reminders(struct dispatcher *dispatcher)
{
    reminders_skip(dispatcher->db, &dispatcher->reminders, clock_now());
}

/*
 * A reminder that cannot be written is set aside, so that no other waits for it, and given up once another
 * passes without it. While none passes the fault may be in all of them: they stay due and are tried again
 * later.
 */
static void remind(struct dispatcher *dispatcher)
{
    enum fault fault;
    struct reminder_round *round = &dispatcher->reminders;
    int64_t now = clock_monotonic();
    if (dispatcher->draining || now < dispatcher->reminders_at)
        return;
    dispatcher->reminders_at = now + REMINDERS_EVERY_US;
    *round = (struct reminder_round){ 0 };
    while (!dispatcher_guarded(dispatcher, run_reminders, &fault)) {
        if (fault == FAULT_RETRY)
            dispatcher->reminders_at = 0;
        if (fault != FAULT_BROKEN || !round->in_hand)
            return;
        if (!reminders_set_aside(round))
            break;
    }
    if (round->aside_count == 0)
        return;
    if (round->sent > 0) {
        dispatcher_guarded(dispatcher, skip_reminders, &fault);
        return;
    }
    dispatcher->reminders_at = now + REMINDERS_LATER_US;
    log_error("reminders cannot be written and stay due count=%zu", round->aside_count);
}

static void release(struct dispatcher *dispatcher)
{
    enum fault fault;
    if (hold_release_is_due(dispatcher))
        dispatcher_guarded(dispatcher, hold_release, &fault);
}

static void claim_and_send(struct dispatcher *dispatcher)
{
    enum fault fault;
    if (dispatcher->draining || clock_monotonic() < look_due_at(dispatcher))
        return;
    if (dispatcher_guarded(dispatcher, look_now, &fault)) {
        send_claimed(dispatcher);
        return;
    }
    claim_forget(dispatcher);
    send_claimed(dispatcher);     /* what is leased all the same: else nobody sends it until that runs out */
    dispatcher->work_left = true; /* for all that is known */
    if (fault == FAULT_RETRY)
        look_soon(dispatcher);
}

/* A little of it in each turn, so that no webhook waits for it. */
static void sweep(struct dispatcher *dispatcher)
{
    enum fault fault;
    if (!shards_lead(dispatcher))
        dispatcher->sweep_at = INT64_MAX;
    if (!dispatcher->draining && partitions_sweep_is_due(dispatcher))
        dispatcher_guarded(dispatcher, partitions_sweep, &fault);
}

/* Where the database is away only the transfers go on. */
static void database_steps(struct dispatcher *dispatcher)
{
    if (window_database(dispatcher))
        window_keep(dispatcher);
    if (window_database(dispatcher))
        shards_keep(dispatcher);
    if (window_database(dispatcher))
        alarm_run(dispatcher); /* before anything is claimed */
    if (window_database(dispatcher))
        remind(dispatcher);
    if (window_database(dispatcher))
        release(dispatcher);
    if (window_database(dispatcher) && recover_is_due(dispatcher))
        recover_some(dispatcher);
    if (window_database(dispatcher))
        claim_and_send(dispatcher);
    courier_perform(dispatcher->courier);
    if (window_database(dispatcher) && settle_is_due(dispatcher))
        settle_done(dispatcher);
    if (window_database(dispatcher))
        mail_run(dispatcher);
    if (window_database(dispatcher) && !dispatcher->draining && housekeeping_is_due(dispatcher))
        housekeeping_keep(dispatcher);
    if (window_database(dispatcher))
        sweep(dispatcher);
}

/* ---- the loop ---- */

static int64_t earlier(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static int sleep_milliseconds(const struct dispatcher *dispatcher)
{
    int64_t now = clock_monotonic();
    int64_t until = now + TURN_LONGEST_US;
    if (dispatcher->away) {
        until = earlier(until, dispatcher->retry_at);
    } else {
        if (!dispatcher->draining)
            until = earlier(
                earlier(earlier(until, dispatcher->sweep_at),
                        earlier(dispatcher->release_at, dispatcher->recover_at)),
                earlier(earlier(look_due_at(dispatcher), dispatcher->reminders_at), dispatcher->house_at));
        until = earlier(until, mail_due_at(dispatcher));
        until = earlier(until, settle_due_at(dispatcher));
    }
    return until > now ? (int)((until - now + 999) / 1000) : 0;
}

static bool is_finished(const struct dispatcher *dispatcher)
{
    bool empty = dispatcher->webhooks.flying == 0 && dispatcher->done_count == 0 && mail_is_idle(dispatcher);
    if (dispatcher->draining)
        return empty;
    return dispatcher->once && empty && !dispatcher->away && housekeeping_is_over(dispatcher) &&
           partitions_sweep_is_over(dispatcher) && !dispatcher->work_left && !dispatcher->held_left &&
           !mail_has_work(dispatcher) && dispatcher->reminders_at > 0 && !recover_is_under_way(dispatcher);
}

static void check_end(struct dispatcher *dispatcher)
{
    int64_t now = clock_monotonic();
    if (stopped)
        window_drain(dispatcher, SIGNAL_DRAIN_S, "told to stop");
    else if (!dispatcher->once && !dispatcher->draining && now >= dispatcher->window_until)
        window_drain(dispatcher, WINDOW_DRAIN_S, "the window is over");
    if (!dispatcher->draining)
        return;
    if (dispatcher->locked)
        window_close(dispatcher);
    if (now < dispatcher->drain_until)
        return;
    courier_abort(dispatcher->courier, "The dispatcher was stopped before the answer came.");
}

static void turn(struct dispatcher *dispatcher)
{
    pool_reset(dispatcher->turn);
    hold_begin(dispatcher);
    window_listen(dispatcher);
    database_steps(dispatcher);
    courier_perform(dispatcher->courier);
    check_end(dispatcher);
}

/* False: what came back could not be written down, because the database stayed away. */
static bool loop(struct dispatcher *dispatcher, const struct options *options)
{
    while (!is_finished(dispatcher)) {
        int64_t now = clock_monotonic();
        if (dispatcher->draining && now >= dispatcher->drain_until + AWAY_AT_END_S * INT64_C(1000000))
            return false;
        if (dispatcher->once && dispatcher->away && now >= dispatcher->window_until)
            return false;
        if (!options->now)
            clock_follow(config_text(CONFIG_TEST_CLOCK));
        turn(dispatcher);
        if (!is_finished(dispatcher))
            courier_wait(dispatcher->courier, dispatcher->poke_socket, sleep_milliseconds(dispatcher));
    }
    return true;
}

/* ---- the program ---- */

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = stop };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN; /* a peer that closes is an error of its transfer, not the end of us */
    sigaction(SIGPIPE, &action, NULL);
}

/* --name beside the host's own dispatcher; the setting, or the host's name. */
static void take_name(struct dispatcher *dispatcher, const struct options *options)
{
    char host[64] = "";
    const char *usual = config_text(CONFIG_DISPATCHER_NAME);
    gethostname(host, sizeof host - 1);
    snprintf(dispatcher->holder, sizeof dispatcher->holder, "%s:%ld", host, (long)getpid());
    if (usual[0] == '\0')
        usual = host;
    dispatcher->named = options->name && strcmp(options->name, usual) != 0;
    snprintf(dispatcher->name, sizeof dispatcher->name, "%s", dispatcher->named ? options->name : usual);
}

static void init(struct dispatcher *dispatcher, const struct options *options)
{
    int64_t window = options->window ? options->window : config_int(CONFIG_DISPATCHER_WINDOW);
    TAILQ_INIT(&dispatcher->idle);
    TAILQ_INIT(&dispatcher->claimed);
    TAILQ_INIT(&dispatcher->done);
    dispatcher->db = db_new();
    dispatcher->life = pool_new();
    dispatcher->turn = pool_new();
    dispatcher->once = options->once;
    dispatcher->work_left = dispatcher->held_left = true; /* until a look finds none */
    dispatcher->sweep_at = INT64_MAX;
    dispatcher->batch = 64;
    dispatcher->poke_socket = -1;
    dispatcher->parallel = (int)config_int(CONFIG_DISPATCHER_PARALLEL);
    dispatcher->lane_parallel = (int)config_int(CONFIG_DISPATCHER_LANE_PARALLEL);
    dispatcher->lanes.highest = dispatcher->lane_parallel;
    dispatcher->window_until = clock_monotonic() + window * 1000000;
    take_name(dispatcher, options);
    dispatcher->courier = courier_new(dispatcher->parallel);
    send_init(dispatcher);
    mail_init(dispatcher);
}

static void clean_up(struct dispatcher *dispatcher)
{
    window_close(dispatcher);
    courier_abort(dispatcher->courier, "The dispatcher has ended.");
    mail_release(dispatcher);
    send_release(dispatcher);
    courier_free(dispatcher->courier);
    lanes_release(&dispatcher->lanes);
    db_free(dispatcher->db);
    pool_free(dispatcher->turn);
    pool_free(dispatcher->life);
}

static int run(struct dispatcher *dispatcher, const struct options *options)
{
    enum window window;
    int tries = 0;
    while ((window = window_open(dispatcher)) != WINDOW_OURS) {
        if (window == WINDOW_TAKEN)
            return EXIT_SUCCESS;
        if (!dispatcher->away)
            return EXIT_UNAVAILABLE;
        do { /* asked before each try: the database may answer well and refuse all the same */
            bool enough = dispatcher->once && tries++ > 0; /* one more, as a connection may just be lost */
            if (stopped || enough || clock_monotonic() >= dispatcher->window_until)
                return EXIT_UNAVAILABLE;
            courier_wait(dispatcher->courier, dispatcher->poke_socket, sleep_milliseconds(dispatcher));
        } while (!window_database(dispatcher));
    }
    log_info("at work holder=%s name=%s", dispatcher->holder, dispatcher->name);
    bool settled = loop(dispatcher, options);
    log_info("leaves delivered=%llu failed_attempts=%llu unsettled=%d",
             (unsigned long long)dispatcher->delivered, (unsigned long long)dispatcher->failed_attempts,
             dispatcher->done_count);
    return settled ? EXIT_SUCCESS : EXIT_UNAVAILABLE;
}

int main(int argc, char **argv)
{
    struct options options = { 0 };
    static struct dispatcher dispatcher;
    int status = options_parse(&options, argc, argv);
    if (status != 0)
        return status;
    config_load(options.config);
    if ((status = options_set_clock(&options)) != 0)
        return status;
    log_open("slotwire-dispatcher");
    if (*config_text(CONFIG_DISPATCHER_NAME) && !options_name_is_good(config_text(CONFIG_DISPATCHER_NAME))) {
        fputs("slotwire-dispatcher: dispatcher_name must be 1 to 64 letters, digits, dots, dashes and "
              "underscores\n",
              stderr);
        return EXIT_CONFIG;
    }
    if (!guard_configure(config_text(CONFIG_OUTBOUND_ALLOW)))
        return EXIT_CONFIG;
    catch_signals();
    init(&dispatcher, &options);
    status = run(&dispatcher, &options);
    clean_up(&dispatcher);
    return status;
}
