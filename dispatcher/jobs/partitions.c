/*
 * partitions: events and attempts by day, and how a day goes when it is old.
 *
 * The tables have a partition for today and some days ahead, so that a day is dropped whole, in a moment and
 * without a trace in the others. Days are of UTC and of the real clock, as ids are.
 *
 * A day of attempts goes after `retention_days`. A day of events goes then too, with its settled deliveries,
 * unless one of its deliveries still waits (pending, retrying or held); such a day is kept until
 * `retention_held_days`, when what still waits is given up. Deliveries are swept row by row, some hundred in
 * a turn of the loop, as they are no part of a day: only then is the day dropped.
 *
 * Adding and dropping need the table for themselves for a moment. Where it is in use (a backup holds it for
 * an hour, a booking for some milliseconds) nobody waits: it is tried again a minute later. Only what is
 * overdue by a day or more waits for the table, a second or two, once in a minute.
 */
#include "base/config.h"
#include "base/log.h"
#include "dispatcher/job.h"
#include "rules/delivery/deliveries.h"

enum {
    DAYS_AHEAD = 3,
    DAYS_AT_ONCE = 400, /* that are made in one go, where nobody made any for long */
    DROPS_AT_ONCE = 4,  /* in a minute: each needs the table for itself for a moment */
    ROWS_AT_ONCE = 500,
    KEEP_EVERY_US = 60000000,
    SWEEP_PAUSE_US = 20000
};

static const struct statement PARTITIONS = {
    "SELECT partition_name AS name FROM information_schema.partitions WHERE table_schema = DATABASE() "
    "AND table_name = ? AND partition_name REGEXP '^p[0-9]{8}$' ORDER BY partition_ordinal_position",
    .in = "s"
};

static const struct statement OLDEST_EVENT = { "SELECT id, company_id FROM events ORDER BY id LIMIT 1" };
static const struct statement OLDEST_ATTEMPT = { "SELECT id, company_id FROM attempts ORDER BY id LIMIT 1" };

/* By event and delivery from a cursor on, whatever their state: a search for some state would go through all
 * that wait again and again. */
static const struct statement OLD_DELIVERIES = {
    "SELECT id, company_id, event_id, state IN ('delivered', 'failed') AS settled "
    "FROM deliveries FORCE INDEX (deliveries_event) "
    "WHERE event_id >= ? AND event_id < ? AND (event_id > ? OR id > ?) ORDER BY event_id, id LIMIT ?",
    .in = "uuuui"
};

static const struct statement DELETE_SETTLED = {
    "DELETE FROM deliveries WHERE id = ? AND company_id = ? AND state IN ('delivered', 'failed')", .in = "uu"
};

static const struct statement ANY_DELIVERY = {
    "SELECT id, company_id FROM deliveries FORCE INDEX (deliveries_event) "
    "WHERE event_id >= ? AND event_id < ? LIMIT 1",
    .in = "uu"
};

/* ---- days ---- */

static int64_t today(void)
{
    return clock_real() / CLOCK_DAY;
}

/* Days before it are older than retention allows. */
static int64_t first_day_kept(void)
{
    return today() - config_int(CONFIG_RETENTION_DAYS);
}

/* … and before this one nothing may wait any more. */
static int64_t first_day_held(void)
{
    int64_t days = config_int(CONFIG_RETENTION_HELD_DAYS), least = config_int(CONFIG_RETENTION_DAYS);
    return today() - (days > least ? days : least);
}

static struct id first_id_of(int64_t day)
{
    return id_first_of(day * CLOCK_DAY);
}

struct days {
    size_t count;
    int64_t *items; /* ascending */
};

static int64_t day_of_name(const char *name)
{
    int number = 0;
    for (const char *digit = name + 1; *digit; digit++)
        number = number * 10 + (*digit - '0');
    return date_to_days((struct date){ number / 10000, number / 100 % 100, number % 100 });
}

