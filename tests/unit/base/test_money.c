#include "base/money.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_exponents(void **state)
{
    static const char *const none[] = {
        "", "US", "USDD", "usd", "XXX", "XAU", "XTS", "EUU", "D A", "AED AFN"
    };
    (void)state;

    assert_int_equal(money_exponent("USD"), 2);
    assert_int_equal(money_exponent("EUR"), 2);
    assert_int_equal(money_exponent("ZWG"), 2);
    assert_int_equal(money_exponent("AED"), 2);
    assert_int_equal(money_exponent("JPY"), 0);
    assert_int_equal(money_exponent("KWD"), 3);
    assert_int_equal(money_exponent("CLF"), 4);
    for (size_t i = 0; i < COUNT(none); i++)
        assert_int_equal(money_exponent(none[i]), -1);
    assert_int_equal(money_exponent(NULL), -1);
}

static void test_from_major(void **state)
{
    static const struct {
        double major;
        const char *currency;
        int64_t minor; /* -1: refused */
    } cases[] = {
        { 75.5, "USD", 7550 },
        { 150, "USD", 15000 },
        { 0, "USD", 0 },
        { -0.0, "USD", 0 },
        { 0.29, "USD", 29 }, /* 0.29 × 100 is 28.999999999999996 */
        { 1.1, "USD", 110 },
        { 4.35, "EUR", 435 },
        { 1.005, "USD", -1 },
        { 0.001, "USD", -1 },
        { 75.555, "USD", -1 },
        { 75.555, "KWD", 75555 },
        { 1, "JPY", 1 },
        { 1.5, "JPY", -1 },
        { 0.0001, "CLF", 1 },
        { -0.01, "USD", -1 },
        { 1e9, "USD", MONEY_MAX },
        { 1e9 + 0.01, "USD", -1 },
        { 999999999.99, "USD", MONEY_MAX - 1 },
        { 1e300, "USD", -1 },
        { 1e-300, "USD", -1 },
        { 5, "XXX", -1 },
    };
    int64_t minor;
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        minor = -1;
        if (money_from_major(&minor, cases[i].major, cases[i].currency) != (cases[i].minor >= 0) ||
            minor != cases[i].minor)
            fail_msg("%.17g %s gives %lld", cases[i].major, cases[i].currency, (long long)minor);
    }
    assert_false(money_from_major(&minor, (double)NAN, "USD"));
    assert_false(money_from_major(&minor, (double)INFINITY, "USD"));
    assert_false(money_from_major(&minor, -(double)INFINITY, "USD"));
}

static void test_there_and_back(void **state)
{
    static const char *const currencies[] = { "USD", "JPY", "KWD", "CLF" };
    (void)state;

    assert_true(money_to_major(7550, "USD") == 75.5);
    assert_true(money_to_major(-7550, "USD") == -75.5);
    for (size_t i = 0; i < COUNT(currencies); i++) {
        for (int64_t minor = 0; minor <= MONEY_MAX;
             minor = minor < 100000 ? minor + 1 : minor * 13 / 10 + 7) {
            int64_t back = -1;
            assert_true(money_from_major(&back, money_to_major(minor, currencies[i]), currencies[i]));
            assert_true(back == minor);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exponents),
        cmocka_unit_test(test_from_major),
        cmocka_unit_test(test_there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
