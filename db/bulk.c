#include "db/private.h"

/*
 * Bulk execution (MariaDB ≥ 10.2): the whole array of tuples travels in one packet. Bound column by column:
 * fixed types as one array, texts and ids as arrays of pointers and lengths, NULLs by indicators.
 */

bool bulk_is_possible(struct db *db)
{
    unsigned long capabilities = 0;
    return mariadb_get_infov(db->connection, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES,
                             &capabilities) == 0 &&
           (capabilities & (unsigned long)(MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
}

struct column {
    const struct value *first; /* of the first tuple; the next tuple's is `stride` further */
    size_t stride, rows;
};

static void bind_numbers(struct pool *pool, MYSQL_BIND *bind, struct column column, char letter)
{
    int64_t *integers = pool_array(pool, column.rows, sizeof *integers);
    double *numbers = (double *)(void *)integers; /* both are eight bytes: one array serves either letter */
    for (size_t row = 0; row < column.rows; row++) {
        const struct value *value = column.first + row * column.stride;
        if (value->type == VALUE_NULL)
            continue;
        if (letter == 'i')
            integers[row] = value->integer;
        else
            memcpy(&numbers[row], &value->number, sizeof value->number);
    }
    bind->buffer_type = letter == 'i' ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_DOUBLE;
    bind->buffer = integers;
}

/*
 * Times go as text, `2025-10-31 15:30:00.123`: Connector/C 3.3 misplaces all but the first of an array of
 * MYSQL_TIME.
 */
static void bind_times(struct pool *pool, MYSQL_BIND *bind, struct column column)
{
    enum { LENGTH = 23 };
    const char **texts = pool_array(pool, column.rows, sizeof *texts);
    unsigned long *lengths = pool_array(pool, column.rows, sizeof *lengths);
    for (size_t row = 0; row < column.rows; row++) {
        const struct value *value = column.first + row * column.stride;
        texts[row] = "";
        if (value->type != VALUE_NULL) {
            char *text = clock_format(pool_alloc(pool, CLOCK_TEXT_SIZE), value->time);
            text[10] = ' ';
            texts[row] = text;
            lengths[row] = LENGTH;
        }
    }
    bind->buffer_type = MYSQL_TYPE_STRING;
    bind->buffer = texts;
    bind->length = lengths;
}

static void bind_bytes(struct pool *pool, MYSQL_BIND *bind, struct column column, char letter)
{
    const void **texts = pool_array(pool, column.rows, sizeof *texts);
    unsigned long *lengths = pool_array(pool, column.rows, sizeof *lengths);
    for (size_t row = 0; row < column.rows; row++) {
        const struct value *value = column.first + row * column.stride;
        if (value->type == VALUE_ID) {
            texts[row] = value->id.bytes;
            lengths[row] = sizeof value->id.bytes;
        } else if (value->type == VALUE_TEXT) {
            texts[row] = value->text;
            lengths[row] = value->length;
        } else {
            texts[row] = "";
        }
    }
    bind->buffer_type = letter == 'u' ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
    bind->buffer = texts;
    bind->length = lengths;
}

static void bind_column(struct pool *pool, MYSQL_BIND *bind, struct column column, char letter)
{
    char *indicators = pool_array(pool, column.rows, 1);
    for (size_t row = 0; row < column.rows; row++) {
        bool is_null = column.first[row * column.stride].type == VALUE_NULL;
        indicators[row] = is_null ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
    }
    if (letter == 't')
        bind_times(pool, bind, column);
    else if (letter == 'i' || letter == 'n')
        bind_numbers(pool, bind, column, letter);
    else
        bind_bytes(pool, bind, column, letter);
    bind->u.indicator = indicators;
}

unsigned int bulk_execute(struct db *db, struct prepared *prepared, const struct value *values, size_t count,
                          size_t rows)
{
    MYSQL_BIND *binds = pool_array(db->scratch, count, sizeof *binds);
    for (size_t i = 0; i < count; i++) {
        bind_column(db->scratch, &binds[i], (struct column){ values + i, count, rows },
                    prepared->statement->in[i]);
    }
    unsigned int size = (unsigned int)rows, one = 0;
    unsigned int number = 0;
    mysql_stmt_attr_set(prepared->handle, STMT_ATTR_ARRAY_SIZE, &size);
    db->round_trips++;
    if (mysql_stmt_bind_param(prepared->handle, binds) != 0 || mysql_stmt_execute(prepared->handle) != 0)
        number = mysql_stmt_errno(prepared->handle);
    mysql_stmt_attr_set(prepared->handle, STMT_ATTR_ARRAY_SIZE, &one);
    pool_reset(db->scratch);
    return number;
}
