/* Ranges of addresses, as keys and settings hold them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/range.h"

#include <string.h>

static bool good(const char *text)
{
    struct range range = { 0 };

    return range_parse_any(&range, text, strlen(text));
}

static void addresses_and_ranges_are_read(void **state)
{
    static const char *const taken[] = { "10.0.0.1", "0.0.0.0/0",     "10.0.0.0/8",  "192.0.2.7/32",    "::1",
                                         "::/0",     "2001:db8::/32", "fe80::1/128", "::ffff:192.0.2.1" };

    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        assert_true(good(taken[i]));
}

static void everything_else_is_refused(void **state)
{
    static const char *const refused[] = { "",
                                           "/",
                                           "/8",
                                           "10.0.0.0/",
                                           "10.0.0.0/33",
                                           "::/129",
                                           "10.0.0/8",
                                           "10.0.0.1 ",
                                           " 10.0.0.1",
                                           "10.0.0.0/8x",
                                           "10.0.0.0/-1",
                                           "10.0.0.0/0008",
                                           "fe80::1%eth0",
                                           "localhost",
                                           "10.0.0.1/8/8",
                                           "1,2",
                                           "0x7f.0.0.1",
                                           "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000" };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(good(refused[i]));
}

static void a_range_alone_needs_its_slash(void **state)
{
    struct range range = { 0 };

    (void)state;
    assert_false(range_parse(&range, "10.0.0.1", 8));
    assert_true(range_parse(&range, "10.0.0.1/32", 11));
}

static void a_list_holds_what_lies_in_one_of_its_ranges(void **state)
{
    (void)state;
    assert_true(range_list_holds("10.0.0.0/8", "10.255.0.1"));
    assert_false(range_list_holds("10.0.0.0/8", "11.0.0.1"));
    assert_true(range_list_holds("192.0.2.1,10.0.0.0/9", "10.127.255.255"));
    assert_false(range_list_holds("192.0.2.1,10.0.0.0/9", "10.128.0.0"));
    assert_true(range_list_holds("192.0.2.1", "192.0.2.1"));
    assert_true(range_list_holds("2001:db8::/33,::1", "2001:db8:7fff::1"));
    assert_false(range_list_holds("2001:db8::/33,::1", "2001:db8:8000::1"));
    assert_true(range_list_holds("0.0.0.0/0", "203.0.113.9"));
    assert_false(range_list_holds("::/0", "203.0.113.9"));
}

static void a_mapped_address_is_the_one_that_it_maps(void **state)
{
    (void)state;
    assert_true(range_list_holds("192.0.2.0/24", "::ffff:192.0.2.1"));
    assert_false(range_list_holds("::/0", "::ffff:192.0.2.1"));
    assert_true(range_list_holds("::ffff:192.0.2.1", "192.0.2.1"));
    assert_true(range_list_holds("2001:db8::/32,::ffff:192.0.2.0/120", "192.0.2.255"));
    assert_false(range_list_holds("::ffff:192.0.2.0/120", "192.0.3.0"));
    assert_false(range_list_holds("::ffff:0:0/95", "192.0.2.1"));
}

static void a_mapped_address_is_written_as_the_one_that_it_maps(void **state)
{
    static const char *const same[] = { "192.0.2.1", "2001:db8::1", "::192.0.2.1", "::ffff:0:192.0.2.1",
                                        "",          "unix:",       "::ffff:",     "::ffff:192.0.2.1/32" };
    char text[RANGE_IPV4_TEXT];

    (void)state;
    assert_string_equal(range_unmapped("::ffff:192.0.2.1", text), "192.0.2.1");
    assert_string_equal(range_unmapped("::FFFF:c000:201", text), "192.0.2.1");
    assert_string_equal(range_unmapped("0:0:0:0:0:ffff:255.255.255.255", text), "255.255.255.255");
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_string_equal(range_unmapped(same[i], text), same[i]);
}

static void what_is_no_address_is_held_by_none(void **state)
{
    (void)state;
    assert_false(range_list_holds("0.0.0.0/0,::/0", ""));
    assert_false(range_list_holds("0.0.0.0/0,::/0", "unix:"));
    assert_false(range_list_holds("", "192.0.2.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_ranges_are_read),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(a_range_alone_needs_its_slash),
        cmocka_unit_test(a_list_holds_what_lies_in_one_of_its_ranges),
        cmocka_unit_test(a_mapped_address_is_the_one_that_it_maps),
        cmocka_unit_test(a_mapped_address_is_written_as_the_one_that_it_maps),
        cmocka_unit_test(what_is_no_address_is_held_by_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
