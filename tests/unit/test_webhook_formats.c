/* The formats that a client may choose are those that the partners have; secrets are of a shape that can
 * sign. */
#include "partners/partner.h"
#include "rules/webhooks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void formats_are_the_partners(void **state)
{
    size_t i = 0;

    (void)state;
    for (; webhook_formats[i]; i++) {
        assert_non_null(partner_choices[i]);
        assert_string_equal(webhook_formats[i], partner_choices[i]);
        assert_non_null(partner_find(webhook_formats[i]));
    }
    assert_null(partner_choices[i]);
    assert_true(i >= 2);
}

static void fresh_secrets_can_sign(void **state)
{
    struct pool *pool = *state;
    const char *one = webhook_new_secret(pool), *other = webhook_new_secret(pool);

    assert_string_not_equal(one, other);
    assert_int_equal(strncmp(one, "whsec_", 6), 0);
    assert_null(webhook_secret_problem(pool, one));
}

static void own_secrets_are_checked(void **state)
{
    struct pool *pool = *state;

    assert_null(webhook_secret_problem(pool, "a plain secret of mine"));
    assert_null(webhook_secret_problem(pool, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    assert_non_null(webhook_secret_problem(pool, "whsec_"));
    assert_non_null(webhook_secret_problem(pool, "whsec_c2hvcnQ="));
    assert_non_null(webhook_secret_problem(pool, "whsec_not*base64*at*all*not*base64*"));
    assert_non_null(webhook_secret_problem(
        pool, "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
              "QUFBQUFB"));
}

static int make_pool(void **state)
{
    *state = pool_new();
    return 0;
}

static int drop_pool(void **state)
{
    pool_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_the_partners),
        cmocka_unit_test_setup_teardown(fresh_secrets_can_sign, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(own_secrets_are_checked, make_pool, drop_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
