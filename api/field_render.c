#include "api/field.h"
#include "base/fault.h"
#include "base/money.h"

enum { COLUMN_SIZE = 96 };

/* `startsAt` under the parent `customer` is the column `customer_starts_at`. */
static void column_name(char *out, const char *parent, const struct field *field)
{
    size_t used = 0;

    if (field->column) {
        snprintf(out, COLUMN_SIZE, "%s", field->column);
        return;
    }
    if (parent[0])
        used = (size_t)snprintf(out, COLUMN_SIZE, "%s_", parent);
    for (const char *c = field->name; *c && used < COLUMN_SIZE - 2; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            out[used++] = '_';
            out[used++] = (char)(*c | 0x20);
        } else {
            out[used++] = *c;
        }
    }
    out[used] = '\0';
}

static const struct value *find_column(const struct row *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->names[i], name) == 0)
            return &row->values[i];
    return NULL;
}

static struct json_object *render_amount(const struct row *row, const char *column, const struct value *value)
{
    char neighbour[COLUMN_SIZE];
    size_t stem = strlen(column) >= 6 ? strlen(column) - 6 : 0;

    snprintf(neighbour, sizeof neighbour, "%.*scurrency", (int)stem, column);
    return json_object_new_double(money_to_major(value->integer, row_text(row, neighbour)));
}

static struct json_object *render_time(const struct field *field, instant time)
{
    char text[CLOCK_TEXT_SIZE];

    if (field->type == FIELD_MILLIS)
        return json_object_new_int64(time);
    if (field->type == FIELD_SECONDS)
        return json_object_new_int64(time / CLOCK_SECOND);
    return json_object_new_string(clock_format(text, time));
}

static struct json_object *render_id(const struct field *field, struct id id)
{
    char text[ID_TEXT_SIZE];

    return json_object_new_string(id_format(text, field->prefix, id));
}

static struct json_object *render_clock(int64_t minutes)
{
    char text[16];

    snprintf(text, sizeof text, "%02d:%02d", (int)(minutes / 60) % 100, (int)(minutes % 60));
    return json_object_new_string(text);
}

static struct json_object *render_value(struct pool *pool, const struct field *field, const struct row *row,
                                        const char *column, const struct value *value)
{
    switch (value->type) {
    case VALUE_TIME:
        return render_time(field, value->time);
    case VALUE_ID:
        return render_id(field, value->id);
    case VALUE_NUMBER:
        return json_object_new_double(value->number);
    case VALUE_INT:
        if (field->type == FIELD_BOOL)
            return json_object_new_boolean(value->integer != 0);
        if (field->type == FIELD_AMOUNT)
            return render_amount(row, column, value);
        if (field->type == FIELD_CLOCK)
            return render_clock(value->integer);
        return json_object_new_int64(value->integer);
    case VALUE_TEXT:
        if (field->type == FIELD_JSON || field->type == FIELD_LIST || field->type == FIELD_OBJECT)
            return json_object_get(json_parse_stored(pool, value->text));
        return json_object_new_string_len(value->text, (int)value->length);
    default:
        fault_raise(FAULT_BROKEN, "column '%s' cannot be rendered", column);
    }
}

static void render_object(struct pool *pool, const struct field *fields, const struct row *row,
                          const char *parent, struct json_object *object, bool *all_null);

/* Added before it is filled, so that whatever stops the rendering finds it under its root. */
static void render_inner(struct pool *pool, const struct field *field, const struct row *row,
                         const char *column, struct json_object *object, bool *all_null)
{
    struct json_object *inner = json_object_new_object();
    bool empty = true;

    json_object_object_add(object, field->name, inner);
    render_object(pool, field->fields, row, column, inner, &empty);
    if (empty && field->nullable)
        json_object_object_add(object, field->name, NULL);
    *all_null = *all_null && empty;
}

static void render_member(struct pool *pool, const struct field *field, const struct row *row,
                          const char *parent, struct json_object *object, bool *all_null)
{
    char column[COLUMN_SIZE];
    const struct value *value;

    column_name(column, parent, field);
    if (field->type == FIELD_OBJECT && !field->column) {
        render_inner(pool, field, row, column, object, all_null);
        return;
    }
    value = find_column(row, column);
    if (!value && !field->required && !field->nullable)
        return;
    if (!value)
        fault_raise(FAULT_BROKEN, "member '%s' has no column '%s'", field->name, column);
    if (value->type != VALUE_NULL)
        *all_null = false;
    else if (!field->nullable && field->required && parent[0] == '\0')
        fault_raise(FAULT_BROKEN, "column '%s' must not be NULL", column);
    if (value->type != VALUE_NULL)
        json_object_object_add(object, field->name, render_value(pool, field, row, column, value));
    else if (field->nullable)
        json_object_object_add(object, field->name, NULL);
}

static void render_object(struct pool *pool, const struct field *fields, const struct row *row,
                          const char *parent, struct json_object *object, bool *all_null)
{
    for (const struct field *field = fields; field->name; field++)
        render_member(pool, field, row, parent, object, all_null);
}

struct json_object *field_render(struct pool *pool, const struct field *fields, const struct row *row)
{
    struct json_object *object = json_new_object(pool);
    bool all_null = true;

    render_object(pool, fields, row, "", object, &all_null);
    return object;
}
