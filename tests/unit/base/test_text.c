#include "base/text.h"

#include <setjmp.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const well_formed[] = {
    "",
    "plain",
    "\x7F",
    "\xC2\x80",
    "\xDF\xBF",
    "\xE0\xA0\x80",
    "\xED\x9F\xBF",
    "\xEE\x80\x80",
    "\xEF\xBF\xBF",
    "\xF0\x90\x80\x80",
    "\xF4\x8F\xBF\xBF",
    "Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x92\x88",
};

static const char *const malformed[] = {
    "\x80",  /* a continuation alone */
    "\xC3",  /* cut short */
    "\xC3(", /* no continuation */
    "\xC0\xAF",
    "\xC1\xBF",         /* long forms */
    "\xE0\x9F\xBF",     /* long form */
    "\xED\xA0\x80",     /* a surrogate */
    "\xED\xBF\xBF",     /* a surrogate */
    "\xE2\x82",         /* cut short */
    "\xE2(\xA1",        /* no continuation */
    "\xE2\x82(",        /* no continuation */
    "\xF0\x8F\xBF\xBF", /* long form */
    "\xF0\x9F\x92",     /* cut short */
    "\xF0\x9F\x92(",    /* no continuation */
    "\xF4\x90\x80\x80", /* past U+10FFFF */
    "\xF5\x80\x80\x80",
    "\xFE", /* no first bytes */
    "\xFF",
    "\xF8\x88\x80\x80\x80",
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(well_formed); i++)
        assert_true(text_is_utf8(well_formed[i], strlen(well_formed[i])));
    for (size_t i = 0; i < COUNT(malformed); i++)
        assert_false(text_is_utf8(malformed[i], strlen(malformed[i])));
    assert_false(text_is_utf8("\xC3\xAB", 1)); /* the length counts, not the NUL */
    assert_true(text_is_utf8("a\0b", 3));
}

static void test_whole(void **state)
{
    static const struct {
        const char *text;
        size_t whole;
    } cuts[] = {
        { "", 0 },
        { "plain", 5 },
        { "a\xC3\xAB", 3 },
        { "a\xC3", 1 },
        { "\xE2\x82\xAC", 3 },
        { "\xE2\x82", 0 },
        { "a\xE2", 1 },
        { "\xF0\x9F\x92\x88", 4 },
        { "ab\xF0\x9F\x92", 2 },
        { "a\xF0\x9F", 1 },
        { "\x80", 1 }, /* never begun: nothing that a cut has made */
        { "a\x80\x80", 3 },
        { "\xE2\x82\xAC\x80", 4 },
        { "\x80\x80\x80\x80\x80", 5 },
        { "a\xFF", 2 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cuts); i++)
        assert_int_equal(text_whole(cuts[i].text, strlen(cuts[i].text)), cuts[i].whole);
}

/* Encodes each code point by the book and asks for it. */
static void test_every_code_point(void **state)
{
    (void)state;
    for (unsigned code = 0x80; code <= 0x10FFFF; code++) {
        char text[4];
        size_t length = 0;
        if (code < 0x800) {
            text[length++] = (char)(0xC0 | code >> 6);
        } else if (code < 0x10000) {
            text[length++] = (char)(0xE0 | code >> 12);
            text[length++] = (char)(0x80 | (code >> 6 & 0x3F));
        } else {
            text[length++] = (char)(0xF0 | code >> 18);
            text[length++] = (char)(0x80 | (code >> 12 & 0x3F));
            text[length++] = (char)(0x80 | (code >> 6 & 0x3F));
        }
        text[length++] = (char)(0x80 | (code & 0x3F));
        if (text_is_utf8(text, length) != (code < 0xD800 || code > 0xDFFF))
            fail_msg("U+%04X", code);
    }
}

static void test_count(void **state)
{
    (void)state;
    assert_int_equal(text_count("", 0), 0);
    assert_int_equal(text_count("Zo\xC3\xAB\xE2\x82\xAC\xF0\x9F\x92\x88", 11), 5);
}

static void test_printable(void **state)
{
    (void)state;
    assert_true(text_is_printable("Zo\xC3\xAB, 10 \xE2\x82\xAC", 12, false));
    assert_false(text_is_printable("a\nb", 3, false));
    assert_true(text_is_printable("a\r\n\tb", 5, true));
    assert_false(text_is_printable("a\0b", 3, true));
    assert_false(text_is_printable("\x1B[0m", 4, true));
    assert_false(text_is_printable("\x7F", 1, true));
    assert_false(text_is_printable("\xC2\x85", 2, true));
    assert_true(text_is_printable("\xC2\xA0", 2, false));
}

struct example {
    const char *text;
    bool good;
};

static void check(bool (*is)(const char *, size_t), const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is(examples[i].text, strlen(examples[i].text)) != examples[i].good)
            fail_msg("%s", examples[i].text);
}

static void test_email(void **state)
{
    static const struct example examples[] = {
        { "ada@example.com", true },
        { "a.b+c@sub.example.co.uk", true },
        { "!#$%&'*+/=?^_`{|}~-@x", true },
        { "a@localhost", true },
        { "a@1.2", true },
        { "", false },
        { "a", false },
        { "@example.com", false },
        { "a@", false },
        { "a@b@c", false },
        { "a b@c.d", false },
        { "a@-b.c", false },
        { "a@b-.c", false },
        { "a@b..c", false },
        { "a@.b", false },
        { "a@b.", false },
        { "a@b_c", false },
        { "\"a\"@b.c", false },
        { "a@b.c\n", false },
        { "Zo\xC3\xAB@b.c", false },
    };
    char text[300] = "a@";
    (void)state;

    check(text_is_email, examples, COUNT(examples));
    memset(text + 2, 'b', 63);
    assert_true(text_is_email(text, 65));
    text[65] = 'b';
    assert_false(text_is_email(text, 66)); /* a label of 64 */
    memset(text, 'a', 251);
    memcpy(text + 251, "@b.c", 4);
    assert_false(text_is_email(text, 255));
    assert_true(text_is_email(text + 1, 254));
}

static void test_phone(void **state)
{
    static const struct example examples[] = {
        { "+49 30 1234567", true },
        { "(030) 123-45.67/8", true },
        { "12345", true },
        { "123456789012345", true },
        { "1234", false },
        { "1234567890123456", false },
        { "12+345", false },
        { "12345x", false },
        { "", false },
        { "+1\n23456", false },
        { "++12345", false },
        { "1                                        2345", false },
    };
    (void)state;

    check(text_is_phone, examples, COUNT(examples));
}

static void test_currency_and_slug(void **state)
{
    static const struct example currencies[] = { { "EUR", true },   { "eur", false }, { "EU", false },
                                                 { "EURO", false }, { "E1R", false }, { "", false } };
    static const struct example slugs[] = { { "hair-cut", true }, { "a", true },    { "7", true },
                                            { "-a", false },      { "a-", false },  { "", false },
                                            { "Hair", false },    { "a_b", false }, { "a b", false } };
    char text[65];
    (void)state;

    check(text_is_currency, currencies, COUNT(currencies));
    check(text_is_slug, slugs, COUNT(slugs));
    memset(text, 'a', sizeof text);
    assert_true(text_is_slug(text, 64));
    assert_false(text_is_slug(text, 65));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_email),
        cmocka_unit_test(test_phone),
        cmocka_unit_test(test_currency_and_slug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
