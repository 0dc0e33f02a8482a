#include "base/fault.h"
#include "base/json.h"
#include "tests/unit/json_numbers.h"
#include "tests/unit/webhook_vectors.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
static const struct json_limits limits = { 1 << 20, 32 };

static int set_up(void **state)
{
    *state = pool_new();
    return 0;
}

static int tear_down(void **state)
{
    pool_free(*state);
    return 0;
}

static struct json_object *parse(struct pool *pool, const char *text, const char **why)
{
    return json_parse(pool, text, strlen(text), limits, why);
}

/* ---- what is taken ---- */

/* A text and what JSON.stringify(JSON.parse(text)) gives for it. */
static const char *const taken[][2] = {
    { "{}", "{}" },
    { "[]", "[]" },
    { " \t\r\n[ ]\n", "[]" },
    { "null", "null" },
    { "true", "true" },
    { "false", "false" },
    { "\"\"", "\"\"" },
    { "\"a\"", "\"a\"" },
    { "0", "0" },
    { "-0", "0" },
    { "-0.0", "0" },
    { "1", "1" },
    { "-1", "-1" },
    { "10", "10" },
    { "9007199254740992", "9007199254740992" },
    { "-9007199254740992", "-9007199254740992" },
    { "75.00", "75" },
    { "75.50", "75.5" },
    { "1e2", "100" },
    { "1E2", "100" },
    { "1e+2", "100" },
    { "1e-2", "0.01" },
    { "1.5e3", "1500" },
    { "0e0", "0" },
    { "0.0e-9", "0" },
    { "1e20", "100000000000000000000" },
    { "1e21", "1e+21" },
    { "1e-400", "0" },
    { "0.00000000000000000000000000000000000000000000000000000000000000000001", "1e-68" },
    { "1.7976931348623157e308", "1.7976931348623157e+308" },
    { "5e-324", "5e-324" },
    { "[1,2,3]", "[1,2,3]" },
    { "[ 1 , 2 , 3 ]", "[1,2,3]" },
    { "[null,true,false,\"x\",{},[]]", "[null,true,false,\"x\",{},[]]" },
    { "{\"a\":1}", "{\"a\":1}" },
    { "{ \"a\" : 1 , \"b\" : [ ] }", "{\"a\":1,\"b\":[]}" },
    { "{\"\":1}", "{\"\":1}" },
    { "{\"b\":1,\"a\":2}", "{\"b\":1,\"a\":2}" },
    { "{\"a\":{\"a\":{\"a\":null}}}", "{\"a\":{\"a\":{\"a\":null}}}" },
    { "{\"__proto__\":1}", "{\"__proto__\":1}" },
    { "{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}" },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
    { "\"/\"", "\"/\"" },
    { "\"\\u0041\"", "\"A\"" },
    { "\"\\u00e9\\u00E9\"", "\"\303\251\303\251\"" },
    { "\"\\u20ac\"", "\"\342\202\254\"" },
    { "\"\\ud83d\\ude00\"", "\"\360\237\230\200\"" },
    { "\"\\uD83D\\uDE00\"", "\"\360\237\230\200\"" },
    { "\"\\udbff\\udfff\"", "\"\364\217\277\277\"" },
    { "\"\\uffff\"", "\"\357\277\277\"" },
    { "\"\\ud7ff\\ue000\"", "\"\355\237\277\356\200\200\"" },
    { "\"\\u0001\\u001f\\u0007\"", "\"\\u0001\\u001f\\u0007\"" },
    { "\"\\u007f\"", "\"\177\"" },
    { "\"\177\"", "\"\177\"" },
    { "\"\\u2028\\u2029\"", "\"\342\200\250\342\200\251\"" },
    { "\"\360\237\222\210\"", "\"\360\237\222\210\"" },
    { "{\"\\u0061\":1}", "{\"a\":1}" },
    { "[[[[[[[[[[]]]]]]]]]]", "[[[[[[[[[[]]]]]]]]]]" },
    { "[1,[2,[3,[4]]],5]", "[1,[2,[3,[4]]],5]" },
    /* JavaScript lists array indices first. */
    { "{\"b\":1,\"4294967295\":1,\"4294967294\":2,\"01\":3,\"1\":4,\"-1\":5,\"\":6,\"10\":7,\"2\":8}",
      "{\"1\":4,\"2\":8,\"10\":7,\"4294967294\":2,\"b\":1,\"4294967295\":1,\"01\":3,\"-1\":5,\"\":6}" },
    { "{\"4294967296\":9,\"0\":0,\"1e3\":1}", "{\"0\":0,\"4294967296\":9,\"1e3\":1}" },
};

