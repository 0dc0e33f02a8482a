#include "db/private.h"

#include <mysqld_error.h>

/* Reads the answers of all statements after the first; false at the first that failed. */
static bool drain(MYSQL *connection, int *statement)
{
    for (;;) {
        MYSQL_RES *result = mysql_store_result(connection);
        if (result)
            mysql_free_result(result);
        int more = mysql_next_result(connection);
        if (more != 0)
            return more < 0;
        (*statement)++;
    }
}

/* The server cuts the text into statements itself, so that quotes and comments are read as it reads them. */
bool db_run_script(struct db *db, struct pool *pool, const char *sql, const char **why)
{
    int statement = 1;
    db_ready(db);
    MYSQL *connection = db->connection;
    db->round_trips += 2;
    mysql_set_server_option(connection, MYSQL_OPTION_MULTI_STATEMENTS_ON);
    bool done = db_command(db, sql, strlen(sql)) && drain(connection, &statement);
    unsigned int number = mysql_errno(connection);
    /* A comment after the last semicolon is an empty statement to some servers. */
    if (!done && number == ER_EMPTY_QUERY)
        done = true;
    if (!done) {
        *why = pool_printf(pool, "statement %d: %s (%u)", statement, mysql_error(connection), number);
        if (db_number_is_death(number)) {
            db->lost = db->started;
            db_disconnect(db);
            return false;
        }
    }
    mysql_set_server_option(connection, MYSQL_OPTION_MULTI_STATEMENTS_OFF);
    return done;
}
