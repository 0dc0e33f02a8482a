#include "db/private.h"

#include "base/fault.h"

#include <errmsg.h>

/* ---- the cache: open addressing on the statement's address, which is fixed for the process's life ---- */

static size_t slot_of(const struct db *db, const struct statement *statement)
{
    uint64_t mixed = (uint64_t)(uintptr_t)statement * UINT64_C(0x9E3779B97F4A7C15);
    size_t slot = (size_t)(mixed >> 32) & (db->slot_count - 1);
    while (db->slots[slot] && db->slots[slot]->statement != statement)
        slot = (slot + 1) & (db->slot_count - 1);
    return slot;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        fault_raise(FAULT_BROKEN, "out of memory");
    return memory;
}

static void grow(struct db *db)
{
    struct prepared **old = db->slots;
    size_t old_count = db->slot_count;
    db->slot_count = old_count ? old_count * 2 : 64;
    db->slots = allocate(db->slot_count, sizeof *db->slots);
    for (size_t i = 0; i < old_count; i++)
        if (old[i])
            db->slots[slot_of(db, old[i]->statement)] = old[i];
    free(old);
}

static enum enum_field_types type_of(char letter)
{
    switch (letter) {
    case 'i':
        return MYSQL_TYPE_LONGLONG;
    case 'n':
        return MYSQL_TYPE_DOUBLE;
    case 't':
        return MYSQL_TYPE_DATETIME;
    case 'u':
        return MYSQL_TYPE_BLOB;
    case 's':
        return MYSQL_TYPE_STRING;
    default:
        fault_raise(FAULT_BROKEN, "no such type letter: %c", letter);
    }
}

static MYSQL_BIND *make_binds(const char *letters, size_t count, struct cell *cells)
{
    MYSQL_BIND *binds = allocate(count, sizeof *binds);
    for (size_t i = 0; i < count; i++) {
        binds[i].buffer_type = type_of(letters[i]);
        binds[i].buffer = &cells[i].data;
        binds[i].buffer_length = sizeof cells[i].data;
        binds[i].length = &cells[i].length;
        binds[i].is_null = &cells[i].is_null;
        binds[i].error = &cells[i].error;
    }
    return binds;
}

struct prepared *prepared_find(struct db *db, const struct statement *statement)
{
    if (db->used * 2 >= db->slot_count)
        grow(db);
    size_t slot = slot_of(db, statement);
    if (!db->slots[slot]) {
        struct prepared *prepared = allocate(1, sizeof *prepared);
        prepared->statement = statement;
        prepared->in_count = statement->in ? strlen(statement->in) : 0;
        prepared->in_cells = allocate(prepared->in_count, sizeof(struct cell));
        prepared->in = make_binds(statement->in, prepared->in_count, prepared->in_cells);
        db->slots[slot] = prepared;
        db->used++;
    }
    return db->slots[slot];
}

void prepared_close(struct prepared *prepared)
{
    if (prepared->handle) {
        mysql_stmt_close(prepared->handle);
        prepared->handle = NULL;
    }
}

void prepared_free(struct prepared *prepared)
{
    prepared_close(prepared);
    for (size_t i = 0; prepared->names && i < prepared->out_count; i++)
        free(prepared->names[i]);
    free(prepared->names);
    free(prepared->letters);
    free(prepared->in);
    free(prepared->out);
    free(prepared->in_cells);
    free(prepared->out_cells);
    free(prepared);
}

/* ---- preparing ---- */

bool prepared_returns(const struct prepared *prepared)
{
    return strstr(prepared->statement->sql, " RETURNING ") != NULL;
}

bool prepared_has_rows(const struct prepared *prepared)
{
    return prepared->out_count > 0 || prepared_returns(prepared);
}

static char letter_of_text(const MYSQL_FIELD *field)
{
    enum { BINARY_CHARSET = 63 };
    bool is_id = field->type == MYSQL_TYPE_STRING && field->charsetnr == BINARY_CHARSET &&
                 field->length == sizeof((struct id *)0)->bytes;
    return is_id ? 'u' : 's';
}

char prepared_letter(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return 'i';
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE:
        return 'n';
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
        return 't';
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_ENUM:
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
        return letter_of_text(field);
    default:
        return 0;
    }
}

static void check_counts(struct prepared *prepared, size_t columns)
{
    const char *said = prepared->statement->out;
    size_t in = mysql_stmt_param_count(prepared->handle), out = said ? strlen(said) : columns;
    if (prepared->letters)
        out = prepared->out_count;
    if (in != prepared->in_count || out != columns) {
        prepared_close(prepared);
        fault_raise(FAULT_BROKEN, "statement has %zu parameters and %zu columns, not %zu and %zu: %.80s", in,
                    columns, prepared->in_count, out, prepared->statement->sql);
    }
}

