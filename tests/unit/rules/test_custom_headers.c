/* What an endpoint may ask to be sent along. */
#include "rules/delivery/custom_headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
    static const char *const good[] = { "X-Tenant", "authorization", "x_1.2~", "X-Api-Key", "hosts", NULL };
    static const char *const bad[] = { "",
                                       "X Tenant",
                                       "X-Tenant:",
                                       "X\r\nY",
                                       "\303\251",
                                       "Host",
                                       "content-type",
                                       "Content-Length",
                                       "Transfer-Encoding",
                                       "connection",
                                       "EXPECT",
                                       "te",
                                       "Trailer",
                                       "Upgrade",
                                       "Keep-Alive",
                                       "User-Agent",
                                       "accept",
                                       "Accept-Encoding",
                                       "webhook-id",
                                       "Webhook-Signature",
                                       "svix-id",
                                       "X-Hub-Signature",
                                       "X-Hub-Signature-256",
                                       "x-bookme-signature",
                                       "Cookie",
                                       "Proxy-Authorization",
                                       "X-Forwarded-For",
                                       "Forwarded",
                                       NULL };
    char name[CUSTOM_HEADER_NAME_MAX + 2] = { 0 };

    (void)state;
    for (const char *const *at = good; *at; at++)
        assert_null(custom_header_name_problem(*at));
    for (const char *const *at = bad; *at; at++)
        assert_non_null(custom_header_name_problem(*at));
    memset(name, 'x', CUSTOM_HEADER_NAME_MAX);
    assert_null(custom_header_name_problem(name));
    name[CUSTOM_HEADER_NAME_MAX] = 'x';
    assert_non_null(custom_header_name_problem(name));
}

static void test_values(void **state)
{
    static const char *const bad[] = { "", " x", "x ", "a\r\nX-Y: z", "a\tb", "caf\303\251", "\177", NULL };
    char value[CUSTOM_HEADER_VALUE_MAX + 1];

    (void)state;
    assert_null(custom_header_value_problem("Bearer a/b+c=", 13));
    assert_null(custom_header_value_problem("a b", 3));
    for (const char *const *at = bad; *at; at++)
        assert_non_null(custom_header_value_problem(*at, strlen(*at)));
    assert_non_null(custom_header_value_problem("a\0b", 3));
    memset(value, 'x', sizeof value);
    assert_null(custom_header_value_problem(value, CUSTOM_HEADER_VALUE_MAX));
    assert_non_null(custom_header_value_problem(value, CUSTOM_HEADER_VALUE_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
