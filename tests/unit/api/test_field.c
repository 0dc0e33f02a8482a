/* What the field tables let in, what they call it, and what they let out. */
#include "api/field.h"
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const sizes[] = { "small", "large", NULL };
static const char *const any[] = { "any", NULL };
static const struct field price[] = {
    { "amount", FIELD_AMOUNT, .required = true },
    { "currency", FIELD_CURRENCY },
    { 0 },
};
static const struct field table[] = {
    { "name", FIELD_TEXT, .max = 10, .required = true },
    { "staffId", FIELD_ID, .prefix = "usr", .choices = any },
    { "keyId", FIELD_ID, .prefix = "key", .as_in_path = true },
    { "startsAt", FIELD_TIME },
    { "opens", FIELD_CLOCK },
    { "count", FIELD_INT, .min = 1, .max = 9 },
    { "active", FIELD_BOOL },
    { "size", FIELD_ENUM, .choices = sizes },
    { "notes", FIELD_LINES, .nullable = true },
    { "zone", FIELD_ZONE },
    { "site", FIELD_URL },
    { "price", FIELD_OBJECT, .fields = price },
    { "days", FIELD_LIST, .element = FIELD_ENUM, .choices = sizes, .max = 2 },
    { "more", FIELD_JSON },
    { "millis", FIELD_MILLIS, .nullable = true },
    { "seconds", FIELD_SECONDS },
    { 0 },
};

static struct pool *pool;
static struct problems problems;

static const struct input *parse(const char *text)
{
    const char *why = "";
    struct json_object *object = json_parse(pool, text, strlen(text), (struct json_limits){ 4096, 8 }, &why);

    assert_non_null(object);
    problems = (struct problems){ .pool = pool };
    return field_parse_json(pool, table, object, true, &problems);
}

static void expect_problem(const char *text, const char *field)
{
    parse(text);
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.items[0].field, field);
}

static void reads_every_type(void **state)
{
    const struct input *input =
        parse("{\"name\":\"Zo\xc3\xab\",\"staffId\":\"usr_00000000000000000000000001\",\"startsAt\":"
              "\"1970-01-01T01:00:00+01:00\",\"opens\":\"24:00\",\"count\":9.0,\"active\":true,"
              "\"size\":\"large\",\"notes\":null,\"zone\":\"Europe/Berlin\",\"site\":"
              "\"https://a.example/x\",\"price\":{\"amount\":75.5},\"days\":[\"small\"],"
              "\"more\":{\"b\":[1]}}");
    size_t count;

    (void)state;
    assert_int_equal(problems.count, 0);
    assert_string_equal(input_text(input, "name"), "Zo\xc3\xab");
    assert_int_equal(input_id(input, "staffId").bytes[15], 1);
    assert_int_equal(input_time(input, "startsAt", 7), 0);
    assert_int_equal(input_int(input, "opens", 0), 1440);
    assert_int_equal(input_int(input, "count", 0), 9);
    assert_true(input_bool(input, "active", false));
    assert_true(input_sent(input, "notes"));
    assert_null(input_text(input, "notes"));
    assert_true(input_number(input_object(input, "price"), "amount", 0) == 75.5);
    assert_false(input_sent(input_object(input, "price"), "currency"));
    assert_string_equal(input_list(input, "days", &count)[0].text, "small");
    assert_int_equal(count, 1);
    assert_string_equal(input_text(input, "more"), "{\"b\":[1]}");
}

static void a_word_stands_for_no_id(void **state)
{
    const struct input *input = parse("{\"name\":\"x\",\"staffId\":\"any\"}");

    (void)state;
    assert_int_equal(problems.count, 0);
    assert_true(id_is_nil(input_id(input, "staffId")));
}

static void a_malformed_id_may_be_nobodys(void **state)
{
    const struct input *input = parse("{\"name\":\"x\",\"keyId\":\"key_0\"}");

    (void)state;
    assert_int_equal(problems.count, 0);
    assert_true(id_is_nil(input_id(input, "keyId")));
    input = parse("{\"name\":\"x\",\"keyId\":\"key_00000000000000000000000001\"}");
    assert_int_equal(input_id(input, "keyId").bytes[15], 1);
}

