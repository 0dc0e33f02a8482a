/* Keyset cursors: the last row's key columns, as an opaque base64url text. */
#include "api/request.h"
#include "base/crypto.h"

enum { CURSOR_VALUES_MAX = 4, CURSOR_TEXT_MAX = 512 };

enum { PER_PAGE = 10, PAGE_MOST = 1000000 };

void page_fields(struct pool *pool, const struct route *route, struct field fields[PAGE_FIELDS + 1])
{
    static const struct field keyset[PAGE_FIELDS] = {
        { "limit", FIELD_INT, .min = 1, .max = 100, .fallback = "20", .doc = "How many items a page holds" },
        { "cursor", FIELD_TEXT, .max = 512, .doc = "`next` of the page before" },
    };
    static const struct field numbered[PAGE_FIELDS] = {
        { "page", FIELD_INT, .min = 1, .max = PAGE_MOST, .fallback = "1",
          .doc = "Which page, from 1; past the last one the list is empty" },
        { "limit", FIELD_INT, .min = 1, .max = 1000, .doc = "How many items a page holds" },
    };

    memset(fields, 0, (PAGE_FIELDS + 1) * sizeof *fields);
    if (route->shape == SHAPE_PAGE || route->shape == SHAPE_FEED)
        memcpy(fields, keyset, sizeof keyset);
    if (route->shape == SHAPE_RESULTS) {
        memcpy(fields, numbered, sizeof numbered);
        fields[1].fallback = pool_printf(pool, "%d", route->per_page ? route->per_page : PER_PAGE);
    }
}

int64_t page_offset(const struct request *request)
{
    return (input_int(request->query, "page", 1) - 1) * page_limit(request);
}

int64_t page_limit(const struct request *request)
{
    return input_int(request->query, "limit", 20);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);

    return length >= size && strcmp(text + length - size, end) == 0;
}

/* The schema's naming tells the type: `starts_at` is a time, `id` and `staff_id` are ids. */
static enum value_type column_type(const char *column)
{
    if (ends_with(column, "_at"))
        return VALUE_TIME;
    return strcmp(column, "id") == 0 || ends_with(column, "_id") ? VALUE_ID : VALUE_TEXT;
}

static void add_value(struct json_object *list, const struct value *value)
{
    char uuid[37];

    if (value->type == VALUE_ID)
        json_object_array_add(list, json_object_new_string(id_format_uuid(uuid, value->id)));
    else if (value->type == VALUE_TIME)
        json_object_array_add(list, json_object_new_int64(value->time));
    else
        json_object_array_add(list, json_object_new_string_len(value->text, (int)value->length));
}

static char *next_column(struct pool *pool, const char **columns)
{
    size_t length = strcspn(*columns, ",");
    char *column = pool_memdup(pool, *columns, length);

    *columns += length + ((*columns)[length] == ',');
    return column;
}

static const char *cursor_text(struct request *request, const struct row *row, const char *columns)
{
    struct json_object *list = json_new_array(request->pool);
    const char *text;

    while (*columns)
        add_value(list, row_value(row, next_column(request->pool, &columns)));
    text = json_text(request->pool, list);
    return crypto_base64url(request->pool, text, strlen(text));
}

enum outcome reply_page(struct request *request, struct rows rows, const char *cursor_columns)
{
    return reply_page_seen(request, rows, cursor_columns, NULL);
}

enum outcome reply_page_seen(struct request *request, struct rows rows, const char *cursor_columns,
                             const struct row *seen)
{
    struct json_object *body = json_new_object(request->pool), *data = json_object_new_array();
    size_t limit = (size_t)page_limit(request), shown = rows.count > limit ? limit : rows.count;

    json_object_object_add(body, "data", data);
    for (size_t i = 0; i < shown; i++)
        json_object_array_add(
            data, json_object_get(field_render(request->pool, request->route->out, &rows.items[i])));
    if (rows.count > limit)
        seen = &rows.items[limit - 1];
    json_set_text(body, "next", seen ? cursor_text(request, seen, cursor_columns) : NULL);
    return reply_json(request, body);
}

static uint8_t *base64url_decode(struct pool *pool, const char *text, size_t *length)
{
    size_t size = strlen(text);
    char *copy = pool_alloc(pool, size + 4);

    if (size == 0 || size > CURSOR_TEXT_MAX ||
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789-_") != size)
        return NULL;
    for (size_t i = 0; i < size; i++)
        copy[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    while (size % 4)
        copy[size++] = '=';
    return crypto_base64_decode(pool, copy, size, length);
}

static bool read_uuid(const char *text, struct id *id)
{
    size_t used = 0;

    if (strlen(text) != 36)
        return false;
    for (const char *c = text; *c; c++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = strchr(digits, *c);

        if (*c == '-')
            continue;
        if (!digit || used == 32)
            return false;
        id->bytes[used / 2] = (uint8_t)(id->bytes[used / 2] << 4 | (digit - digits));
        used++;
    }
    return used == 32;
}

static bool read_value(struct json_object *json, enum value_type type, struct value *value)
{
    struct id id = { { 0 } };

    if (type == VALUE_TIME) {
        *value = value_time(json_object_get_int64(json));
        return json_object_is_type(json, json_type_int) && value->time >= INSTANT_MIN &&
               value->time <= INSTANT_MAX;
    }
    if (!json_object_is_type(json, json_type_string))
        return false;
    if (type == VALUE_ID) {
        bool good = read_uuid(json_object_get_string(json), &id) && !id_is_nil(id);

        *value = value_id(id);
        return good;
    }
    *value = value_text(json_object_get_string(json));
    return true;
}

static const struct value *read_cursor(struct request *request, const char *text, const char *columns)
{
    struct value *values = pool_array(request->pool, CURSOR_VALUES_MAX, sizeof *values);
    struct json_limits limits = { CURSOR_TEXT_MAX, 2 };
    const char *why;
    size_t length, count = 0;
    uint8_t *bytes = base64url_decode(request->pool, text, &length);
    struct json_object *list = bytes ? json_parse(request->pool, (char *)bytes, length, limits, &why) : NULL;

    if (!list || !json_object_is_type(list, json_type_array))
        return NULL;
    while (*columns && count < CURSOR_VALUES_MAX) {
        enum value_type type = column_type(next_column(request->pool, &columns));

        if (count >= json_object_array_length(list) ||
            !read_value(json_object_array_get_idx(list, count), type, &values[count]))
            return NULL;
        count++;
    }
    return count == json_object_array_length(list) ? values : NULL;
}

const struct value *page_cursor(struct request *request, const char *cursor_columns, bool *broken)
{
    const char *text = input_text(request->query, "cursor");
    const struct value *values = text ? read_cursor(request, text, cursor_columns) : NULL;

    *broken = text && !values;
    return values;
}
