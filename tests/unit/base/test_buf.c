#include "base/buf.h"

#include <setjmp.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

static void fill_and_check(struct pool *pool)
{
    struct buf buf;

    buf_init(&buf, pool, 100000);
    assert_string_equal(buf.data, "");
    for (int i = 0; i < 1000; i++) {
        assert_true(buf_add_text(&buf, "0123456789"));
        assert_int_equal(buf.data[buf.length], 0);
    }
    assert_true(buf_add(&buf, "a\0b", 3));
    assert_true(buf_add_char(&buf, '!'));
    assert_true(buf_printf(&buf, "<%d>", 77));
    assert_int_equal(buf.length, 10008);
    assert_memory_equal(buf.data + 9990, "0123456789a\0b!<77>", 19);
    buf_clear(&buf);
    assert_int_equal(buf.length, 0);
    assert_string_equal(buf.data, "");
    assert_true(buf_add_text(&buf, "again"));
    assert_string_equal(buf.data, "again");
    if (!pool) {
        buf_release(&buf);
        assert_string_equal(buf.data, "");
    }
}

static void test_in_a_pool(void **state)
{
    struct pool *pool = pool_new();
    (void)state;

    fill_and_check(pool);
    pool_free(pool);
}

static void test_on_the_heap(void **state)
{
    (void)state;
    fill_and_check(NULL);
}

static void test_limit(void **state)
{
    struct buf buf;
    (void)state;

    buf_init(&buf, NULL, 10);
    assert_true(buf_add_text(&buf, "12345678"));
    assert_false(buf_add_text(&buf, "9ab")); /* refused whole */
    assert_string_equal(buf.data, "12345678");
    assert_true(buf.overflowed);
    assert_false(buf_add_char(&buf, '9')); /* and so is what would fit */
    assert_false(buf_printf(&buf, "%d", 9));
    assert_string_equal(buf.data, "12345678");
    buf_clear(&buf);
    assert_false(buf.overflowed);
    assert_true(buf_add_text(&buf, "1234567890"));
    assert_false(buf_add_char(&buf, 'x'));
    buf_clear(&buf);
    assert_true(buf_printf(&buf, "%s", "1234567890"));
    assert_false(buf_printf(&buf, "x"));
    buf_release(&buf);
}

static void test_limit_zero_and_none(void **state)
{
    struct buf buf;
    (void)state;

    buf_init(&buf, NULL, 0);
    assert_true(buf_add(&buf, "", 0));
    assert_true(buf_printf(&buf, "%s", ""));
    assert_false(buf_add_char(&buf, 'x'));
    assert_string_equal(buf.data, "");
    buf_release(&buf);
    buf_init(&buf, NULL, SIZE_MAX);
    assert_true(buf_add_text(&buf, "x"));
    assert_false(buf_add(&buf, "", SIZE_MAX));
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_a_pool),
        cmocka_unit_test(test_on_the_heap),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_zero_and_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
