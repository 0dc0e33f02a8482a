#include "base/clock.h"
#include "base/id.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_known_text(void **state)
{
    static const struct id zero,
        ones = { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 } };
    static const struct id mixed = { { 0x01, 0x8F, 0x5B, 0x2C, 0x3D, 0x4E, 0x7A, 0xBC, 0x8D, 0xEF, 0x01, 0x23,
                                       0x45, 0x67, 0x89, 0xAB } };
    char text[ID_TEXT_SIZE], uuid[37];
    (void)state;

    assert_string_equal(id_format(text, "bk", zero), "bk_00000000000000000000000000");
    assert_string_equal(id_format(text, "bk", ones), "bk_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    assert_string_equal(id_format(text, "cal_item", mixed), "cal_item_01hxdjrfaefay8vvr14d2pf2db");
    assert_string_equal(id_format_uuid(uuid, mixed), "018f5b2c-3d4e-7abc-8def-0123456789ab");
}

static void test_round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct id id = id_new(), back = { { 0 } };
        char text[ID_TEXT_SIZE];
        id_format(text, "evt", id);
        assert_int_equal(strlen(text), 30);
        assert_true(id_parse(&back, "evt", text, strlen(text)));
        assert_true(id_equal(id, back));
    }
}

static void test_new_ids_sort_and_carry_the_time(void **state)
{
    instant before = clock_real();
    struct id last = id_new();
    (void)state;

    for (int i = 0; i < 50000; i++) {
        struct id id = id_new();
        if (id_compare(last, id) >= 0)
            fail_msg("id %d does not come after the one before", i);
        assert_int_equal(id.bytes[6] >> 4, 7);
        assert_int_equal(id.bytes[8] >> 6, 2);
        last = id;
    }
    instant born = 0;
    for (int i = 0; i < 6; i++)
        born = born << 8 | last.bytes[i];
    assert_in_range(born, before, clock_real() + 1);
}

static void test_upper_case_is_taken(void **state)
{
    struct id lower, upper;
    (void)state;

    assert_true(id_parse(&lower, "bk", "bk_01hxdjrfaefay8vvr14d2pf2db", 29));
    assert_true(id_parse(&upper, "bk", "BK_01HXDJRFAEFAY8VVR14D2PF2DB", 29));
    assert_true(id_equal(lower, upper));
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "bk",
        "bk_",
        "bk_01hxdjrfaefay8vvr14d2pf2d",
        "bk_01hxdjrfaefay8vvr14d2pf2dbb",
        "bk01hxdjrfaefay8vvr14d2pf2dbx",
        "bx_01hxdjrfaefay8vvr14d2pf2db",
        "usr_01hxdjrfaefay8vvr14d2pf2db",
        "bk_81hxdjrfaefay8vvr14d2pf2db", /* 129 bits */
        "bk_z1hxdjrfaefay8vvr14d2pf2db",
        "bk_01hxdjrfaefay8vvr14d2pf2di", /* i, l, o, u are not in the alphabet */
        "bk_01hxdjrfaefay8vvr14d2pf2dl",
        "bk_01hxdjrfaefay8vvr14d2pf2do",
        "bk_01hxdjrfaefay8vvr14d2pf2du",
        "bk_01hxdjrfaefay8vvr14d2pf2d ",
        "bk_01hxdjrfaefay8vvr14d2pf2d\xC3",
        "bk_i1hxdjrfaefay8vvr14d2pf2db",
        "018f5b2c-3d4e-7abc-8def-0123456789ab",
    };
    struct id id = { { 9 } };
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++)
        if (id_parse(&id, "bk", texts[i], strlen(texts[i])))
            fail_msg("%s", texts[i]);
    assert_false(id_parse(&id, "bk", "bk_0\0hxdjrfaefay8vvr14d2pf2db", 29));
    assert_int_equal(id.bytes[0], 9); /* left alone */
}

static void test_nil_and_order(void **state)
{
    struct id nil = { { 0 } }, one = { { [15] = 1 } };
    (void)state;

    assert_true(id_is_nil(nil));
    assert_false(id_is_nil(one));
    assert_true(id_compare(nil, one) < 0);
    assert_int_equal(id_compare(one, one), 0);
    assert_false(id_equal(nil, one));
}

static void test_long_prefix_stays_inside(void **state)
{
    char text[ID_TEXT_SIZE];
    (void)state;

    id_format(text, "a_prefix_that_is_far_too_long_for_it", id_new());
    assert_true(strlen(text) < ID_TEXT_SIZE);
}

static void test_bounds_of_a_time(void **state)
{
    struct id id = id_new(), bound = id_first_of(id_time(id)), next = id_first_of(id_time(id) + 1);
    (void)state;

    assert_true(llabs(id_time(id) - clock_real()) < 60000);
    assert_true(id_compare(bound, id) <= 0 && id_compare(id, next) < 0);
    assert_true(id_time(bound) == id_time(id));
    assert_true(id_time(id_first_of(INT64_C(0xFFFFFFFFFFFF))) == INT64_C(0xFFFFFFFFFFFF));
    assert_true(id_is_nil(id_first_of(0)) && id_is_nil(id_first_of(-1)));
}

/* A step back is bridged, so that ids go on ascending; a day is a clock that was wrong and is put right. */
static void test_a_clock_that_goes_back(void **state)
{
    (void)state;
    clock_set_offset(5000);
    struct id last = id_new();
    clock_set_offset(0);
    assert_true(id_compare(last, id_new()) < 0);
    clock_set_offset(CLOCK_DAY);
    last = id_new();
    assert_true(id_time(last) > clock_real() - CLOCK_SECOND);
    clock_set_offset(0);
    struct id first = id_new();
    assert_true(llabs(id_time(first) - clock_real()) < CLOCK_MINUTE);
    assert_true(id_compare(first, id_new()) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_text),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_new_ids_sort_and_carry_the_time),
        cmocka_unit_test(test_upper_case_is_taken),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nil_and_order),
        cmocka_unit_test(test_long_prefix_stays_inside),
        cmocka_unit_test(test_bounds_of_a_time),
        cmocka_unit_test(test_a_clock_that_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
