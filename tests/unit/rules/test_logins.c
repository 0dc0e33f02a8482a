#include "rules/people/logins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

static void the_first_three_failures_cost_nothing(void **state)
{
    (void)state;
    for (int64_t n = 0; n <= 3; n++)
        assert_int_equal(login_pause(LOGIN_EMAIL, n), 0);
}

static void then_each_costs_twice_the_one_before(void **state)
{
    (void)state;
    for (int64_t n = 4, seconds = 1; n <= 9; n++, seconds *= 2)
        assert_int_equal(login_pause(LOGIN_EMAIL, n), seconds * CLOCK_SECOND);
}

static void from_the_tenth_on_it_is_a_quarter_of_an_hour(void **state)
{
    (void)state;
    assert_int_equal(login_pause(LOGIN_EMAIL, 10), 15 * CLOCK_MINUTE);
    assert_int_equal(login_pause(LOGIN_EMAIL, INT64_MAX), 15 * CLOCK_MINUTE);
}

static void an_address_has_more_patience(void **state)
{
    (void)state;
    assert_int_equal(login_pause(LOGIN_ADDRESS, 49), 0);
    assert_int_equal(login_pause(LOGIN_ADDRESS, 50), 15 * CLOCK_MINUTE);
    assert_int_equal(login_pause(LOGIN_SITE, 499), 0);
    assert_int_equal(login_pause(LOGIN_SITE, 500), 15 * CLOCK_MINUTE);
    assert_int_equal(login_pause(LOGIN_RESETS, 19), 0);
    assert_int_equal(login_pause(LOGIN_RESETS, 20), 15 * CLOCK_MINUTE);
    assert_int_equal(login_pause(LOGIN_SITE_RESETS, 199), 0);
    assert_int_equal(login_pause(LOGIN_SITE_RESETS, 200), 15 * CLOCK_MINUTE);
}

static void a_mailbox_gets_three_invitations_and_then_none_for_an_hour(void **state)
{
    (void)state;
    assert_int_equal(login_pause(LOGIN_INVITATIONS, 2), 0);
    assert_int_equal(login_pause(LOGIN_INVITATIONS, 3), CLOCK_HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_three_failures_cost_nothing),
        cmocka_unit_test(then_each_costs_twice_the_one_before),
        cmocka_unit_test(from_the_tenth_on_it_is_a_quarter_of_an_hour),
        cmocka_unit_test(an_address_has_more_patience),
        cmocka_unit_test(a_mailbox_gets_three_invitations_and_then_none_for_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