static void names_the_faulty_member(void **state)
{
    (void)state;
    expect_problem("{}", "name");
    expect_problem("{\"name\":\"  \"}", "name");
    expect_problem("{\"name\":\"12345678901\"}", "name");
    expect_problem("{\"name\":\"a\\nb\"}", "name");
    expect_problem("{\"name\":null}", "name");
    expect_problem("{\"name\":\"x\",\"staffId\":\"srv_00000000000000000000000001\"}", "staffId");
    expect_problem("{\"name\":\"x\",\"keyId\":null}", "keyId");
    expect_problem("{\"name\":\"x\",\"startsAt\":\"2026-02-30T10:00:00Z\"}", "startsAt");
    expect_problem("{\"name\":\"x\",\"startsAt\":\"2026-02-03T10:00:00\"}", "startsAt");
    expect_problem("{\"name\":\"x\",\"opens\":\"24:01\"}", "opens");
    expect_problem("{\"name\":\"x\",\"opens\":\"1::30\"}", "opens");
    expect_problem("{\"name\":\"x\",\"opens\":\"09:1:\"}", "opens");
    expect_problem("{\"name\":\"x\",\"opens\":\"09:30:00\"}", "opens");
    expect_problem("{\"name\":\"x\",\"count\":1.5}", "count");
    expect_problem("{\"name\":\"x\",\"count\":0}", "count");
    expect_problem("{\"name\":\"x\",\"count\":\"3\"}", "count");
    expect_problem("{\"name\":\"x\",\"active\":1}", "active");
    expect_problem("{\"name\":\"x\",\"size\":\"huge\"}", "size");
    expect_problem("{\"name\":\"x\",\"zone\":\"Mars/Base\"}", "zone");
    expect_problem("{\"name\":\"x\",\"site\":\"ftp://a.example\"}", "site");
    expect_problem("{\"name\":\"x\",\"price\":{\"amount\":-1}}", "price.amount");
    expect_problem("{\"name\":\"x\",\"price\":{\"amount\":1,\"currency\":\"usd\"}}", "price.currency");
    expect_problem("{\"name\":\"x\",\"price\":{}}", "price.amount");
    expect_problem("{\"name\":\"x\",\"price\":[]}", "price");
    expect_problem("{\"name\":\"x\",\"days\":[\"small\",\"wide\"]}", "days[1]");
    expect_problem("{\"name\":\"x\",\"days\":[\"small\",\"small\",\"small\"]}", "days");
    expect_problem("{\"name\":\"x\",\"more\":[]}", "more");
    expect_problem("{\"name\":\"x\",\"stranger\":1}", "stranger");
    expect_problem("{\"name\":\"x\",\"\":1}", "(empty)");
    expect_problem("{\"name\":\"x\",\"price\":{\"amount\":1,\"tip\":2}}", "price.tip");
}

static void names_all_faults_at_once(void **state)
{
    (void)state;
    parse("{\"count\":0,\"size\":\"huge\",\"opens\":\"9:30\"}");
    assert_int_equal(problems.count, 4);
}

static void a_flood_of_faults_is_counted_and_cut(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, pool, 4096);
    buf_add_text(&text, "{\"name\":\"x\"");
    for (int i = 0; i < 100; i++)
        buf_printf(&text, ",\"s%d\":1", i);
    buf_add_char(&text, '}');
    parse(text.data);
    assert_int_equal(problems.count, 100);
}

static const struct input *query(const char *text)
{
    static const struct field fields[] = {
        { "name", FIELD_TEXT },
        { "limit", FIELD_INT, .min = 1, .max = 100, .fallback = "20" },
        { "type", FIELD_LIST, .element = FIELD_ENUM, .choices = sizes },
        { 0 },
    };

    problems = (struct problems){ .pool = pool };
    return field_parse_query(pool, fields, text, true, &problems);
}

static void reads_query_strings(void **state)
{
    const struct input *input = query("name=a+b%2Bc&type=small,large&&type=small");
    size_t count;

    (void)state;
    assert_int_equal(problems.count, 0);
    assert_string_equal(input_text(input, "name"), "a b+c");
    assert_int_equal(input_int(input, "limit", 0), 20);
    input_list(input, "type", &count);
    assert_int_equal(count, 3);
}

static void refuses_bad_query_strings(void **state)
{
    static const char *const bad[] = { "limit=0",
                                       "limit=101",
                                       "limit=abc",
                                       "limit=",
                                       "limit=1&limit=2",
                                       "limit=0&limit=2",
                                       "name=%zz",
                                       "name=%4",
                                       "name=%ff",
                                       "name=%00x",
                                       "stranger=1",
                                       "type=wide",
                                       "limit=99999999999999999999" };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        query(bad[i]);
        assert_true(problems.count > 0);
    }
}

static const struct field inner_out[] = {
    { "id", FIELD_ID, .prefix = "usr", .nullable = true },
    { "fullName", FIELD_TEXT, .nullable = true },
    { 0 },
};
static const struct field price_out[] = {
    { "amount", FIELD_AMOUNT, .required = true },
    { "currency", FIELD_CURRENCY, .required = true },
    { 0 },
};
static const struct field table_out[] = {
    { "startsAt", FIELD_TIME, .required = true },
    { "opens", FIELD_CLOCK, .required = true },
    { "active", FIELD_BOOL, .required = true },
    { "person", FIELD_OBJECT, .fields = inner_out, .nullable = true },
    { "price", FIELD_OBJECT, .fields = price_out, .required = true },
    { "tags", FIELD_LIST, .required = true },
    { "notes", FIELD_TEXT, .nullable = true },
    { "once", FIELD_TEXT },
    { "renamed", FIELD_INT, .column = "other_name", .required = true },
    { 0 },
};
static const char *const columns[] = {
    "starts_at", "opens", "active",     "person_id", "person_full_name", "price_amount", "price_currency",
    "tags",      "notes", "other_name", "hidden"
};

