#include "api/field.h"
#include "api/field_text.h"
#include "base/fault.h"
#include "base/text.h"

#include <math.h>

enum { ITEMS_MAX = 100, ITEM_TEXT_MAX = 4096 };
#define SAFE_INTEGER 9007199254740992.0 /* 2^53 */

void problems_add(struct problems *problems, const char *field, const char *format, ...)
{
    va_list arguments;

    if (problems->count < PROBLEMS_MAX) {
        va_start(arguments, format);
        problems->items[problems->count] =
            (struct problem){ pool_strdup(problems->pool, field),
                              pool_vprintf(problems->pool, format, arguments) };
        va_end(arguments);
    }
    problems->count++;
}

static size_t count_fields(const struct field *fields)
{
    size_t count = 0;

    while (fields[count].name)
        count++;
    return count;
}

/* Where a member stands: `price.amount`, `hours[2].start`. */
static const char *member_path(struct pool *pool, const char *parent, const char *name)
{
    return parent[0] ? pool_printf(pool, "%s.%s", parent, name) : name;
}

struct reader {
    struct pool *pool;
    struct problems *problems;
    bool strict;
};

static const struct input *read_object(struct reader *reader, const struct field *fields,
                                       struct json_object *object, const char *path);
static struct value read_member(struct reader *reader, const struct field *field, struct json_object *json,
                                const char *path);

static struct value refuse(struct reader *reader, const char *path, const char *problem)
{
    problems_add(reader->problems, path, "%s", problem);
    return (struct value){ .type = VALUE_ABSENT };
}

static struct value read_number(struct reader *reader, const struct field *field, struct json_object *json,
                                const char *path)
{
    enum json_type type = json_object_get_type(json);
    double number = json_object_get_double(json);
    const char *problem;

    if (type != json_type_int && type != json_type_double)
        return refuse(reader, path, field->type == FIELD_INT ? "must be a whole number" : "must be a number");
    if (field->type == FIELD_INT && (floor(number) != number || fabs(number) > SAFE_INTEGER))
        return refuse(reader, path, "must be a whole number");
    problem = field_check_range(reader->pool, field, number);
    if (problem)
        return refuse(reader, path, problem);
    return field->type == FIELD_INT ? value_int((int64_t)number) : value_number(number);
}

static struct value read_since_epoch(struct reader *reader, const struct field *field,
                                     struct json_object *json, const char *path)
{
    enum json_type type = json_object_get_type(json);
    struct value value = { .type = VALUE_ABSENT };
    const char *problem;

    if (type != json_type_int && type != json_type_double)
        return refuse(reader, path, "must be a number");
    problem = field_take_since_epoch(field->type, json_object_get_double(json), &value);
    return problem ? refuse(reader, path, problem) : value;
}

static struct value read_list(struct reader *reader, const struct field *field, struct json_object *json,
                              const char *path)
{
    size_t most = field->max > 0 ? (size_t)field->max : ITEMS_MAX, count;
    struct field element = *field;
    struct value *items;

    if (!json_object_is_type(json, json_type_array))
        return refuse(reader, path, "must be a list");
    count = json_object_array_length(json);
    if (count > most)
        return refuse(reader, path, pool_printf(reader->pool, "must have at most %zu items", most));
    if (field->min > 0 && count < (size_t)field->min)
        return refuse(reader, path,
                      pool_printf(reader->pool, "must have at least %lld items", (long long)field->min));
    element.type = field->element;
    element.nullable = false;
    element.required = true;
    element.min = element.max = 0;
    items = pool_array(reader->pool, count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = read_member(reader, &element, json_object_array_get_idx(json, i),
                               pool_printf(reader->pool, "%s[%zu]", path, i));
    return (struct value){ .type = VALUE_LIST, .length = count, .items = items };
}

static struct value read_text(struct reader *reader, const struct field *field, struct json_object *json,
                              const char *path)
{
    struct value value = { .type = VALUE_ABSENT };
    const char *problem;
    size_t length;

    if (!json_object_is_type(json, json_type_string))
        return refuse(reader, path, "must be a string");
    length = (size_t)json_object_get_string_len(json);
    problem = field_take_text(
        reader->pool, field, pool_memdup(reader->pool, json_object_get_string(json), length), length, &value);
    return problem ? refuse(reader, path, problem) : value;
}

static struct value read_member(struct reader *reader, const struct field *field, struct json_object *json,
                                const char *path)
{
    if (!json)
        return field->nullable ? value_null() : refuse(reader, path, "must not be null");
    switch (field->type) {
    case FIELD_INT:
    case FIELD_NUMBER:
    case FIELD_AMOUNT:
        return read_number(reader, field, json, path);
    case FIELD_MILLIS:
    case FIELD_SECONDS:
        return read_since_epoch(reader, field, json, path);
    case FIELD_BOOL:
        if (!json_object_is_type(json, json_type_boolean))
            return refuse(reader, path, "must be true or false");
        return value_int(json_object_get_boolean(json));
    case FIELD_OBJECT:
        if (!json_object_is_type(json, json_type_object))
            return refuse(reader, path, "must be an object");
        return (struct value){ .type = VALUE_OBJECT,
                               .object = read_object(reader, field->fields, json, path) };
    case FIELD_LIST:
        return read_list(reader, field, json, path);
    case FIELD_JSON:
        if (!json_object_is_type(json, json_type_object))
            return refuse(reader, path, "must be an object");
        return value_text(json_text(reader->pool, json));
    default:
        return read_text(reader, field, json, path);
    }
}

static bool is_known(const struct field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return true;
    return false;
}

static void refuse_unknown(struct reader *reader, const struct field *fields, struct json_object *object,
                           const char *path)
{
    json_object_object_foreach(object, name, member) {
        (void)member;
        if (!is_known(fields, name))
            problems_add(reader->problems, member_path(reader->pool, path, name[0] ? name : "(empty)"),
                         "is not known here");
    }
}

static const struct input *read_object(struct reader *reader, const struct field *fields,
                                       struct json_object *object, const char *path)
{
    size_t count = count_fields(fields);
    struct value *values = pool_array(reader->pool, count + 1, sizeof *values);
    struct input *input = pool_alloc(reader->pool, sizeof *input);

    for (size_t i = 0; i < count; i++) {
        const char *where = member_path(reader->pool, path, fields[i].name);
        struct json_object *member;

        if (json_object_object_get_ex(object, fields[i].name, &member))
            values[i] = read_member(reader, &fields[i], member, where);
        else if (fields[i].required)
            refuse(reader, where, "is required");
    }
    if (reader->strict)
        refuse_unknown(reader, fields, object, path);
    *input = (struct input){ fields, values };
    return input;
}

const struct input *field_parse_json(struct pool *pool, const struct field *fields,
                                     struct json_object *object, bool strict, struct problems *problems)
{
    struct reader reader = { pool, problems, strict };

    return read_object(&reader, fields, object, "");
}

/* ---- query strings ---- */

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    character = (char)(character | 0x20);
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

/* Decodes `+` and %XX; NULL on a bad escape. */
static char *decode(struct pool *pool, const char *text, size_t length, size_t *out_length)
{
    char *out = pool_alloc(pool, length + 1);
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%') {
            if (length - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
                return NULL;
            out[used++] = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out[used++] = text[i] == '+' ? ' ' : text[i];
        }
    }
    *out_length = used;
    return out;
}

