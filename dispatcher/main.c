/*
 * slotwire-dispatcher [--config FILE] [--once] [--window SECONDS] [--name NAME] [--now RFC3339]
 *
 * Started by cron each minute. dispatcher.h tells the way of an event through these files.
 */
#include "base/config.h"
#include "base/guard.h"
#include "base/log.h"
#include "dispatcher/loop.h"
#include "dispatcher/options.h"
#include "dispatcher/window.h"

#include <signal.h>
#include <unistd.h>

enum {
    EXIT_UNAVAILABLE = 75,
    EXIT_CONFIG = 78,
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

/* ---- turns ---- */

static void check_end(struct dispatcher *dispatcher)
{
    bool over = !dispatcher->options->once && clock_monotonic() >= window_ends_at(dispatcher);
    if (stopped)
        window_drain(dispatcher, SIGNAL_DRAIN_S, "told to stop");
    else if (over && !window_drains(dispatcher))
        window_drain(dispatcher, WINDOW_DRAIN_S, "the window is over");
    if (!window_drains(dispatcher))
        return;
    window_hand_over(dispatcher);
    if (window_overtime(dispatcher) >= 0)
        courier_abort(dispatcher->courier, "The dispatcher was stopped before the answer came.");
}

static void turn(struct loop *loop, struct dispatcher *dispatcher)
{
    pool_reset(dispatcher->turn);
    loop_turn(loop);
    courier_perform(dispatcher->courier);
    check_end(dispatcher);
}

static void sleep_until(struct dispatcher *dispatcher, int64_t until)
{
    int64_t now = clock_monotonic();
    courier_wait(dispatcher->courier, window_socket(dispatcher),
                 until > now ? (int)((until - now + 999) / 1000) : 0);
}

/* The database is away, and nobody waits for it any longer. */
static bool is_given_up(const struct dispatcher *dispatcher)
{
    if (window_drains(dispatcher) && window_overtime(dispatcher) >= AWAY_AT_END_S * INT64_C(1000000))
        return true;
    return dispatcher->options->once && dispatcher->outage.away &&
           clock_monotonic() >= window_ends_at(dispatcher);
}

/* False: what came back could not be written down, because the database stayed away. */
static bool work(struct loop *loop, struct dispatcher *dispatcher)
{
    while (!loop_is_over(loop)) {
        if (is_given_up(dispatcher))
            return false;
        if (!dispatcher->options->now)
            clock_follow(config_text(CONFIG_TEST_CLOCK));
        turn(loop, dispatcher);
        if (!loop_is_over(loop))
            sleep_until(dispatcher, loop_due_at(loop));
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

static void init(struct dispatcher *dispatcher, const struct options *options)
{
    int parallel = (int)config_int(CONFIG_DISPATCHER_PARALLEL);
    dispatcher->options = options;
    dispatcher->db = db_new();
    dispatcher->life = pool_new();
    dispatcher->turn = pool_new();
    dispatcher->courier = courier_new(parallel);
    dispatcher->lanes.parallel = parallel;
    dispatcher->lanes.highest = (int)config_int(CONFIG_DISPATCHER_LANE_PARALLEL);
    transfers_init(&dispatcher->transfers, dispatcher->life);
}

static void clean_up(struct dispatcher *dispatcher, struct loop *loop)
{
    window_close(dispatcher);
    courier_abort(dispatcher->courier, "The dispatcher has ended.");
    loop_release(loop);
    courier_free(dispatcher->courier);
    transfers_release(&dispatcher->transfers);
    lanes_release(&dispatcher->lanes);
    db_free(dispatcher->db);
    pool_free(dispatcher->turn);
    pool_free(dispatcher->life);
}

static int run(struct loop *loop, struct dispatcher *dispatcher)
{
    enum window_opening opening;
    int tries = 0;
    while ((opening = window_open(dispatcher)) != WINDOW_OURS) {
        if (opening == WINDOW_TAKEN)
            return EXIT_SUCCESS;
        if (!dispatcher->outage.away)
            return EXIT_UNAVAILABLE;
        do { /* asked before each try: the database may answer well and refuse all the same */
            bool enough = dispatcher->options->once && tries++ > 0; /* a connection may just be lost */
            if (stopped || enough || clock_monotonic() >= window_ends_at(dispatcher))
                return EXIT_UNAVAILABLE;
            sleep_until(dispatcher, loop_due_at(loop));
        } while (!database_answers(dispatcher));
    }
    bool settled = work(loop, dispatcher);
    log_info("leaves");
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
    log_spare_stderr(config_text(CONFIG_DISPATCHER_LOG_LEVEL));
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
    struct loop *loop = loop_new(&dispatcher, jobs);
    status = run(loop, &dispatcher);
    clean_up(&dispatcher, loop);
    return status;
}