static void test_takes(void **state)
{
    for (size_t at = 0; at < COUNT(taken); at++) {
        const char *why;
        struct json_object *root = parse(*state, taken[at][0], &why);
        if (why)
            print_error("%s: %s\n", taken[at][0], why);
        assert_null(why);
        assert_string_equal(json_text(*state, root), taken[at][1]);
    }
}

static void test_types(void **state)
{
    const char *why;

    assert_true(json_object_is_type(parse(*state, "60", &why), json_type_int));
    assert_true(json_object_is_type(parse(*state, "60.0", &why), json_type_double));
    assert_true(json_object_is_type(parse(*state, "6e1", &why), json_type_double));
    assert_true(json_object_get_int64(parse(*state, "-9007199254740992", &why)) == -9007199254740992);
    assert_true(json_object_get_double(parse(*state, "0.1", &why)) == 0.1);
}

/* ---- what is refused ---- */

static const char *const refused[] = {
    "",
    " ",
    "{",
    "}",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[,]",
    "[1 2]",
    "[1,,2]",
    "[1}",
    "{]",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":}",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{,}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{null:1}",
    "'a'",
    "\"",
    "\"a",
    "\"\\",
    "\"\\\"",
    "\"\\x41\"",
    "\"\\a\"",
    "\"\\'\"",
    "\"\\u\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\u+123\"",
    "\"\\U0041\"",
    "\"\\u0000\"",
    "\"a\\u0000b\"",
    "{\"\\u0000\":1}",
    "\"\\ud800\"",
    "\"\\ud800x\"",
    "\"\\ud800\\n\"",
    "\"\\ud800\\u0041\"",
    "\"\\ud800\\ud800\"",
    "\"\\udc00\"",
    "\"\\udc00\\ud800\"",
    "\"\\udfff\"",
    "\"\\ud83d\\u\"",
    "\"\n\"",
    "\"\t\"",
    "\"\001\"",
    "\"\037\"",
    "{\"a\tb\":1}",
    "\"\200\"",
    "\"\300\200\"",
    "\"\303\"",
    "\"\355\240\200\"",
    "\"\364\220\200\200\"",
    "\"\370\210\200\200\200\"",
    "\"\377\"",
    "\377",
    "\357\273\277{}",
    "\302\240[]",
    "\f[]",
    "\v[]",
    "[]\f",
    "nul",
    "nulll",
    "Null",
    "NULL",
    "True",
    "TRUE",
    "tru",
    "truee",
    "fals",
    "undefined",
    "NaN",
    "-NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "+1",
    "--1",
    "-",
    "- 1",
    "01",
    "-01",
    "00",
    "1.",
    ".5",
    "-.5",
    "1.e3",
    "1e",
    "1e+",
    "1E-",
    "1e1.5",
    "1.2.3",
    "0x10",
    "1_000",
    "1,000",
    "1f",
    "1L",
    "1e400",
    "-1e400",
    "1.8e308",
    "9007199254740993",
    "-9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "100000000000000000000000000000000000000",
    "1 2",
    "{}{}",
    "{} x",
    "[]]",
    "null null",
    "/**/1",
    "1//x",
    "#\n1",
    "[1/**/]",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"b\":2,\"a\":1}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"a\":{\"x\":1,\"x\":1}}",
    "[{\"\":1,\"\":2}]",
    "{\"a\":null,\"a\":1}",
};

static void test_refuses(void **state)
{
    for (size_t at = 0; at < COUNT(refused); at++) {
        const char *why;
        struct json_object *root = parse(*state, refused[at], &why);
        if (root || !why)
            print_error("taken: %s\n", refused[at]);
        assert_null(root);
        assert_non_null(why);
        assert_true(strlen(why) > 10 && why[strlen(why) - 1] == '.');
    }
}

static void test_refuses_nul(void **state)
{
    const char *why;

    assert_null(json_parse(*state, "{}\0", 3, limits, &why));
    assert_non_null(why);
    assert_null(json_parse(*state, "\"a\0b\"", 5, limits, &why));
    assert_null(json_parse(*state, "\0{}", 3, limits, &why));
    assert_null(json_parse(*state, "[1,\0]", 5, limits, &why));
}

static void test_says_why(void **state)
{
    const char *why;

    parse(*state, "{\"price\":1,\"price\":2}", &why);
    assert_string_equal(why, "The JSON text is wrong at byte 18: the member \"price\" is there twice.");
    parse(*state, "[1,]", &why);
    assert_string_equal(why, "The JSON text is wrong at byte 3: a value was expected.");
    parse(*state, "\"\377\"", &why);
    assert_string_equal(why, "The JSON text must be well-formed UTF-8.");
}

/* Each cut of a good text is refused (or is a shorter good text of digits), and reads nothing past its end.
 */