static struct days read_days(struct dispatcher *dispatcher, enum db_partitioned table)
{
    struct rows rows =
        db_all(dispatcher->db, dispatcher->turn, &PARTITIONS, BIND(value_text(db_partition_table(table))));
    struct days days = { rows.count, pool_array(dispatcher->turn, rows.count + 1, sizeof *days.items) };
    for (size_t i = 0; i < rows.count; i++)
        days.items[i] = day_of_name(row_text(&rows.items[i], "name"));
    return days;
}

/* ---- days ahead ---- */

/* Where there is no partition yet: the day of the oldest row, so that it goes in its time. */
static int64_t first_day_to_add(struct dispatcher *dispatcher, enum db_partitioned table, struct days days)
{
    if (days.count > 0)
        return days.items[days.count - 1] + 1;
    const struct row *row = db_one(dispatcher->db, dispatcher->turn,
                                   table == DB_EVENTS ? &OLDEST_EVENT : &OLDEST_ATTEMPT, BIND_NONE);
    int64_t day = row ? id_time(row_id(row, "id")) / CLOCK_DAY : today();
    return day < today() ? day : today();
}

/* False where the table is in use: it is left alone until the next housekeeping. */
static bool add_days(struct dispatcher *dispatcher, enum db_partitioned table, struct days days)
{
    int64_t last = today() + DAYS_AHEAD;
    if (days.count > 0 && days.items[days.count - 1] >= last)
        return true;
    int64_t first = first_day_to_add(dispatcher, table, days);
    bool overdue = first < (days.count > 0 ? last : today());
    if (first <= last - DAYS_AT_ONCE)
        first = last - DAYS_AT_ONCE + 1; /* what is older goes with the first of them */
    if (!db_partition_add(dispatcher->db, table, first, last, overdue))
        return false;
    log_info("partitions added table=%s days=%lld", db_partition_table(table), (long long)(last - first + 1));
    return true;
}

/* ---- days that go ---- */

static bool drop_day(struct dispatcher *dispatcher, enum db_partitioned table, int64_t day)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t start = clock_monotonic();
    if (!db_partition_drop(dispatcher->db, table, day, day < first_day_kept() - 1))
        return false;
    log_info("a day is dropped table=%s day=%s took_ms=%lld", db_partition_table(table),
             date_format(text, date_from_days(day)), (long long)((clock_monotonic() - start) / 1000));
    return true;
}

static bool drop_attempts(struct dispatcher *dispatcher, struct days days)
{
    for (size_t i = 0; i < days.count && i < DROPS_AT_ONCE && days.items[i] < first_day_kept(); i++)
        if (!drop_day(dispatcher, DB_ATTEMPTS, days.items[i]))
            return false;
    return true;
}

static void drop_events(struct dispatcher *dispatcher)
{
    struct days days = read_days(dispatcher, DB_EVENTS);
    struct id from = id_lowest();
    for (size_t i = 0, dropped = 0; i < days.count && days.items[i] < first_day_kept(); i++) {
        struct id to = first_id_of(days.items[i] + 1);
        bool empty =
            !db_one(dispatcher->db, dispatcher->turn, &ANY_DELIVERY, BIND(value_id(from), value_id(to)));
        from = to;
        if (empty && (dropped++ == DROPS_AT_ONCE || !drop_day(dispatcher, DB_EVENTS, days.items[i])))
            return;
    }
}

/* ---- deliveries ---- */

/* What still waits after all that time. */
static void give_up(struct dispatcher *dispatcher, struct rows old)
{
    struct delivery_key *keys = pool_array(dispatcher->turn, old.count, sizeof *keys);
    struct id too_old = first_id_of(first_day_held());
    size_t count = 0;
    for (size_t i = 0; i < old.count; i++) {
        const struct row *row = &old.items[i];
        if (!row_int(row, "settled") && id_compare(row_id(row, "event_id"), too_old) < 0)
            keys[count++] = (struct delivery_key){ row_id(row, "company_id"), row_id(row, "id") };
    }
    uint64_t given_up = deliveries_give_up(dispatcher->db, dispatcher->turn, keys, count, clock_now());
    if (given_up > 0)
        log_warn("deliveries that waited for retention_held_days are given up rows=%llu",
                 (unsigned long long)given_up);
}

