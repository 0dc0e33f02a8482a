#include "dispatcher/wake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { NOW = 5000000, TOOK = 1000 };

/* One look was, and took TOOK. */
static struct wake looked(void)
{
    struct wake wake = { 0 };
    assert_int_equal(wake_due_at(&wake), 0);
    wake_look_begins(&wake, NOW);
    wake_look_took(&wake, TOOK);
    wake_look_ends(&wake, NOW + TOOK);
    return wake;
}

static void test_all_are_looked_into_now_and_then(void **state)
{
    (void)state;
    struct wake wake = looked();
    assert_int_equal(wake_due_at(&wake), NOW + WAKE_IDLE_US);
    assert_false(wake.asked);
}

static void test_who_asks_gets_a_look_but_not_at_once_after_another(void **state)
{
    (void)state;
    struct wake wake = looked();
    wake_soon(&wake);
    assert_true(wake.asked);
    assert_in_range(wake_due_at(&wake), NOW + TOOK, NOW + 3 * TOOK);
    int64_t at = wake_due_at(&wake);
    wake_soon(&wake);
    assert_int_equal(wake_due_at(&wake), at);
    wake_look_begins(&wake, at);
    assert_false(wake.asked);
}

static void test_a_poke_brings_a_look_of_its_own(void **state)
{
    (void)state;
    struct wake wake = looked();
    struct id company = id_new();
    wake_for(&wake, company);
    wake_for(&wake, company);
    assert_int_equal(wake.poked_count, 1);
    assert_true(wake_due_at(&wake) <= NOW);
    wake.poked_count = 0;
    wake_poked_look_ends(&wake, NOW + 5000, NOW + 6000);
    wake_for(&wake, company);
    assert_int_equal(wake_due_at(&wake), NOW + 7000); /* half of the time at most */
}

static void test_many_pokes_bring_a_look_over_all(void **state)
{
    (void)state;
    struct wake wake = looked();
    for (int i = 0; i < WAKE_POKED_MOST; i++)
        wake_for(&wake, id_new());
    assert_false(wake.asked);
    wake_for(&wake, id_new());
    assert_true(wake.asked);
    assert_int_equal(wake.poked_count, WAKE_POKED_MOST);
    wake_look_begins(&wake, NOW + 10000);
    assert_int_equal(wake.poked_count, 0);
}

static void test_a_poke_that_names_nobody_is_for_all(void **state)
{
    (void)state;
    struct wake wake = looked();
    wake_for(&wake, (struct id){ { 0 } });
    assert_true(wake.asked);
    assert_int_equal(wake.poked_count, 0);
}

static void test_looks_that_take_long_come_seldom(void **state)
{
    (void)state;
    struct wake wake = { 0 };
    wake_look_begins(&wake, NOW);
    wake_look_took(&wake, 100000);
    wake_look_ends(&wake, NOW + 100000);
    assert_int_equal(wake_due_at(&wake), NOW + 100000 + 800000);
    wake_by(&wake, NOW + 300000);
    assert_int_equal(wake_due_at(&wake), NOW + 300000);
    wake_by(&wake, NOW + 400000);
    assert_int_equal(wake_due_at(&wake), NOW + 300000);
}

static void test_one_that_stood_still_is_no_measure(void **state)
{
    (void)state;
    struct wake wake = { 0 };
    wake_look_begins(&wake, NOW);
    wake_look_took(&wake, 60000000);
    assert_int_equal(wake.cost, WAKE_IDLE_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_are_looked_into_now_and_then),
        cmocka_unit_test(test_who_asks_gets_a_look_but_not_at_once_after_another),
        cmocka_unit_test(test_a_poke_brings_a_look_of_its_own),
        cmocka_unit_test(test_many_pokes_bring_a_look_over_all),
        cmocka_unit_test(test_a_poke_that_names_nobody_is_for_all),
        cmocka_unit_test(test_looks_that_take_long_come_seldom),
        cmocka_unit_test(test_one_that_stood_still_is_no_measure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
