#include "dispatcher/lanes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct id COMPANY = { { 1 } };

static void test_a_lane_is_found_again(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    struct id ids[3000];
    for (size_t i = 0; i < 3000; i++) {
        ids[i] = id_new();
        lanes_get(&lanes, ids[i], COMPANY)->flying = (int)i;
    }
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(lanes_get(&lanes, ids[i], COMPANY)->flying, (int)i);
    lanes_release(&lanes);
}

static void test_a_prompt_endpoint_gets_more_and_a_dead_one_little(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    struct lane *lane = lanes_get(&lanes, id_new(), COMPANY);
    assert_int_equal(lane_room(lane), LANE_FIRST_LIMIT);
    for (int i = 0; i < 100; i++)
        lane_learn(&lanes, lane, true);
    assert_int_equal(lane_room(lane), 32);
    lane->flying = 40;
    assert_int_equal(lane_room(lane), 0);
    lane->flying = 0;
    for (int i = 0; i < 6; i++)
        lane_learn(&lanes, lane, false);
    assert_int_equal(lane_room(lane), 1);
    lane_learn(&lanes, lane, true);
    assert_int_equal(lane_room(lane), 2);
    lanes_release(&lanes);
}

static void test_the_first_limit_stays_below_the_highest(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 2 };
    assert_int_equal(lane_room(lanes_get(&lanes, id_new(), COMPANY)), 2);
    lanes_release(&lanes);
}

static void test_rest_ends_and_is_never_shortened(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    struct lane *lane = lanes_get(&lanes, id_new(), COMPANY);
    assert_false(lane_rests(lane, 1000));
    lane_rest(lane, 5000);
    lane_rest(lane, 3000);
    assert_true(lane_rests(lane, 4999));
    assert_false(lane_rests(lane, 5000));
    lanes_release(&lanes);
}

static void test_only_what_says_nothing_is_forgotten(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    struct id plain = id_new(), slow = id_new(), busy = id_new(), resting = id_new();
    struct lane *lane = lanes_get(&lanes, plain, COMPANY);
    lane->hungry = true;
    lane_learn(&lanes, lanes_get(&lanes, slow, COMPANY), false);
    lanes_get(&lanes, busy, COMPANY)->unsettled = 1;
    lane_rest(lanes_get(&lanes, resting, COMPANY), 5000);
    lanes_forget(&lanes, 1000);
    assert_false(lanes_get(&lanes, plain, COMPANY)->hungry); /* a new one */
    assert_int_equal(lanes_get(&lanes, slow, COMPANY)->limit, LANE_FIRST_LIMIT / 2);
    assert_int_equal(lanes_get(&lanes, busy, COMPANY)->unsettled, 1);
    assert_true(lane_rests(lanes_get(&lanes, resting, COMPANY), 1000));
    lanes_release(&lanes);
}

static void test_a_lane_is_kept_until_its_last_transfer_is_written_down(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    struct lane *lane = lanes_get(&lanes, id_new(), COMPANY);
    lane_take(lane);
    lane_land(lane, false);
    lanes_forget(&lanes, 1000);
    assert_ptr_equal(lanes_get(&lanes, lane->endpoint, COMPANY), lane);
    lane_settle(lane);
    lanes_forget(&lanes, 1000);
    for (size_t i = 0; i < LANE_BUCKETS; i++) {
        assert_null(lanes.buckets[i]);
        assert_null(lanes.tenants[i]);
    }
    lanes_release(&lanes);
}

/* Claims for a company, in lanes of its own, as much as it may have; how much that was. */
static int fill(struct lanes *lanes, struct id company, int parallel, int slow, int *flying, int *slow_flying)
{
    int taken = 0;
    for (;;) {
        struct lane *lane = lanes_get(lanes, id_new(), company);
        int quick = parallel - (*flying - *slow_flying), all = 4 * parallel - *flying;
        if (lane_company_room(lane, quick, all) <= 0)
            return taken;
        lane_take(lane);
        taken++;
        ++*flying;
        if (taken <= slow) {
            lane_slow(lane);
            ++*slow_flying;
        }
    }
}

static void test_no_company_takes_it_all(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    int flying = 0, slow = 0;
    int first = fill(&lanes, (struct id){ { 1 } }, 256, 0, &flying, &slow);
    assert_in_range(first, 180, 200); /* three quarters of what is quick */
    int second = fill(&lanes, (struct id){ { 2 } }, 256, 0, &flying, &slow);
    assert_in_range(second, 40, 60);
    assert_in_range(fill(&lanes, (struct id){ { 3 } }, 256, 0, &flying, &slow), 8, 16);
    lanes_release(&lanes);
}

static void test_what_hangs_leaves_half_of_all_to_others(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    int flying = 0, slow = 0;
    int first = fill(&lanes, (struct id){ { 1 } }, 256, 10000, &flying, &slow);
    assert_in_range(first, 500, 520);
    assert_in_range(fill(&lanes, (struct id){ { 2 } }, 256, 0, &flying, &slow), 180, 200);
    lanes_release(&lanes);
}

static void test_a_single_place_is_given(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 1 };
    struct lane *lane = lanes_get(&lanes, id_new(), COMPANY);
    assert_int_equal(lane_company_room(lane, 1, 4), 1);
    assert_int_equal(lane_company_room(lane, 0, 3), 0);
    assert_int_equal(lane_company_room(lane, 1, 0), 0);
    lanes_release(&lanes);
}

static void test_retries_have_a_quarter_of_any_share(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    for (int share = 1; share <= 33; share++) {
        struct lane *lane = lanes_get(&lanes, id_new(), COMPANY);
        int kept = 0;
        for (int look = 0; look < 4; look++)
            kept += lane_retry_part(lane, share);
        assert_int_equal(kept, share);
    }
    assert_int_equal(lane_retry_part(lanes_get(&lanes, id_new(), COMPANY), 1), 0); /* fresh first */
    lanes_release(&lanes);
}

static void test_what_was_failing_starts_slowly(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    struct lane *lane = lanes_get(&lanes, id_new(), COMPANY);
    lane_slow_start(lane);
    assert_int_equal(lane_room(lane), 1);
    lane_learn(&lanes, lane, true);
    assert_int_equal(lane_room(lane), 2);
    lanes_release(&lanes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lane_is_found_again),
        cmocka_unit_test(test_a_prompt_endpoint_gets_more_and_a_dead_one_little),
        cmocka_unit_test(test_the_first_limit_stays_below_the_highest),
        cmocka_unit_test(test_rest_ends_and_is_never_shortened),
        cmocka_unit_test(test_only_what_says_nothing_is_forgotten),
        cmocka_unit_test(test_a_lane_is_kept_until_its_last_transfer_is_written_down),
        cmocka_unit_test(test_no_company_takes_it_all),
        cmocka_unit_test(test_what_hangs_leaves_half_of_all_to_others),
        cmocka_unit_test(test_a_single_place_is_given),
        cmocka_unit_test(test_retries_have_a_quarter_of_any_share),
        cmocka_unit_test(test_what_was_failing_starts_slowly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