static void reads_instants_that_are_numbers(void **state)
{
    const struct input *input = parse("{\"name\":\"x\",\"millis\":1956528000123,\"seconds\":1956528000.5}");

    (void)state;
    assert_int_equal(problems.count, 0);
    assert_int_equal(input_time(input, "millis", 0), 1956528000123);
    assert_int_equal(input_time(input, "seconds", 0), 1956528000500);
    expect_problem("{\"name\":\"x\",\"millis\":\"1956528000123\"}", "millis");
    expect_problem("{\"name\":\"x\",\"millis\":-1}", "millis");
    expect_problem("{\"name\":\"x\",\"seconds\":1e300}", "seconds");
    expect_problem("{\"name\":\"x\",\"seconds\":null}", "seconds");
    input = field_parse_query(pool, table, "name=x&millis=1000&seconds=2", true, &problems);
    assert_int_equal(input_time(input, "millis", 0), 1000);
    assert_int_equal(input_time(input, "seconds", 0), 2000);
    problems = (struct problems){ .pool = pool };
    field_parse_query(pool, table, "name=x&millis=soon", true, &problems);
    assert_int_equal(problems.count, 1);
}

static void renders_instants_as_numbers(void **state)
{
    static const struct field out[] = { { "at", FIELD_MILLIS },
                                        { "on", FIELD_SECONDS, .column = "at" },
                                        { 0 } };
    static const char *const names[] = { "at" };
    const struct value values[] = { value_time(1956528000923) };
    struct row row = { 1, values, names };

    (void)state;
    assert_string_equal(json_text(pool, field_render(pool, out, &row)),
                        "{\"at\":1956528000923,\"on\":1956528000}");
}

static char *rendered(struct value person, struct value name)
{
    const struct value values[] = { value_time(0),
                                    value_int(570),
                                    value_int(1),
                                    person,
                                    name,
                                    value_int(7550),
                                    value_text("USD"),
                                    value_text("[\"a/b\"]"),
                                    value_null(),
                                    value_int(3),
                                    value_text("never shown") };
    struct row row = { sizeof values / sizeof values[0], values, columns };

    return json_text(pool, field_render(pool, table_out, &row));
}

static void renders_only_what_the_table_names(void **state)
{
    (void)state;
    assert_string_equal(
        rendered(value_null(), value_null()),
        "{\"startsAt\":\"1970-01-01T00:00:00.000Z\",\"opens\":\"09:30\",\"active\":true,\"person\":null,"
        "\"price\":{\"amount\":75.5,\"currency\":\"USD\"},\"tags\":[\"a/b\"],\"notes\":null,\"renamed\":3}");
}

static void renders_an_object_that_has_any_member(void **state)
{
    (void)state;
    assert_non_null(
        strstr(rendered(value_null(), value_text("Ann")), "\"person\":{\"id\":null,\"fullName\":\"Ann\"}"));
}

static void a_missing_column_is_a_broken_invariant(void **state)
{
    static const char *const few[] = { "starts_at" };
    const struct value values[] = { value_time(0) };
    struct row row = { 1, values, few };
    struct fault_frame frame;

    (void)state;
    switch (fault_catch(&frame)) {
    case FAULT_NONE:
        field_render(pool, table_out, &row);
        fault_done(&frame);
        fail_msg("%s", "rendered a row without its columns");
        break;
    case FAULT_BROKEN:
        break;
    default:
        fail_msg("%s", "another fault");
    }
}

static int start(void **state)
{
    (void)state;
    pool = pool_new();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pool_free(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(a_word_stands_for_no_id),
        cmocka_unit_test(a_malformed_id_may_be_nobodys),
        cmocka_unit_test(names_the_faulty_member),
        cmocka_unit_test(names_all_faults_at_once),
        cmocka_unit_test(a_flood_of_faults_is_counted_and_cut),
        cmocka_unit_test(reads_query_strings),
        cmocka_unit_test(refuses_bad_query_strings),
        cmocka_unit_test(reads_instants_that_are_numbers),
        cmocka_unit_test(renders_instants_as_numbers),
        cmocka_unit_test(renders_only_what_the_table_names),
        cmocka_unit_test(renders_an_object_that_has_any_member),
        cmocka_unit_test(a_missing_column_is_a_broken_invariant),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
