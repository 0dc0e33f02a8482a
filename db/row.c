#include "base/fault.h"
#include "db/db.h"

const struct value *row_value(const struct row *row, const char *name)
{
    for (size_t i = 0; row && i < row->count; i++)
        if (strcmp(row->names[i], name) == 0)
            return &row->values[i];
    fault_raise(FAULT_BROKEN, "the row has no column %s", name);
}

/* NULL where the column is NULL. */
static const struct value *value_of_type(const struct row *row, const char *name, enum value_type type)
{
    const struct value *value = row_value(row, name);
    if (value->type == VALUE_NULL)
        return NULL;
    if (value->type != type)
        fault_raise(FAULT_BROKEN, "the column %s has type %d, not %d", name, (int)value->type, (int)type);
    return value;
}

const char *row_text(const struct row *row, const char *name)
{
    const struct value *value = value_of_type(row, name, VALUE_TEXT);
    return value ? value->text : NULL;
}

int64_t row_int(const struct row *row, const char *name)
{
    const struct value *value = value_of_type(row, name, VALUE_INT);
    return value ? value->integer : 0;
}

double row_number(const struct row *row, const char *name)
{
    const struct value *value = value_of_type(row, name, VALUE_NUMBER);
    return value ? value->number : 0;
}

instant row_time(const struct row *row, const char *name)
{
    const struct value *value = value_of_type(row, name, VALUE_TIME);
    return value ? value->time : 0;
}

struct id row_id(const struct row *row, const char *name)
{
    const struct value *value = value_of_type(row, name, VALUE_ID);
    return value ? value->id : (struct id){ { 0 } };
}

bool row_is_null(const struct row *row, const char *name)
{
    return row_value(row, name)->type == VALUE_NULL;
}

struct row row_with(struct pool *pool, const struct row *row, const char *name, struct value value)
{
    struct value *values = pool_array(pool, row->count + 1, sizeof *values);
    const char **names = pool_array(pool, row->count + 1, sizeof *names);

    memcpy(values, row->values, row->count * sizeof *values);
    memcpy(names, row->names, row->count * sizeof *names);
    values[row->count] = value;
    names[row->count] = name;
    return (struct row){ row->count + 1, values, names };
}
