#include "dispatcher/lanes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_a_lane_is_found_again(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    struct id ids[3000];
    for (size_t i = 0; i < 3000; i++) {
        ids[i] = id_new();
        lanes_get(&lanes, ids[i])->flying = (int)i;
    }
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(lanes_get(&lanes, ids[i])->flying, (int)i);
    lanes_release(&lanes);
}

static void test_a_prompt_endpoint_gets_more_and_a_dead_one_little(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    struct lane *lane = lanes_get(&lanes, id_new());
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
    assert_int_equal(lane_room(lanes_get(&lanes, id_new())), 2);
    lanes_release(&lanes);
}

static void test_rest_ends_and_is_never_shortened(void **state)
{
    (void)state;
    struct lanes lanes = { .highest = 32 };
    struct lane *lane = lanes_get(&lanes, id_new());
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
    struct lane *lane = lanes_get(&lanes, plain);
    lane->hungry = true;
    lane_learn(&lanes, lanes_get(&lanes, slow), false);
    lanes_get(&lanes, busy)->flying = 1;
    lane_rest(lanes_get(&lanes, resting), 5000);
    lanes_forget(&lanes, 1000);
    assert_false(lanes_get(&lanes, plain)->hungry); /* a new one */
    assert_int_equal(lanes_get(&lanes, slow)->limit, LANE_FIRST_LIMIT / 2);
    assert_int_equal(lanes_get(&lanes, busy)->flying, 1);
    assert_true(lane_rests(lanes_get(&lanes, resting), 1000));
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