static void add_item(struct reader *reader, const struct field *field, const char *text, size_t length,
                     struct value *list)
{
    size_t most = field->max > 0 ? (size_t)field->max : ITEMS_MAX;
    struct field element = *field;
    struct value *items = (struct value *)(uintptr_t)list->items;
    const char *problem;

    if (list->type != VALUE_LIST) {
        items = pool_array(reader->pool, most, sizeof *items);
        *list = (struct value){ .type = VALUE_LIST, .items = items };
    }
    if (list->length == most) {
        problems_add(reader->problems, field->name, "must have at most %zu items", most);
        return;
    }
    element.type = field->element;
    element.min = element.max = 0;
    problem = field_take_text(reader->pool, &element, text, length, &items[list->length]);
    if (problem)
        problems_add(reader->problems, field->name, "%s", problem);
    else
        list->length++;
}

static void take_query_value(struct reader *reader, const struct field *field, const char *text,
                             size_t length, struct value *value)
{
    const char *problem;

    if (field->type == FIELD_LIST) {
        for (const char *item = text, *end = text + length; item <= end;) {
            const char *comma = memchr(item, ',', (size_t)(end - item));
            size_t size = (size_t)((comma ? comma : end) - item);

            add_item(reader, field, pool_memdup(reader->pool, item, size), size, value);
            item += size + 1;
        }
        return;
    }
    if (value->type != VALUE_ABSENT) {
        problems_add(reader->problems, field->name, "must be given once");
        return;
    }
    problem = field_take_text(reader->pool, field, text, length, value);
    if (problem) {
        problems_add(reader->problems, field->name, "%s", problem);
        *value = value_null(); /* a second one is still a second one */
    }
}

static void take_pair(struct reader *reader, const struct field *fields, struct value *values,
                      const char *pair, size_t size)
{
    const char *equals = memchr(pair, '=', size);
    size_t name_length, length, name_size = equals ? (size_t)(equals - pair) : size;
    char *name = decode(reader->pool, pair, name_size, &name_length);
    char *text = equals ? decode(reader->pool, equals + 1, size - name_size - 1, &length)
                        : decode(reader->pool, "", 0, &length);

    if (name && (strlen(name) != name_length || !text_is_utf8(name, name_length)))
        name = NULL; /* %00 would cut it to another one */
    if (!name || !text) {
        problems_add(reader->problems, name && is_known(fields, name) ? name : "query",
                     "has a broken percent escape");
        return;
    }
    for (size_t i = 0; fields[i].name; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            take_query_value(reader, &fields[i], text, length, &values[i]);
            return;
        }
    }
    if (reader->strict)
        problems_add(reader->problems,
                     name_length > 0 && text_is_printable(name, name_length, false) ? name : "query",
                     "is not known here");
}

const struct input *field_parse_query(struct pool *pool, const struct field *fields, const char *query,
                                      bool strict, struct problems *problems)
{
    struct reader reader = { pool, problems, strict };
    size_t count = count_fields(fields);
    struct value *values = pool_array(pool, count + 1, sizeof *values);
    struct input *input = pool_alloc(pool, sizeof *input);

    while (query && *query) {
        size_t size = strcspn(query, "&");

        if (size > 0)
            take_pair(&reader, fields, values, query, size);
        query += size + (query[size] == '&');
    }
    for (size_t i = 0; i < count; i++) {
        if (values[i].type != VALUE_ABSENT)
            continue;
        if (fields[i].fallback)
            take_query_value(&reader, &fields[i], fields[i].fallback, strlen(fields[i].fallback), &values[i]);
        else if (fields[i].required)
            problems_add(problems, fields[i].name, "is required");
    }
    *input = (struct input){ fields, values };
    return input;
}