static char *copy(const char *text)
{
    return memcpy(allocate(strlen(text) + 1, 1), text, strlen(text) + 1);
}

/* Names and types, once: they stand in the literal SQL and in the schema, and are the same on every
 * connection. */
static void learn_columns(struct prepared *prepared, size_t count)
{
    const MYSQL_FIELD *fields = mariadb_stmt_fetch_fields(prepared->handle);
    char *letters = prepared->letters = allocate(count + 1, 1);
    prepared->names = allocate(count, sizeof *prepared->names);
    prepared->out_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *said = prepared->statement->out;
        prepared->names[i] = copy(fields[i].name);
        letters[i] = said ? said[i] : prepared_letter(&fields[i]);
        if (!letters[i]) {
            fault_raise(FAULT_BROKEN, "the server does not tell the type of %s: %.80s", fields[i].name,
                        prepared->statement->sql);
        }
    }
    prepared->out_cells = allocate(count, sizeof(struct cell));
    prepared->out = make_binds(letters, count, prepared->out_cells);
}

static unsigned int bind_columns(struct prepared *prepared)
{
    size_t columns = mysql_stmt_field_count(prepared->handle);
    check_counts(prepared, columns);
    if (!prepared->letters)
        learn_columns(prepared, columns);
    if (columns && mysql_stmt_bind_result(prepared->handle, prepared->out) != 0)
        return mysql_stmt_errno(prepared->handle);
    return 0;
}

unsigned int prepared_ready(struct db *db, struct prepared *prepared)
{
    if (prepared->handle && prepared->connection == db->connections)
        return 0;
    prepared_close(prepared);
    prepared->connection = db->connections;
    prepared->handle = mysql_stmt_init(db->connection);
    if (!prepared->handle)
        return mysql_errno(db->connection);
    const char *sql = prepared->statement->sql;
    db->round_trips++;
    if (mysql_stmt_prepare(prepared->handle, sql, (unsigned long)strlen(sql)) != 0) {
        unsigned int number = mysql_stmt_errno(prepared->handle);
        if (!db_number_is_death(number)) {
            char words[512];
            snprintf(words, sizeof words, "%s", mysql_stmt_error(prepared->handle));
            prepared_close(prepared); /* else the next use would take it for prepared */
            db_raise(db, number, words, sql);
        }
        return number;
    }
    return prepared_returns(prepared) ? 0 : bind_columns(prepared);
}

/* ---- values in ---- */

static bool value_fits(char letter, enum value_type type)
{
    switch (letter) {
    case 'u':
        return type == VALUE_ID;
    case 's':
        return type == VALUE_TEXT;
    case 'i':
        return type == VALUE_INT;
    case 'n':
        return type == VALUE_NUMBER;
    case 't':
        return type == VALUE_TIME;
    default:
        return false;
    }
}

void prepared_check(const struct statement *statement, const struct value *values, size_t count)
{
    const char *in = statement->in ? statement->in : "";
    if (strlen(in) != count)
        fault_raise(FAULT_BROKEN, "%zu values for the signature \"%s\": %.80s", count, in, statement->sql);
    for (size_t i = 0; i < count; i++) {
        if (values[i].type != VALUE_NULL && !value_fits(in[i], values[i].type)) {
            fault_raise(FAULT_BROKEN, "value %zu of type %d for the letter %c: %.80s", i + 1,
                        (int)values[i].type, in[i], statement->sql);
        }
    }
}

static void set_time(MYSQL_TIME *time, instant instant_ms)
{
    int64_t days = instant_ms / CLOCK_DAY;
    int64_t rest = instant_ms % CLOCK_DAY;
    if (rest < 0) {
        rest += CLOCK_DAY;
        days--;
    }
    struct date date = date_from_days(days);
    *time = (MYSQL_TIME){
        .year = (unsigned int)date.year,
        .month = (unsigned int)date.month,
        .day = (unsigned int)date.day,
        .hour = (unsigned int)(rest / CLOCK_HOUR),
        .minute = (unsigned int)(rest / CLOCK_MINUTE % 60),
        .second = (unsigned int)(rest / CLOCK_SECOND % 60),
        .second_part = (unsigned long)(rest % CLOCK_SECOND) * 1000,
        .time_type = MYSQL_TIMESTAMP_DATETIME,
    };
}

static void set_cell(MYSQL_BIND *bind, struct cell *cell, const struct value *value)
{
    cell->is_null = value->type == VALUE_NULL;
    bind->buffer = &cell->data;
    cell->length = 0;
    switch (value->type) {
    case VALUE_INT:
        cell->data.integer = value->integer;
        break;
    case VALUE_NUMBER:
        cell->data.number = value->number;
        break;
    case VALUE_TIME:
        set_time(&cell->data.time, value->time);
        break;
    case VALUE_ID:
        memcpy(cell->data.text, value->id.bytes, sizeof value->id.bytes);
        cell->length = sizeof value->id.bytes;
        break;
    case VALUE_TEXT:
        /* The connector never writes through a parameter's buffer. */
        bind->buffer = (void *)(uintptr_t)value->text;
        cell->length = value->length;
        break;
    default:
        break;
    }
    bind->buffer_length = cell->length;
}

