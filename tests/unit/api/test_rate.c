/* Counting against a limit: windows, subjects, and a table without room. */
#include "tests/unit/db_fixture.h"

#include "api/rate.h"

static const struct statement WINDOWS = { "SELECT COUNT(*) AS windows FROM rate_windows WHERE subject = ?",
                                          .in = "u", .out = "i" };

static const struct statement RETURNS_TWO = {
    "INSERT INTO test_db_counters (name, hits) VALUES (?, 7) RETURNING name, hits", .in = "i", .out = "ii"
};
static const struct statement RETURNS_ANOTHER = {
    "INSERT INTO test_db_counters (name, hits) VALUES (?, 7) RETURNING hits", .in = "i", .out = "ii"
};

#define NOON ((instant)1900000800 * CLOCK_SECOND) /* the start of a minute and of an hour */

static int64_t used(enum rate_limit which, struct id subject, instant now)
{
    return rate_take(db, pool, which, subject, 3, now).used;
}

static void counts_up_within_a_window(void **state)
{
    struct id subject = id_new(), another = id_new();

    (void)state;
    for (int64_t i = 1; i <= 5; i++)
        assert_int_equal(used(RATE_BOOKINGS, subject, NOON + i), i);
    assert_int_equal(used(RATE_BOOKINGS, another, NOON), 1);
    assert_int_equal(used(RATE_CALENDAR, subject, NOON), 1);
}

static void a_window_ends_with_its_minute_or_hour(void **state)
{
    struct id subject = id_new();
    struct rate_count count = rate_take(db, pool, RATE_CALENDAR, subject, 60, NOON + 1);

    (void)state;
    assert_int_equal(count.limit, 60);
    assert_int_equal(count.window, 3600);
    assert_int_equal(count.reset_at, NOON + CLOCK_HOUR);
    assert_int_equal(used(RATE_CALENDAR, subject, NOON + CLOCK_HOUR - 1), 2);
    assert_int_equal(used(RATE_CALENDAR, subject, NOON + CLOCK_HOUR), 1);
    assert_int_equal(used(RATE_BOOKINGS, subject, NOON + CLOCK_MINUTE - 1), 1);
    assert_int_equal(used(RATE_BOOKINGS, subject, NOON + CLOCK_MINUTE), 1);
}

static void what_was_counted_outlives_a_rollback(void **state)
{
    struct id subject = id_new();

    (void)state;
    db_begin(db);
    assert_int_equal(used(RATE_BOOKINGS, subject, NOON), 1);
    add("with it");
    db_rollback(db);
    assert_int_equal(count_things(db), 0);
    assert_int_equal(used(RATE_BOOKINGS, subject, NOON), 2);
}

static void log_ins_have_a_window_of_a_minute(void **state)
{
    struct id subject = id_new();

    (void)state;
    assert_int_equal(used(RATE_LOGINS, subject, NOON), 1);
    assert_int_equal(used(RATE_LOGINS, subject, NOON + CLOCK_MINUTE - 1), 2);
    assert_int_equal(used(RATE_LOGINS, subject, NOON + CLOCK_MINUTE), 1);
    assert_string_equal(rate_name(RATE_LOGINS), "logins");
}

static void counting_is_one_round_trip(void **state)
{
    struct id subject = id_new();
    uint64_t before;

    (void)state;
    used(RATE_BOOKINGS, subject, NOON);
    before = db_round_trips(db);
    used(RATE_BOOKINGS, subject, NOON);
    assert_int_equal(db_round_trips(db) - before, 1);
}

static void several_connections_count_together(void **state)
{
    struct id subject = id_new();

    (void)state;
    used(RATE_BOOKINGS, subject, NOON);
    assert_int_equal(rate_take(other, pool, RATE_BOOKINGS, subject, 3, NOON).used, 2);
    db_ping(db);
    assert_int_equal(used(RATE_BOOKINGS, subject, NOON), 3);
}

static void return_another(void)
{
    db_one(db, pool, &RETURNS_ANOTHER, BIND(value_int(3)));
}

static void what_an_insert_returns_is_read_and_checked(void **state)
{
    (void)state;
    for (int64_t name = 1; name <= 2; name++) {
        const struct row *row = db_one(db, pool, &RETURNS_TWO, BIND(value_int(name)));
        assert_int_equal(row_int(row, "name"), name);
        assert_int_equal(row_int(row, "hits"), 7);
    }
    assert_int_equal(fault_of(return_another), FAULT_BROKEN);
}

static void ended_windows_are_swept(void **state)
{
    struct id subject = id_new();

    (void)state;
    used(RATE_CALENDAR, subject, NOON);
    rate_sweep(db, NOON + CLOCK_HOUR);
    assert_int_equal(row_int(db_one(db, pool, &WINDOWS, BIND(value_id(subject))), "windows"), 1);
    rate_sweep(db, NOON + CLOCK_HOUR + CLOCK_SECOND);
    assert_int_equal(row_int(db_one(db, pool, &WINDOWS, BIND(value_id(subject))), "windows"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(counts_up_within_a_window),
        CASE(a_window_ends_with_its_minute_or_hour),
        CASE(what_was_counted_outlives_a_rollback),
        CASE(log_ins_have_a_window_of_a_minute),
        CASE(counting_is_one_round_trip),
        CASE(several_connections_count_together),
        CASE(what_an_insert_returns_is_read_and_checked),
        CASE(ended_windows_are_swept),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
