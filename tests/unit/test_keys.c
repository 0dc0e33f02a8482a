#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/keys.h"
#include "rules/people.h"

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
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(keys_scopes_are_known(refused[i], false));
    }
    assert_false(keys_scopes_are_known("*", true));
    assert_false(keys_scopes_are_known("platform *", true));
}

static void staff_are_told_from_customers(void **state)
{
    static const char *const staff[] = { "superuser",    "admin",     "coach", "frontdesk",
                                         "professional", "therapist", "host" };
    static const char *const others[] = { "member", "non-member", "ex-member", "lead", "", "owner", "Admin" };
    (void)state;
    for (size_t i = 0; i < sizeof staff / sizeof staff[0]; i++) {
        assert_true(role_is_staff(staff[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(role_is_staff(others[i]));
    }
    assert_false(role_is_staff(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_scopes_are_taken),
        cmocka_unit_test(other_scopes_are_refused),
        cmocka_unit_test(staff_are_told_from_customers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