unsigned int prepared_execute(struct db *db, struct prepared *prepared, const struct value *values,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        set_cell(&prepared->in[i], &prepared->in_cells[i], &values[i]);
    if (count && mysql_stmt_bind_param(prepared->handle, prepared->in) != 0)
        return mysql_stmt_errno(prepared->handle);
    db->round_trips++;
    if (mysql_stmt_execute(prepared->handle) != 0)
        return mysql_stmt_errno(prepared->handle);
    if (!prepared_returns(prepared))
        return 0;
    return bind_columns(prepared);
}

/* ---- values out ---- */

static instant instant_of(const MYSQL_TIME *time)
{
    struct date date = { (int)time->year, (int)time->month, (int)time->day };
    return date_to_days(date) * CLOCK_DAY + (instant)time->hour * CLOCK_HOUR +
           (instant)time->minute * CLOCK_MINUTE + (instant)time->second * CLOCK_SECOND +
           (instant)(time->second_part / 1000);
}

static struct value text_of(struct prepared *prepared, size_t column, struct pool *pool, unsigned int *number)
{
    const struct cell *cell = &prepared->out_cells[column];
    if (cell->length <= sizeof cell->data.text)
        return value_bytes(pool_memdup(pool, cell->data.text, cell->length), cell->length);
    unsigned long length = cell->length;
    char *text = pool_alloc(pool, length + 1);
    MYSQL_BIND bind = { .buffer_type = MYSQL_TYPE_STRING, .buffer = text, .buffer_length = length };
    bind.length = &bind.length_value;
    bind.error = &bind.error_value;
    bind.is_null = &bind.is_null_value;
    if (mysql_stmt_fetch_column(prepared->handle, &bind, (unsigned int)column, 0) != 0)
        *number = mysql_stmt_errno(prepared->handle);
    return value_bytes(text, length);
}

static struct value id_of(const struct prepared *prepared, const struct cell *cell)
{
    struct id id;
    if (cell->length != sizeof id.bytes)
        fault_raise(FAULT_BROKEN, "an id of %lu bytes: %.80s", cell->length, prepared->statement->sql);
    memcpy(id.bytes, cell->data.text, sizeof id.bytes);
    /* Not value_id(): a nil id that was stored is a value, not NULL. */
    return (struct value){ .type = VALUE_ID, .id = id };
}

static struct value value_of(struct prepared *prepared, size_t column, struct pool *pool,
                             unsigned int *number)
{
    const struct cell *cell = &prepared->out_cells[column];
    if (cell->is_null)
        return value_null();
    switch (prepared->letters[column]) {
    case 'i':
        return value_int(cell->data.integer);
    case 'n':
        return value_number(cell->data.number);
    case 't':
        return value_time(instant_of(&cell->data.time));
    case 'u':
        return id_of(prepared, cell);
    default:
        return text_of(prepared, column, pool, number);
    }
}

/* A failure that comes among the rows stands in the connection, not in the statement. */
static unsigned int prepared_errno(const struct prepared *prepared)
{
    unsigned int number = mysql_stmt_errno(prepared->handle);
    if (number == 0)
        number = mysql_errno(prepared->handle->mysql);
    return number ? number : CR_UNKNOWN_ERROR;
}

/*
 * The packet that ends the rows (EOF: 0xFE, two bytes of warnings, two of flags) is still in the buffer; the
 * connector reads its flags only where it stores all rows.
 */
static unsigned int end_status(const MYSQL *connection)
{
    const unsigned char *packet = connection->net.read_pos;
    return packet && packet[0] == 0xFE ? packet[3] | (unsigned int)packet[4] << 8 : 0;
}

bool prepared_skip(struct prepared *prepared, unsigned int *number)
{
    int outcome = mysql_stmt_fetch(prepared->handle);
    if (outcome == MYSQL_NO_DATA) {
        prepared->status = end_status(prepared->handle->mysql);
        return false;
    }
    if (outcome == 1) {
        *number = prepared_errno(prepared);
        return false;
    }
    return true;
}

unsigned int prepared_server_status(const struct prepared *prepared)
{
    return prepared->out_count ? prepared->status : prepared->handle->mysql->server_status;
}

const struct value *prepared_fetch(struct prepared *prepared, struct pool *pool, unsigned int *number)
{
    if (!prepared_skip(prepared, number))
        return NULL;
    struct value *values = pool_array(pool, prepared->out_count, sizeof *values);
    for (size_t i = 0; i < prepared->out_count; i++)
        values[i] = value_of(prepared, i, pool, number);
    return *number ? NULL : values;
}
