#include "api/field.h"
#include "base/fault.h"

static const struct value *find(const struct input *input, const char *name)
{
    for (size_t i = 0; input->fields[i].name; i++)
        if (strcmp(input->fields[i].name, name) == 0)
            return &input->values[i];
    fault_raise(FAULT_BROKEN, "a handler reads '%s', which its table does not have", name);
}

/* The value when it was sent and has the type; NULL when it was not sent or is null. */
static const struct value *find_typed(const struct input *input, const char *name, enum value_type type)
{
    const struct value *value = find(input, name);

    if (!value_is_set(*value))
        return NULL;
    if (value->type != type)
        fault_raise(FAULT_BROKEN, "a handler reads '%s' as another type than its table's", name);
    return value;
}

struct value input_value(const struct input *input, const char *name)
{
    return *find(input, name);
}

struct value input_or(const struct input *input, const char *name, const struct row *row, const char *column)
{
    const struct value *value = find(input, name);

    return value->type == VALUE_ABSENT ? *row_value(row, column) : *value;
}

bool input_sent(const struct input *input, const char *name)
{
    return find(input, name)->type != VALUE_ABSENT;
}

const char *input_text(const struct input *input, const char *name)
{
    const struct value *value = find_typed(input, name, VALUE_TEXT);

    return value ? value->text : NULL;
}

int64_t input_int(const struct input *input, const char *name, int64_t fallback)
{
    const struct value *value = find_typed(input, name, VALUE_INT);

    return value ? value->integer : fallback;
}

bool input_bool(const struct input *input, const char *name, bool fallback)
{
    return input_int(input, name, fallback) != 0;
}

double input_number(const struct input *input, const char *name, double fallback)
{
    const struct value *value = find_typed(input, name, VALUE_NUMBER);

    return value ? value->number : fallback;
}

instant input_time(const struct input *input, const char *name, instant fallback)
{
    const struct value *value = find_typed(input, name, VALUE_TIME);

    return value ? value->time : fallback;
}

struct id input_id(const struct input *input, const char *name)
{
    const struct value *value = find_typed(input, name, VALUE_ID);

    return value ? value->id : (struct id){ { 0 } };
}

const struct input *input_object(const struct input *input, const char *name)
{
    const struct value *value = find_typed(input, name, VALUE_OBJECT);

    return value ? value->object : NULL;
}

const struct value *input_list(const struct input *input, const char *name, size_t *count)
{
    const struct value *value = find_typed(input, name, VALUE_LIST);

    *count = value ? value->length : 0;
    return value ? value->items : NULL;
}
