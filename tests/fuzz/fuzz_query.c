/*
 * Query strings, against a table of every type that a query may hold. Either something is complained of, by
 * a name that can be shown, or each value has its type and each text is well-formed UTF-8 without NUL.
 */
#include "api/field.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

static const char *const choices[] = { "pending", "confirmed", "cancelled", NULL };
static const char *const words[] = { "any", NULL };

static const struct field fields[] = {
    { .name = "text", .type = FIELD_TEXT },
    { .name = "short", .type = FIELD_TEXT, .min = 2, .max = 5 },
    { .name = "lines", .type = FIELD_LINES, .max = 50 },
    { .name = "staffId", .type = FIELD_ID, .prefix = "usr", .choices = words },
    { .name = "from", .type = FIELD_TIME },
    { .name = "date", .type = FIELD_DATE },
    { .name = "clock", .type = FIELD_CLOCK },
    { .name = "limit", .type = FIELD_INT, .min = 1, .max = 100, .fallback = "20" },
    { .name = "int", .type = FIELD_INT },
    { .name = "number", .type = FIELD_NUMBER },
    { .name = "amount", .type = FIELD_AMOUNT },
    { .name = "active", .type = FIELD_BOOL },
    { .name = "status", .type = FIELD_ENUM, .choices = choices },
    { .name = "email", .type = FIELD_EMAIL },
    { .name = "phone", .type = FIELD_PHONE },
    { .name = "url", .type = FIELD_URL },
    { .name = "timeZone", .type = FIELD_ZONE },
    { .name = "currency", .type = FIELD_CURRENCY },
    { .name = "slug", .type = FIELD_SLUG },
    { .name = "secret", .type = FIELD_SECRET },
    { .name = "states", .type = FIELD_LIST, .element = FIELD_ENUM, .choices = choices, .max = 3 },
    { .name = "ids", .type = FIELD_LIST, .element = FIELD_ID, .prefix = "bk", .max = 4 },
    { 0 }
};

static void check_text(struct value value)
{
    promise(value.text[value.length] == '\0' && strlen(value.text) == value.length);
    promise(text_is_utf8(value.text, value.length));
}

static void check_value(enum field_type type, struct value value)
{
    switch (type) {
    case FIELD_ID:
        promise(value.type == VALUE_ID || value.type == VALUE_NULL);
        break;
    case FIELD_TIME:
        promise(value.type == VALUE_TIME && value.time >= INSTANT_MIN && value.time <= INSTANT_MAX);
        break;
    case FIELD_CLOCK:
        promise(value.type == VALUE_INT && value.integer >= 0 && value.integer <= 1440);
        break;
    case FIELD_BOOL:
        promise(value.type == VALUE_INT && (value.integer == 0 || value.integer == 1));
        break;
    case FIELD_INT:
        promise(value.type == VALUE_INT);
        break;
    case FIELD_NUMBER:
        promise(value.type == VALUE_NUMBER && value.number == value.number);
        break;
    case FIELD_AMOUNT:
        promise(value.type == VALUE_NUMBER && value.number >= 0);
        break;
    default:
        promise(value.type == VALUE_TEXT);
        check_text(value);
    }
}

static void check_input(const struct input *input)
{
    for (size_t at = 0; fields[at].name; at++) {
        struct value value = input->values[at];
        if (value.type == VALUE_ABSENT)
            continue;
        if (fields[at].type != FIELD_LIST) {
            check_value(fields[at].type, value);
            continue;
        }
        promise(value.type == VALUE_LIST && value.length <= (size_t)fields[at].max);
        for (size_t item = 0; item < value.length; item++)
            check_value(fields[at].element, value.items[item]);
    }
}

static void check_problems(const struct problems *problems)
{
    for (size_t at = 0; at < problems->count && at < PROBLEMS_MAX; at++) {
        const char *field = problems->items[at].field, *text = problems->items[at].text;
        promise(field[0] && text_is_utf8(field, strlen(field)));
        promise(text[0] && text_is_utf8(text, strlen(text)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pool *pool = pool_new();
    struct problems problems = { .pool = pool };
    char *query = malloc(size + 1);
    const struct input *input;

    promise(query != NULL);
    memcpy(query, size ? (const char *)data : "", size);
    query[size] = '\0';
    input = field_parse_query(pool, fields, query, true, &problems);
    check_problems(&problems);
    if (problems.count == 0) {
        check_input(input);
        promise(input_int(input, "limit", -1) >= 1 && input_int(input, "limit", -1) <= 100);
    }
    free(query);
    pool_free(pool);
    return 0;
}