/* Those that wait stay, whatever is asked here. */
static void delete_settled(struct dispatcher *dispatcher, struct rows old)
{
    struct value *values = pool_array(dispatcher->turn, old.count * 2, sizeof *values);
    for (size_t i = 0; i < old.count; i++) {
        values[2 * i] = *row_value(&old.items[i], "id");
        values[2 * i + 1] = *row_value(&old.items[i], "company_id");
    }
    db_run_many(dispatcher->db, &DELETE_SETTLED, values, 2, old.count);
}

/* ---- the job ---- */

struct partitions {
    int64_t keep_at;
    int64_t sweep_at;          /* the next step of the sweep; INT64_MAX: nothing to sweep */
    struct id event, delivery; /* how far it has come */
};

/* Adds days, drops attempts, starts a sweep where there are days to go. */
static void keep(struct dispatcher *dispatcher, struct partitions *partitions)
{
    partitions->keep_at = clock_monotonic() + KEEP_EVERY_US;
    struct days events = read_days(dispatcher, DB_EVENTS), attempts = read_days(dispatcher, DB_ATTEMPTS);
    if (!add_days(dispatcher, DB_EVENTS, events) || !add_days(dispatcher, DB_ATTEMPTS, attempts) ||
        !drop_attempts(dispatcher, attempts))
        return;
    if (events.count > 0 && events.items[0] < first_day_kept() && partitions->sweep_at == INT64_MAX) {
        partitions->event = partitions->delivery = id_lowest();
        partitions->sweep_at = 0;
    }
}

/* Some deliveries, and in the end the days without any. */
static void sweep(struct dispatcher *dispatcher, struct partitions *partitions)
{
    struct value event = value_id(partitions->event), delivery = value_id(partitions->delivery);
    struct id to = first_id_of(first_day_kept());
    partitions->sweep_at = clock_monotonic() + SWEEP_PAUSE_US;
    struct rows old = db_all(dispatcher->db, dispatcher->turn, &OLD_DELIVERIES,
                             BIND(event, value_id(to), event, delivery, value_int(ROWS_AT_ONCE)));
    if (old.count == 0) {
        partitions->sweep_at = INT64_MAX;
        drop_events(dispatcher);
        return;
    }
    db_begin(dispatcher->db);
    give_up(dispatcher, old);
    delete_settled(dispatcher, old);
    db_commit(dispatcher->db);
    partitions->event = row_id(&old.items[old.count - 1], "event_id");
    partitions->delivery = row_id(&old.items[old.count - 1], "id");
}

static void init(struct dispatcher *dispatcher, void *state)
{
    (void)dispatcher;
    ((struct partitions *)state)->sweep_at = INT64_MAX;
}

static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    const struct partitions *partitions = state;
    (void)dispatcher;
    return partitions->keep_at < partitions->sweep_at ? partitions->keep_at : partitions->sweep_at;
}

static bool is_over(const struct dispatcher *dispatcher, const void *state)
{
    const struct partitions *partitions = state;
    (void)dispatcher;
    return partitions->keep_at > 0 && partitions->sweep_at == INT64_MAX;
}

static void step(struct dispatcher *dispatcher, void *state)
{
    struct partitions *partitions = state;
    if (clock_monotonic() >= partitions->keep_at)
        keep(dispatcher, partitions);
    else
        sweep(dispatcher, partitions);
}

const struct job partitions_job = { .name = "partitions",
                                    .leader_only = true,
                                    .size = sizeof(struct partitions),
                                    .init = init,
                                    .due_at = due_at,
                                    .is_over = is_over,
                                    .step = step };