static void test_cuts(void **state)
{
    static const char text[] = "{\"a\":[1.5e3,\"x\\ud83d\\ude00\\n\",true,false,null,{\"b\":{}}],\"c\":-12}";

    for (size_t length = 0; length < sizeof text - 1; length++) {
        const char *why;
        char *copy = malloc(length ? length : 1); /* exact, so that a sanitizer sees a step too far */
        assert_non_null(copy);
        memcpy(copy, text, length);
        assert_null(json_parse(*state, copy, length, limits, &why));
        assert_non_null(why);
        free(copy);
    }
}

static void test_limits(void **state)
{
    const struct json_limits small = { 8, 2 };
    const char *why;

    assert_non_null(json_parse(*state, "[[1,23]]", 8, small, &why));
    assert_null(json_parse(*state, "[[1,234]]", 9, small, &why));
    assert_string_equal(why, "The JSON text must have 8 bytes at most.");
    assert_null(json_parse(*state, "[[[]]]", 6, small, &why));
    assert_string_equal(why,
                        "The JSON text is wrong at byte 2: objects and arrays may be nested 2 deep at most.");
    assert_null(json_parse(*state, "[[{}]]", 6, small, &why));
    assert_non_null(json_parse(*state, "[[],[]]", 7, small, &why));
    assert_non_null(json_parse(*state, "1", 1, (struct json_limits){ 8, 0 }, &why));
    assert_null(json_parse(*state, "[]", 2, (struct json_limits){ 8, 0 }, &why));
}

/* 100,000 members: quadratic work would take minutes. */
static void test_many_members(void **state)
{
    const struct json_limits wide = { 16 << 20, 4 };
    struct buf text;
    const char *why;
    struct json_object *root;

    buf_init(&text, *state, 16 << 20);
    for (int at = 0; at < 100000; at++)
        buf_printf(&text, "%s\"m%d\":%d", at ? "," : "{", at, at);
    buf_add_char(&text, '}');
    root = json_parse(*state, text.data, text.length, wide, &why);
    assert_non_null(root);
    assert_int_equal(json_object_object_length(root), 100000);
    assert_string_equal(json_text(*state, root), text.data);
    text.data[text.length - 1] = ',';
    buf_add_text(&text, "\"m7\":0}");
    assert_null(json_parse(*state, text.data, text.length, wide, &why));
    assert_non_null(strstr(why, "\"m7\" is there twice"));
}

/* A number of a megabyte costs no more than its length. */
static void test_long_number(void **state)
{
    size_t length = 1 << 20;
    char *digits = pool_alloc(*state, length + 1);
    const char *why;

    memset(digits, '7', length);
    assert_null(json_parse(*state, digits, length, limits, &why));
    digits[1] = '.';
    assert_non_null(json_parse(*state, digits, length, limits, &why));
    memcpy(digits + length - 8, "e-400000", 8);
    assert_non_null(json_parse(*state, digits, length, limits, &why));
}

/* ---- numbers out ---- */

static void test_numbers(void **state)
{
    (void)state;
    for (size_t at = 0; at < COUNT(json_numbers); at++) {
        char text[32];
        double number;
        memcpy(&number, &json_numbers[at].bits, sizeof number);
        assert_string_equal(json_number_text(text, number), json_numbers[at].text);
    }
}

static void test_not_finite(void **state)
{
    char text[32];

    (void)state;
    assert_string_equal(json_number_text(text, (double)INFINITY), "null");
    assert_string_equal(json_number_text(text, (double)-INFINITY), "null");
    assert_string_equal(json_number_text(text, (double)NAN), "null");
}

static void test_large_integers(void **state)
{
    struct json_object *object = json_new_object(*state);

    json_set_int(object, "a", INT64_MAX);
    json_set_int(object, "b", INT64_MIN);
    json_set_int(object, "c", -9007199254740992);
    assert_string_equal(json_text(*state, object),
                        "{\"a\":9223372036854776000,\"b\":-9223372036854776000,\"c\":-9007199254740992}");
}

/* ---- texts out ---- */

static void same_text(struct pool *pool, const char *text)
{
    const char *why;
    struct json_object *root = parse(pool, text, &why);

    assert_null(why);
    assert_string_equal(json_text(pool, root), text);
    assert_string_equal(json_text(pool, json_parse_stored(pool, text)), text);
}

static void test_vectors(void **state)
{
    for (size_t at = 0; at < COUNT(therapy_vectors); at++)
        same_text(*state, therapy_vectors[at].json);
    for (size_t at = 0; at < COUNT(pushpress_vectors); at++)
        same_text(*state, pushpress_vectors[at].json);
    for (size_t at = 0; at < COUNT(bookme_vectors); at++)
        same_text(*state, bookme_vectors[at].body);
}

