#include "base/value.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

static void test_constructors(void **state)
{
    struct id nil = { { 0 } }, one = { { 1 } };
    (void)state;

    assert_int_equal(value_null().type, VALUE_NULL);
    assert_int_equal(value_int(-5).integer, -5);
    assert_int_equal(value_text(NULL).type, VALUE_NULL);
    assert_int_equal(value_text("abc").length, 3);
    assert_int_equal(value_bytes("a\0b", 3).length, 3);
    assert_int_equal(value_time(7).time, 7);
    assert_int_equal(value_id(nil).type, VALUE_NULL);
    assert_int_equal(value_id(one).type, VALUE_ID);
    assert_true(value_is_set(value_int(0)));
    assert_false(value_is_set(value_null()));
    assert_false(value_is_set((struct value){ .type = VALUE_ABSENT }));
}

static void test_equal(void **state)
{
    struct id one = { { 1 } }, two = { { 2 } };
    struct value list = { .type = VALUE_LIST };
    (void)state;

    assert_true(value_equal(value_null(), value_null()));
    assert_false(value_equal(value_null(), (struct value){ .type = VALUE_ABSENT }));
    assert_true(value_equal(value_int(5), value_int(5)));
    assert_false(value_equal(value_int(5), value_int(6)));
    assert_false(value_equal(value_int(5), value_time(5)));
    assert_true(value_equal(value_number(0.1), value_number(0.1)));
    assert_false(value_equal(value_number(0.1), value_number(0.2)));
    assert_true(value_equal(value_text("a"), value_bytes("ab", 1)));
    assert_false(value_equal(value_text("a"), value_text("b")));
    assert_false(value_equal(value_text("a"), value_text("ab")));
    assert_false(value_equal(value_bytes("a\0b", 3), value_bytes("a\0c", 3)));
    assert_true(value_equal(value_text(""), value_bytes(NULL, 0)));
    assert_true(value_equal(value_time(5), value_time(5)));
    assert_true(value_equal(value_id(one), value_id(one)));
    assert_false(value_equal(value_id(one), value_id(two)));
    assert_false(value_equal(list, list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constructors),
        cmocka_unit_test(test_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
