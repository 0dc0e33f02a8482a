/*
 * db: MariaDB through Connector/C, prepared statements only.
 *
 * One connection per process. A statement is literal, const, and prepared on first use; after a reconnect it
 * is prepared again. Values are bound; their types are checked against the statement's signature: `u` id
 * (BINARY(16))   `s` text or blob   `i` integer, boolean   `n` double   `t` instant (DATETIME(3), UTC) A NULL
 * may stand for any of them. `make check` prepares every statement of the house against sql/schema.sql and
 * compares `in` and `out` with the server's parameter and column counts and types.
 *
 * The server tells what a column holds: BINARY(16) an id, integers, FLOAT and DOUBLE, DATETIME, else text.
 * `out` stands only where it cannot tell, or tells otherwise than is meant: DECIMAL, as SUM gives, an id out
 * of COALESCE or IF, 16 bytes that are no id.
 *
 * `INSERT … RETURNING` is a statement with rows; write RETURNING between spaces.
 *
 * Sessions run in UTC, utf8mb4, READ COMMITTED and strict mode. Failures never come back: 1213, 1205 and 1020
 * are FAULT_RETRY, everything else FAULT_DATABASE or FAULT_BROKEN. The one failure that is a value is a
 * broken unique key, and only from db_try.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/pool.h"
#include "base/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

struct statement {
    const char *sql; /* `?` for each parameter */
    const char *in;  /* one letter per parameter; NULL: none */
    const char *out; /* one letter per column; NULL: as the server tells */
};

struct row {
    size_t count;
    const struct value *values;
    const char *const *names; /* the columns' names, from the statement */
};

struct rows {
    size_t count;
    const struct row *items;
};

/* The values of one execution: `db_one(db, pool, &GET, BIND(value_id(company), value_id(id)))`. */
#define BIND(...)                                                                                            \
    (const struct value[]){ __VA_ARGS__ },                                                                   \
        sizeof((const struct value[]){ __VA_ARGS__ }) / sizeof(struct value)
#define BIND_NONE NULL, 0

struct db *db_new(void); /* connects at first use, from the config's db_* settings */
void db_free(struct db *db);
/* Lets go of an idle connection; the next use connects again. Outside a transaction only. */
void db_rest(struct db *db);
bool db_is_connected(const struct db *db);
/* For migrate alone, before the first use: a statement may take as long as it needs. Else 30 seconds of
 * silence are a lost connection. */
void db_be_patient(struct db *db);

/* Runs a statement without rows; returns the rows it matched (CLIENT_FOUND_ROWS). */
uint64_t db_run(struct db *db, const struct statement *statement, const struct value *values, size_t count);
/* The same; a broken unique key (1062) gives false and leaves the transaction open. */
bool db_try(struct db *db, const struct statement *statement, const struct value *values, size_t count);
/*
 * db_try for a statement that does not wait for locks (`SET STATEMENT innodb_lock_wait_timeout=0 FOR …`): a
 * row that another transaction holds (1205) gives false too, with `*locked` set.
 */
bool db_try_now(struct db *db, const struct statement *statement, const struct value *values, size_t count,
                bool *locked);
/*
 * Runs one statement without rows for each of `rows` tuples of `count` values laid one after another, in one
 * round trip where the server can (bulk array binding). Returns the rows matched or inserted in all.
 */
uint64_t db_run_many(struct db *db, const struct statement *statement, const struct value *values,
                     size_t count, size_t rows);

/* The first row, or NULL. Rows and their texts live in the pool. */
const struct row *db_one(struct db *db, struct pool *pool, const struct statement *statement,
                         const struct value *values, size_t count);
/* db_one of a statement that writes (`INSERT … RETURNING`) into a table of the server's memory: where that
 * table has no room left (1114), `*full` is set and there is no row. */
const struct row *db_try_one(struct db *db, struct pool *pool, const struct statement *statement,
                             const struct value *values, size_t count, bool *full);
struct rows db_all(struct db *db, struct pool *pool, const struct statement *statement,
                   const struct value *values, size_t count);

/*
 * Transactions nest by counter: only the outermost begin and commit talk to the server. db_begin is lazy:
 * START TRANSACTION is sent with the first statement. db_rollback undoes everything and closes all levels; it
 * never raises.
 *
 * A server may end a transaction that its client takes for open. Nothing that runs then lasts: it is
 * FAULT_RETRY at the next answer that shows it, at the latest from db_commit; and db_rollback gives false, so
 * that whoever met a fault, or refused something for what it had read, tries again.
 */
void db_begin(struct db *db);
void db_commit(struct db *db);
bool db_rollback(struct db *db);
bool db_in_transaction(const struct db *db);

/* True when the server answers now; never raises. Reconnects when it must. */
bool db_ping(struct db *db);
/* The error number with which the last try to connect was refused, by the server or on the way there; 0: it
 * was not. */
unsigned int db_refused(const struct db *db);
uint64_t db_round_trips(const struct db *db); /* since db_new: prepares, executions, transaction commands */

/*
 * For migrate, doctor and demo alone: runs the literal SQL text of a file, statement by statement, outside
 * the prepared way. `DELIMITER` is not known. Returns false with the server's words in `*why` (in the pool)
 * at the first failure.
 */
bool db_run_script(struct db *db, struct pool *pool, const char *sql, const char **why);

/*
 * Daily partitions of the tables that only grow. A form of a table takes no parameters, so this is the one
 * place where SQL is not bound: it is put together from a table of this list, a day's number (since
 * 1970-01-01) and nothing else. Partition pYYYYMMDD holds the ids of that day in UTC and of the days before
 * it that have none; `later` holds what comes after all of them.
 *
 * Both need the table for themselves for a moment. Where it is in use they return false after a line in the
 * log: at once, or with `wait` after a second or two, in which all who come to the table wait with them.
 * Outside a transaction only.
 */
enum db_partitioned { DB_EVENTS, DB_ATTEMPTS };
const char *db_partition_table(enum db_partitioned table);
/* Takes the days `first` to `last`, which come after all others, out of `later`. */
bool db_partition_add(struct db *db, enum db_partitioned table, int64_t first, int64_t last, bool wait);
/* With all its rows. */
bool db_partition_drop(struct db *db, enum db_partitioned table, int64_t day, bool wait);

/* By column name; an unknown name or another type is FAULT_BROKEN. NULL columns give NULL, 0 or the nil id.
 */
const struct value *row_value(const struct row *row, const char *name);
const char *row_text(const struct row *row, const char *name);
int64_t row_int(const struct row *row, const char *name);
double row_number(const struct row *row, const char *name);
instant row_time(const struct row *row, const char *name);
struct id row_id(const struct row *row, const char *name);
bool row_is_null(const struct row *row, const char *name);
/* A copy in the pool with one column more, for what no statement gives. */
struct row row_with(struct pool *pool, const struct row *row, const char *name, struct value value);

#endif
