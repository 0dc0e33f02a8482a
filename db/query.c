#include "db/private.h"

#include "base/fault.h"
#include "base/log.h"

#include <errmsg.h>
#include <mysqld_error.h>

struct db *db_new(void)
{
    struct db *db = calloc(1, sizeof *db);
    if (!db)
        fault_raise(FAULT_BROKEN, "out of memory");
    db->scratch = pool_new();
    return db;
}

void db_free(struct db *db)
{
    if (!db)
        return;
    db_disconnect(db);
    for (size_t i = 0; i < db->slot_count; i++)
        if (db->slots[i])
            prepared_free(db->slots[i]);
    free(db->slots);
    pool_free(db->scratch);
    free(db);
}

/*
 * Runs once; where the connection turns out to be dead, outside a transaction, and running twice does no harm
 * (the statement only reads, or was never sent), runs once more on a new one. Returns 0 or an error number.
 */
static unsigned int run_statement(struct db *db, struct prepared *prepared, const struct value *values,
                                  size_t count, bool with_rows)
{
    for (int attempt = 0;; attempt++) {
        db_ready(db);
        unsigned int number = prepared_ready(db, prepared);
        bool sent = number == 0;
        if (sent && prepared_has_rows(prepared) != with_rows) {
            fault_raise(FAULT_BROKEN, "statement %s rows sql=\"%.80s\"", with_rows ? "without" : "with",
                        prepared->statement->sql);
        }
        if (sent)
            number = prepared_execute(db, prepared, values, count);
        bool reads = with_rows && !prepared_returns(prepared);
        bool harmless = !sent || reads || number == CR_SERVER_GONE_ERROR || number == ER_UNKNOWN_STMT_HANDLER;
        if (!db_number_is_death(number) || db->started || attempt > 0 || !harmless)
            return number;
        log_warn("database connection lost error=%u; connecting again", number);
        db_disconnect(db);
    }
}

static struct prepared *find(struct db *db, const struct statement *statement, const struct value *values,
                             size_t count)
{
    prepared_check(statement, values, count);
    return prepared_find(db, statement);
}

/* After a statement whose answer was read to its end. */
static void check_transaction(struct db *db, const struct prepared *prepared)
{
    if (db->started && !(prepared_server_status(prepared) & SERVER_STATUS_IN_TRANS))
        fault_raise(FAULT_RETRY, "the transaction has ended sql=\"%.80s\"", prepared->statement->sql);
}

static _Noreturn void raise_statement(struct db *db, struct prepared *prepared, unsigned int number)
{
    const char *words = prepared->handle ? mysql_stmt_error(prepared->handle) : "";
    if (!*words)
        words = mysql_error(db->connection);
    db_raise(db, number, words, prepared->statement->sql);
}

uint64_t db_run(struct db *db, const struct statement *statement, const struct value *values, size_t count)
{
    struct prepared *prepared = find(db, statement, values, count);
    unsigned int number = run_statement(db, prepared, values, count, false);
    if (number)
        raise_statement(db, prepared, number);
    check_transaction(db, prepared);
    return mysql_stmt_affected_rows(prepared->handle);
}

bool db_try_now(struct db *db, const struct statement *statement, const struct value *values, size_t count,
                bool *locked)
{
    struct prepared *prepared = find(db, statement, values, count);
    unsigned int number = run_statement(db, prepared, values, count, false);
    if (locked)
        *locked = number == ER_LOCK_WAIT_TIMEOUT;
    if (number == ER_DUP_ENTRY || number == ER_DUP_ENTRY_WITH_KEY_NAME || (locked && *locked))
        return false;
    if (number)
        raise_statement(db, prepared, number);
    check_transaction(db, prepared);
    return true;
}

bool db_try(struct db *db, const struct statement *statement, const struct value *values, size_t count)
{
    return db_try_now(db, statement, values, count, NULL);
}

/* Keeps up to `most` rows and reads the rest all the same: a failure may come behind any of them, as to a
 * locking read that becomes a deadlock's victim. It is told in `*number`. */
static struct rows try_rows(struct prepared *prepared, struct pool *pool, size_t most, unsigned int *number)
{
    struct row *items = NULL;
    size_t count = 0, room = 0;
    const struct value *values;
    while (count < most && (values = prepared_fetch(prepared, pool, number))) {
        if (count == room) {
            size_t wider = room ? room * 2 : (most == 1 ? 1 : 16);
            struct row *longer = pool_array(pool, wider, sizeof *longer);
            if (count)
                memcpy(longer, items, count * sizeof *longer);
            items = longer;
            room = wider;
        }
        items[count++] = (struct row){ prepared->out_count, values, (const char *const *)prepared->names };
    }
    while (*number == 0 && count == most && prepared_skip(prepared, number)) {
    }
    if (*number == 0)
        mysql_stmt_free_result(prepared->handle);
    return (struct rows){ count, items };
}

static struct rows read_rows(struct db *db, struct prepared *prepared, struct pool *pool, size_t most)
{
    unsigned int number = 0;
    struct rows rows = try_rows(prepared, pool, most, &number);
    if (number)
        raise_statement(db, prepared, number);
    check_transaction(db, prepared);
    return rows;
}

const struct row *db_one(struct db *db, struct pool *pool, const struct statement *statement,
                         const struct value *values, size_t count)
{
    struct prepared *prepared = find(db, statement, values, count);
    unsigned int number = run_statement(db, prepared, values, count, true);
    if (number)
        raise_statement(db, prepared, number);
    struct rows rows = read_rows(db, prepared, pool, 1);
    return rows.count ? rows.items : NULL;
}

const struct row *db_try_one(struct db *db, struct pool *pool, const struct statement *statement,
                             const struct value *values, size_t count, bool *full)
{
    struct prepared *prepared = find(db, statement, values, count);
    unsigned int number = run_statement(db, prepared, values, count, true);
    struct rows rows = { 0, NULL };
    if (!number)
        rows = try_rows(prepared, pool, 1, &number);
    *full = number == ER_RECORD_FILE_FULL;
    if (number && !*full)
        raise_statement(db, prepared, number);
    if (!number)
        check_transaction(db, prepared);
    return rows.count ? rows.items : NULL;
}

struct rows db_all(struct db *db, struct pool *pool, const struct statement *statement,
                   const struct value *values, size_t count)
{
    struct prepared *prepared = find(db, statement, values, count);
    unsigned int number = run_statement(db, prepared, values, count, true);
    if (number)
        raise_statement(db, prepared, number);
    return read_rows(db, prepared, pool, SIZE_MAX);
}

uint64_t db_run_many(struct db *db, const struct statement *statement, const struct value *values,
                     size_t count, size_t rows)
{
    uint64_t matched = 0;
    if (rows == 0)
        return 0;
    struct prepared *prepared = find(db, statement, values, count);
    for (size_t i = 1; i < rows; i++)
        prepared_check(statement, values + i * count, count);
    db_ready(db);
    if (rows == 1 || count == 0 || !bulk_is_possible(db)) {
        for (size_t i = 0; i < rows; i++)
            matched += db_run(db, statement, values + i * count, count);
        return matched;
    }
    for (size_t done = 0; done < rows;) {
        enum { CHUNK = 1000 };
        size_t part = rows - done < CHUNK ? rows - done : CHUNK;
        unsigned int number = prepared_ready(db, prepared);
        if (!number)
            number = bulk_execute(db, prepared, values + done * count, count, part);
        if (number)
            raise_statement(db, prepared, number);
        check_transaction(db, prepared);
        matched += mysql_stmt_affected_rows(prepared->handle);
        done += part;
    }
    return matched;
}
