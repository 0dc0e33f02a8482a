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
    struct lane_backlog lane = { 0 }, other = { 0 };
    give_way_count(&give_way, 0, START);
    assert_int_equal(give_way_gap(&give_way), 0);
    give_way_served(&give_way, &lane, 16, 0, START);
    assert_true(give_way_until(&give_way, &lane) <= START);
    assert_true(give_way_until(&give_way, &other) <= START);
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
    struct lane_backlog lane = { 0 };
    int64_t now = come(&give_way, 10000, 2, START);
    assert_int_equal(give_way_gap(&give_way), GIVE_WAY_MOST_US);
    assert_true(give_way_until(&give_way, &lane) <= now); /* at first, it has waited */
    give_way_served(&give_way, &lane, 16, 0, now);
    assert_int_equal(give_way_until(&give_way, &lane), now + GIVE_WAY_MOST_US);
    assert_true(give_way_waits(&give_way, &lane, false, now + GIVE_WAY_MOST_US - 1));
    assert_false(give_way_waits(&give_way, &lane, false, now + GIVE_WAY_MOST_US));
    /* Others that are due at that very moment go first, but not for ever. */
    assert_true(give_way_waits(&give_way, &lane, true, now + GIVE_WAY_MOST_US));
    assert_false(give_way_waits(&give_way, &lane, true, now + 2 * GIVE_WAY_MOST_US));
    /* … and one that grows lets them go first for no longer than it can bear. */
    lane.grown = 500;
    assert_false(give_way_waits(&give_way, &lane, true, now + 2 * GIVE_WAY_LEAST_US));
}

/* A lone event now and then is no reason to let a backlog wait. */
static void test_beside_few_events_slices_are_large_and_come_at_once(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    struct lane_backlog lane = { 0 }, heavy = { .heavy = true };
    come(&give_way, 10, 3, START);
    assert_true(give_way_slice(&give_way, &lane) >= 256);
    assert_true(give_way_slice(&give_way, &heavy) >= 64);
    assert_in_range(give_way_gap(&give_way), 1, 15000);
    assert_in_range(give_way_pause(&give_way), 1, 1500);
}

/* So that an event waits for one of them at most. */
static void test_slices_of_several_lanes_are_spread(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    struct lane_backlog lanes[5] = { 0 };
    int64_t now = come(&give_way, 200, 3, START);
    for (int i = 0; i < 5; i++) {
        assert_true(give_way_until(&give_way, &lanes[i]) <= now);
        give_way_served(&give_way, &lanes[i], 16, 0, now);
        for (int k = i + 1; k < 5; k++)
            assert_in_range(give_way_until(&give_way, &lanes[k]), now + 10000, now + GIVE_WAY_MOST_US / 5);
        now = i < 4 ? give_way_until(&give_way, &lanes[i + 1]) : now;
    }
    /* One that grows does not wait for the others. */
    struct lane_backlog grows = { .served_at = now - SECOND, .rows = 16, .grown = 50 };
    assert_true(give_way_until(&give_way, &grows) <= now);
    /* … nor do they for ever, however often that has a slice. */
    struct lane_backlog still = { .served_at = now - 4 * GIVE_WAY_MOST_US, .rows = 16 };
    give_way_served(&give_way, &grows, 16, 50, now);
    assert_true(give_way_waits(&give_way, &still, true, now - 1));
    assert_false(give_way_waits(&give_way, &still, true, now));
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

/* Rows a second, where each slice waits as long again for an event behind which it goes. */
static int64_t least_rate(const struct give_way *give_way, const struct lane_backlog *lane, int most,
                          int64_t now)
{
    int slice = give_way_slice(give_way, lane) < most ? give_way_slice(give_way, lane) : most;
    return slice * INT64_C(1000000) / (2 * (give_way_until(give_way, lane) - now));
}

static void test_one_that_grows_is_served_faster_than_it_grows(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    struct lane_backlog lane = { 0 };
    int64_t now = come(&give_way, 200, 3, START);
    for (int grown = 1; grown <= 500; grown++, now += SECOND / 1000) {
        for (int i = 0; i < 2; i++) /* the first of them finds out that it grows */
            give_way_served(&give_way, &lane, give_way_slice(&give_way, &lane), grown, now);
        assert_in_range(give_way_until(&give_way, &lane), now + GIVE_WAY_LEAST_US, now + GIVE_WAY_MOST_US);
        assert_true(least_rate(&give_way, &lane, 64, now) > grown + grown / 2);
    }
    give_way_served(&give_way, &lane, 16, 0, now); /* it grows no more */
    assert_int_equal(give_way_until(&give_way, &lane), now + GIVE_WAY_MOST_US);
    assert_int_equal(give_way_slice(&give_way, &lane), GIVE_WAY_SLICE);
}

static void test_heavy_rows_come_in_smaller_slices(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    struct lane_backlog lane = { .heavy = true };
    int64_t now = come(&give_way, 200, 3, START);
    assert_int_equal(give_way_slice(&give_way, &lane), GIVE_WAY_HEAVY_SLICE);
    for (int i = 0; i < 2; i++)
        give_way_served(&give_way, &lane, give_way_slice(&give_way, &lane), 100, now);
    assert_true(least_rate(&give_way, &lane, 64, now) > 150); /* it shrinks all the same */
}

/* A slow endpoint takes one row at a time, however many come to it. */
static void test_a_tiny_share_brings_no_full_speed(void **state)
{
    (void)state;
    struct give_way give_way = { 0 };
    struct lane_backlog lane = { 0 };
    int64_t now = come(&give_way, 200, 3, START);
    static const int shares[] = { 1, 2, 8 };
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        give_way_served(&give_way, &lane, shares[i], 500, now);
        assert_int_equal(give_way_until(&give_way, &lane), now + GIVE_WAY_LEAST_US);
    }
    /* It shortens the gap that events bring, and never makes one longer. */
    now = come(&give_way, 5, 3, now + SECOND);
    give_way_served(&give_way, &lane, 1, 500, now);
    assert_in_range(give_way_until(&give_way, &lane), now + 1, now + GIVE_WAY_LEAST_US - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone_a_backlog_never_waits),
        cmocka_unit_test(test_it_waits_longer_the_more_events_come),
        cmocka_unit_test(test_the_first_events_count_before_their_second_is_over),
        cmocka_unit_test(test_however_many_come_it_is_served),
        cmocka_unit_test(test_beside_few_events_slices_are_large_and_come_at_once),
        cmocka_unit_test(test_slices_of_several_lanes_are_spread),
        cmocka_unit_test(test_it_does_not_wait_for_what_has_stopped),
        cmocka_unit_test(test_one_that_grows_is_served_faster_than_it_grows),
        cmocka_unit_test(test_heavy_rows_come_in_smaller_slices),
        cmocka_unit_test(test_a_tiny_share_brings_no_full_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
