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
    static const char *const starts[] = { "whsec_", "whsec_", "whsec_", "sk_live_", "whsec_", "" };

    for (size_t i = 0; webhook_formats[i]; i++) {
        const char *one = webhook_new_secret(pool, webhook_formats[i]);

        assert_string_not_equal(one, webhook_new_secret(pool, webhook_formats[i]));
        assert_int_equal(strncmp(one, starts[i], strlen(starts[i])), 0);
        assert_true(strlen(one) >= 38);
        assert_null(webhook_secret_problem(pool, one));
    }
}

static void therapy_stores_the_hash_of_its_key(void **state)
{
    struct pool *pool = *state;

    assert_string_equal(webhook_stored_secret(pool, "therapy", "abc"),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(webhook_stored_secret(pool, "standard", "abc"), "abc");
    assert_string_equal(webhook_display_key(pool, "therapy", "sk_live_0123456789abcd1234"),
                        "sk_live_abcd1234");
    assert_null(webhook_display_key(pool, "standard", "sk_live_0123456789abcd1234"));
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
        cmocka_unit_test_setup_teardown(therapy_stores_the_hash_of_its_key, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(own_secrets_are_checked, make_pool, drop_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
