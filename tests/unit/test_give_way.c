#include "dispatcher/give_way.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SECOND = 1000000, START = 5 * SECOND };

/* `rate` events a second, one by one, for so many seconds. Returns when it is then. */
static int64_t come(struct give_way *give_way, int rate, int seconds, int64_t now)
{
    for (int i = 0; i < rate * seconds; i++, now += SECOND / rate)
        give_way_count(give_way, 1, now);
    return now;
}

static void test_alone_a_backlog_never_waits(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    give_way_count(&give_way, 0, START);
    assert_int_equal(give_way_gap(&give_way), 0);
    give_way_served(&give_way, 0, 32, START);
    assert_false(give_way_waits(&give_way, false, START));
    assert_false(give_way_waits(&give_way, true, START));
}

static void test_it_waits_longer_the_more_events_come(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    int64_t now = come(&give_way, 50, 3, START);
    int64_t some = give_way_gap(&give_way);
    assert_in_range(some, 45 * GIVE_WAY_EACH_US, 55 * GIVE_WAY_EACH_US);
    come(&give_way, 100, 3, now);
    assert_in_range(give_way_gap(&give_way), 95 * GIVE_WAY_EACH_US, 105 * GIVE_WAY_EACH_US);
    assert_true(give_way_gap(&give_way) > some);
}

static void test_the_first_events_count_before_their_second_is_over(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    give_way_count(&give_way, 1, START);
    assert_int_equal(give_way_gap(&give_way), GIVE_WAY_EACH_US);
    give_way_count(&give_way, 79, START + SECOND / 10);
    assert_int_equal(give_way_gap(&give_way), 80 * GIVE_WAY_EACH_US);
}

static void test_however_many_come_it_is_served(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    int64_t now = come(&give_way, 10000, 2, START);
    assert_int_equal(give_way_gap(&give_way), GIVE_WAY_MOST_US);
    give_way_served(&give_way, 0, 32, now);
    assert_int_equal(give_way_until(&give_way), now + GIVE_WAY_MOST_US);
    assert_true(give_way_waits(&give_way, false, now + GIVE_WAY_MOST_US - 1));
    assert_false(give_way_waits(&give_way, false, now + GIVE_WAY_MOST_US));
    /* Others that are due at that very moment go first, but not for ever. */
    assert_true(give_way_waits(&give_way, true, now + GIVE_WAY_MOST_US));
    assert_false(give_way_waits(&give_way, true, now + 2 * GIVE_WAY_MOST_US));
}

static void test_it_does_not_wait_for_what_has_stopped(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    int64_t now = come(&give_way, 200, 3, START);
    give_way_count(&give_way, 0, now + SECOND / 2);
    assert_true(give_way_gap(&give_way) > 0);
    give_way_count(&give_way, 0, now + 2 * SECOND);
    give_way_count(&give_way, 0, now + 4 * SECOND);
    assert_int_equal(give_way_gap(&give_way), 0);

    now = come(&give_way, 200, 3, START + 10 * SECOND);
    give_way_count(&give_way, 0, now + 3600 * (int64_t)SECOND);
    assert_int_equal(give_way_gap(&give_way), 0);
}

/* Rows a second, where it gives way to others at each look. */
static int64_t least_rate(const struct give_way *give_way, int most)
{
    return most * INT64_C(1000000) / (2 * give_way_gap(give_way));
}

static void test_one_that_grows_is_served_faster_than_it_grows(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    int64_t now = come(&give_way, 200, 3, START);
    for (int grown = 1; grown <= 500; grown++) {
        give_way_served(&give_way, grown, 32, now + grown);
        assert_in_range(give_way_gap(&give_way), 1, GIVE_WAY_MOST_US);
        assert_true(least_rate(&give_way, 32) > grown + grown / 2);
    }
    give_way_served(&give_way, 0, 32, now + SECOND); /* it grows no more */
    assert_int_equal(give_way_gap(&give_way), GIVE_WAY_MOST_US);
}

/* A slow endpoint takes one row at a time, however many come to it. */
static void test_a_tiny_share_brings_no_full_speed(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    int64_t now = come(&give_way, 200, 3, START);
    static const int shares[] = { 1, 2, 8 };
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        give_way_served(&give_way, 500, shares[i], now + (int64_t)i);
        assert_int_equal(give_way_gap(&give_way), GIVE_WAY_LEAST_US);
    }
    /* It shortens the gap that events bring, and never makes one longer. */
    now = come(&give_way, 5, 3, now + SECOND);
    give_way_served(&give_way, 500, 1, now);
    assert_in_range(give_way_gap(&give_way), 1, GIVE_WAY_LEAST_US - 1);
}

static void test_of_those_served_together_the_one_that_grows_most_tells(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    int64_t now = come(&give_way, 200, 3, START);
    static const int grown[] = { 0, 50, 200, 100, 0 };
    for (size_t i = 0; i < sizeof grown / sizeof *grown; i++)
        give_way_served(&give_way, grown[i], 32, now);
    int64_t together = give_way_gap(&give_way);
    give_way_served(&give_way, 200, 32, now + 1);
    assert_int_equal(together, give_way_gap(&give_way));
    give_way_served(&give_way, 50, 32, now + 2);
    assert_true(together < give_way_gap(&give_way));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone_a_backlog_never_waits),
        cmocka_unit_test(test_it_waits_longer_the_more_events_come),
        cmocka_unit_test(test_the_first_events_count_before_their_second_is_over),
        cmocka_unit_test(test_however_many_come_it_is_served),
        cmocka_unit_test(test_it_does_not_wait_for_what_has_stopped),
        cmocka_unit_test(test_one_that_grows_is_served_faster_than_it_grows),
        cmocka_unit_test(test_a_tiny_share_brings_no_full_speed),
        cmocka_unit_test(test_of_those_served_together_the_one_that_grows_most_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