static void test_escapes(void **state)
{
    struct json_object *object = json_new_object(*state);

    json_set(object, "s", json_object_new_string_len("a\0b\x01\x1f\"\\/\b\f\n\r\t\x7f", 14));
    json_set_text(object, "quote\"\n", "\342\202\254");
    assert_string_equal(json_text(*state, object),
                        "{\"s\":\"a\\u0000b\\u0001\\u001f\\\"\\\\/\\b\\f\\n\\r\\t\177\","
                        "\"quote\\\"\\n\":\"\342\202\254\"}");
}

static void test_write_limit(void **state)
{
    struct json_object *object = json_new_object(*state);
    struct buf out;

    json_set_text(object, "name", "something");
    buf_init(&out, *state, 20);
    assert_true(json_write(&out, object)); /* exactly 20 bytes */
    assert_string_equal(out.data, "{\"name\":\"something\"}");
    buf_init(&out, NULL, 19);
    assert_false(json_write(&out, object));
    buf_release(&out);
    buf_init(&out, NULL, 4);
    assert_true(json_write(&out, NULL));
    assert_string_equal(out.data, "null");
    buf_release(&out);
}

/* ---- trees ---- */

static void test_adders(void **state)
{
    struct json_object *object = json_new_object(*state), *array = json_object_new_array();
    struct id id = { .bytes = { [15] = 1 } };

    json_set_text(object, "text", "x");
    json_set_text(object, "none", NULL);
    json_set_int(object, "int", -5);
    json_set_number(object, "number", 75.5);
    json_set_number(object, "nan", (double)NAN);
    json_set_bool(object, "yes", true);
    json_set_bool(object, "no", false);
    json_set_time(object, "time", 1761924600000);
    json_set_id(object, "id", "bk", id);
    json_set_id(object, "nil", "bk", (struct id){ 0 });
    json_object_array_add(array, json_object_new_int(1));
    json_set(object, "list", array);
    json_set(object, "null", NULL);
    assert_string_equal(json_text(*state, object),
                        "{\"text\":\"x\",\"none\":null,\"int\":-5,\"number\":75.5,\"nan\":null,\"yes\":true,"
                        "\"no\":false,\"time\":\"2025-10-31T15:30:00.000Z\","
                        "\"id\":\"bk_00000000000000000000000001\",\"nil\":null,\"list\":[1],\"null\":null}");
}

static void test_set_again_is_last(void **state)
{
    struct json_object *object = json_new_object(*state);

    json_set_int(object, "a", 1);
    json_set_int(object, "b", 2);
    json_set_int(object, "a", 3);
    assert_string_equal(json_text(*state, object), "{\"b\":2,\"a\":3}");
}

static void test_getters(void **state)
{
    struct json_object *object =
        json_parse_stored(*state, "{\"t\":\"x\",\"i\":7,\"d\":1.5,\"n\":null,\"o\":{\"k\":\"v\"}}");

    assert_string_equal(json_get_text(object, "t"), "x");
    assert_null(json_get_text(object, "i"));
    assert_null(json_get_text(object, "n"));
    assert_null(json_get_text(object, "missing"));
    assert_int_equal(json_get_int(object, "i", -1), 7);
    assert_int_equal(json_get_int(object, "t", -1), -1);
    assert_int_equal(json_get_int(object, "missing", -2), -2);
    assert_string_equal(json_get_text(json_get(object, "o"), "k"), "v");
    assert_null(json_get(object, "n"));
    assert_null(json_get(NULL, "x"));
    assert_null(json_get(json_get(object, "t"), "x"));
    assert_null(json_get_text(NULL, "x"));
}

/* ---- stored texts ---- */

static void test_stored(void **state)
{
    assert_null(json_parse_stored(*state, NULL));
    /* What the writer makes of 1e20 is an integer that a client may not send. */
    assert_string_equal(json_text(*state, json_parse_stored(*state, "[100000000000000000000]")),
                        "[100000000000000000000]");
}

static bool stored_is_broken(struct pool *pool, const char *text)
{
    struct fault_frame frame;

    switch (fault_catch(&frame)) {
    case FAULT_NONE:
        json_parse_stored(pool, text);
        fault_done(&frame);
        return false;
    case FAULT_BROKEN:
        return true;
    default:
        fail();
    }
    return false;
}

static void test_stored_broken(void **state)
{
    assert_true(stored_is_broken(*state, "{"));
    assert_true(stored_is_broken(*state, ""));
    assert_true(stored_is_broken(*state, "{\"a\":1,\"a\":2}"));
    assert_false(stored_is_broken(*state, "[]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_takes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_nul, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_says_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cuts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_number, set_up, tear_down),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test_setup_teardown(test_large_integers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_vectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_escapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_adders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_set_again_is_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_getters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stored_broken, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
