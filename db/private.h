/*
 * private: what the files of db/ share. Nobody else includes it. A query runs a prepared statement,
 * and that asks the connection; never the other way.
 */
#ifndef DB_PRIVATE_H
#define DB_PRIVATE_H

#include "db/db.h"

#include <mysql.h>

enum { CELL_TEXT_SIZE = 128 }; /* longer texts are fetched in a second step, straight into the pool */

/* Where one parameter is sent from, or one column of a row is received. */
struct cell {
    union {
        int64_t integer;
        double number;
        MYSQL_TIME time;
        char text[CELL_TEXT_SIZE];
    } data;
    unsigned long length;
    my_bool is_null;
    my_bool error;
};

/* A statement as this connection knows it. Names outlive the connection: rows in a pool point at them. */
struct prepared {
    const struct statement *statement;
    MYSQL_STMT *handle;  /* NULL: not prepared */
    uint64_t connection; /* on which of the connections */
    size_t in_count, out_count;
    MYSQL_BIND *in, *out;
    struct cell *in_cells, *out_cells;
    char *letters; /* the columns' types; NULL: the server was not asked yet */
    char **names;
    unsigned int status; /* the server's flags behind the last row */
};

struct db {
    MYSQL *connection;    /* NULL: not connected */
    uint64_t connections; /* how many there have been: what was prepared on another is not prepared */
    struct prepared **slots;
    size_t slot_count, used; /* slot_count is a power of two */
    int level;               /* db_begin minus db_commit */
    bool started;            /* the server knows of the transaction */
    bool patient;            /* no time-out on answers */
    bool lost;               /* the connection died inside the transaction */
    unsigned int refused;    /* the last try to connect; 0: it succeeded */
    uint64_t round_trips;
    struct pool *scratch; /* for the length of one call */
};

/* ---- connection.c ---- */

/* What a failure with this number means: FAULT_RETRY, FAULT_DATABASE or FAULT_BROKEN. */
enum fault db_fault_of(unsigned int number);
/* The connection cannot be used again after this. */
bool db_number_is_death(unsigned int number);
/* Forgets a dead connection, and with it everything prepared on it. */
void db_disconnect(struct db *db);
/* One literal command without values; false leaves number and words in the connection. */
bool db_command(struct db *db, const char *sql, size_t length);
/* Connects, and starts the transaction that was promised; raises where it cannot. */
void db_ready(struct db *db);
/* Closes a connection that died and raises. `number` and `words` are copied before anything is closed. */
_Noreturn void db_raise(struct db *db, unsigned int number, const char *words, const char *sql);

/* ---- prepared.c ---- */

struct prepared *prepared_find(struct db *db, const struct statement *statement);
/* Prepares on the connection when needed. 0, or the server's or client's error number in `handle`. */
unsigned int prepared_ready(struct db *db, struct prepared *prepared);
/* Binds and executes once; 0 or the error number. Types are checked first: a wrong one raises. */
unsigned int prepared_execute(struct db *db, struct prepared *prepared, const struct value *values,
                              size_t count);
/* `INSERT … RETURNING`: it writes, and the server tells its columns only with its rows. */
bool prepared_returns(const struct prepared *prepared);
/* Of one that is ready. */
bool prepared_has_rows(const struct prepared *prepared);
/* The letter of what a column holds, as the server describes it; 0: it does not tell (see db.h). */
char prepared_letter(const MYSQL_FIELD *field);
/* The next row into the pool: NULL at the end or, with *number set, at a failure. */
const struct value *prepared_fetch(struct prepared *prepared, struct pool *pool, unsigned int *number);
/* Reads a row and throws it away; false at the end or, with *number set, at a failure. */
bool prepared_skip(struct prepared *prepared, unsigned int *number);
/* The server's flags (SERVER_STATUS_…) at the very end of the last answer. */
unsigned int prepared_server_status(const struct prepared *prepared);
void prepared_close(struct prepared *prepared); /* keeps the names */
void prepared_free(struct prepared *prepared);
/* Raises where the values are not what the signature says. */
void prepared_check(const struct statement *statement, const struct value *values, size_t count);

/* ---- bulk.c ---- */

bool bulk_is_possible(struct db *db);
unsigned int bulk_execute(struct db *db, struct prepared *prepared, const struct value *values, size_t count,
                          size_t rows);

#endif
