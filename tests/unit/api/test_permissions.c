#include "api/permissions.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

static void a_scope_opens_itself_and_writing_reads(void **state)
{
    (void)state;
    assert_true(permission_granted("users:read bookings:write", "users:read"));
    assert_true(permission_granted("users:read bookings:write", "bookings:read"));
    assert_false(permission_granted("users:read bookings:write", "users:write"));
    assert_false(permission_granted("users:reader", "users:read"));
    assert_false(permission_granted("", "users:read"));
}

static void everything_is_everything_but_the_platform(void **state)
{
    (void)state;
    assert_true(permission_granted("*", "keys:write"));
    assert_false(permission_granted("*", "platform"));
    assert_false(permission_granted("platform", "users:read"));
}

static void nobody_covers_what_they_lack(void **state)
{
    (void)state;
    assert_true(permission_covers("*", "users:write keys:read"));
    assert_true(permission_covers("*", "*"));
    assert_true(permission_covers("users:write", "users:read"));
    assert_true(permission_covers("", ""));
    assert_false(permission_covers("users:write keys:write", "*"));
    assert_false(permission_covers("users:write", "users:read bookings:read"));
}

static void the_table_and_the_roles_agree(void **state)
{
    struct pool *pool = pool_new();

    (void)state;
    for (const char *const *role = permission_roles; *role; role++)
        for (const struct permission *at = permissions; at->scope; at++)
            assert_int_equal(permission_role_has(*role, at->scope),
                             permission_granted(permissions_of_role(pool, *role), at->scope));
    pool_free(pool);
}

static void customers_have_nothing_but_their_login(void **state)
{
    static const char *const customers[] = { "member", "non-member", "ex-member", "lead" };
    struct pool *pool = pool_new();

    (void)state;
    for (size_t i = 0; i < sizeof customers / sizeof customers[0]; i++) {
        assert_string_equal(permissions_of_role(pool, customers[i]), "");
        assert_true(permission_role_has(customers[i], "session"));
        assert_false(permission_role_has(customers[i], "platform"));
    }
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_opens_itself_and_writing_reads),
        cmocka_unit_test(everything_is_everything_but_the_platform),
        cmocka_unit_test(nobody_covers_what_they_lack),
        cmocka_unit_test(the_table_and_the_roles_agree),
        cmocka_unit_test(customers_have_nothing_but_their_login),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
