#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/people/keys.h"
#include "rules/people/people.h"

static void known_scopes_are_taken(void **state)
{
    (void)state;
    assert_true(keys_scopes_are_known("*", false));
    assert_true(keys_scopes_are_known("bookings:read", false));
    assert_true(keys_scopes_are_known("company:write users:read webhooks:write", false));
    assert_true(keys_scopes_are_known("platform", true));
}

static void other_scopes_are_refused(void **state)
{
    static const char *const refused[] = { "",
                                           " ",
                                           "bookings",
                                           "bookings:",
                                           "bookings:read ",
                                           " bookings:read",
                                           "bookings:read  users:read",
                                           "bookings:reads",
                                           "platform",
                                           "bookings:read,users:read",
                                           "**",
                                           "BOOKINGS:READ" };
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(keys_scopes_are_known(refused[i], false));
    assert_false(keys_scopes_are_known("*", true));
    assert_false(keys_scopes_are_known("platform *", true));
}

static void staff_are_told_from_customers(void **state)
{
    static const char *const staff[] = { "superuser",    "admin",     "coach", "frontdesk",
                                         "professional", "therapist", "host" };
    static const char *const others[] = { "member", "non-member", "ex-member", "lead", "", "owner", "Admin" };
    (void)state;
    for (size_t i = 0; i < sizeof staff / sizeof staff[0]; i++)
        assert_true(role_is_staff(staff[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(role_is_staff(others[i]));
    assert_false(role_is_staff(NULL));
}

static bool is_within(const char *granted, const char *wanted)
{
    const struct actor caller = { .scopes = granted };
    const struct power power = { .scopes = wanted };

    return power_covers(&caller, &power);
}

static void nobody_gives_scopes_that_they_do_not_have(void **state)
{
    (void)state;
    assert_true(is_within("*", "*"));
    assert_true(is_within("*", "keys:write bookings:read"));
    assert_true(is_within("bookings:write keys:write", "bookings:read"));
    assert_true(is_within("platform", "*"));
    assert_false(is_within("bookings:write keys:write", "*"));
    assert_false(is_within("bookings:read", "bookings:write"));
    assert_false(is_within("", "bookings:read"));
}

static void nobody_gives_more_than_their_bounds(void **state)
{
    const struct actor caller = { .scopes = "*",
                                  .addresses = "10.0.0.1,::1",
                                  .booking_limit = 10,
                                  .calendar_limit = 20,
                                  .expires_at = 5000 };
    const struct power good = { "*", "::1", 10, 19, 5000 };
    const struct power wider[] = { { "*", NULL, 10, 19, 5000 },       { "*", "::1,::2", 10, 19, 5000 },
                                   { "*", "10.0.0.1", 11, 19, 5000 }, { "*", "::1", 0, 19, 5000 },
                                   { "*", "::1", 10, 21, 5000 },      { "*", "::1", 10, 19, 0 },
                                   { "*", "::1", 10, 19, 5001 },      { "*", "10.0.0.11", 10, 19, 5000 } };
    struct power power = { .scopes = "*" };

    (void)state;
    assert_true(power_covers(&caller, &good));
    for (size_t i = 0; i < sizeof wider / sizeof wider[0]; i++)
        assert_false(power_covers(&caller, &wider[i]));
    power_inherit(&caller, &power);
    assert_true(power_covers(&caller, &power));
    assert_int_equal(power.expires_at, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_scopes_are_taken),
        cmocka_unit_test(other_scopes_are_refused),
        cmocka_unit_test(nobody_gives_scopes_that_they_do_not_have),
        cmocka_unit_test(nobody_gives_more_than_their_bounds),
        cmocka_unit_test(staff_are_told_from_customers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
