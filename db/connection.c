#include "db/private.h"

#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <poll.h>

enum { CONNECT_SECONDS = 5, TRANSFER_SECONDS = 30, PATIENT_SECONDS = 7 * 86400 };

/* One command, so that a new connection costs one round trip beside the handshake. */
static const char SESSION[] =
    "SET time_zone='+00:00', collation_connection='utf8mb4_unicode_ci', tx_isolation='READ-COMMITTED',"
    " autocommit=1, innodb_lock_wait_timeout=3, group_concat_max_len=1048576,"
    " sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "NO_ENGINE_SUBSTITUTION'";
/*
 * The server may end a transaction that its client takes for open. What runs then must neither last by itself
 * (autocommit is off until the end) nor be committed as if it were whole: only the transaction that was begun
 * has the savepoint, and without it there is no COMMIT. Each is one round trip.
 */
static const char START[] = "BEGIN NOT ATOMIC SET autocommit=0; START TRANSACTION; SAVEPOINT begun; END";
static const char COMMIT[] = "BEGIN NOT ATOMIC RELEASE SAVEPOINT begun; COMMIT; SET autocommit=1; END";
static const char ROLLBACK[] =
    "BEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR 1305 BEGIN ROLLBACK; SET autocommit=1; RESIGNAL; END;"
    " ROLLBACK TO SAVEPOINT begun; ROLLBACK; SET autocommit=1; END";

void db_rest(struct db *db)
{
    if (db->level == 0)
        db_disconnect(db);
}

bool db_is_connected(const struct db *db)
{
    return db->connection != NULL;
}

void db_be_patient(struct db *db)
{
    db->patient = true;
}

/* ---- failures ---- */

bool db_number_is_death(unsigned int number)
{
    switch (number) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
    case CR_COMMANDS_OUT_OF_SYNC:
    case CR_MALFORMED_PACKET:
    case ER_CONNECTION_KILLED:
    case ER_SERVER_SHUTDOWN:
    case ER_NORMAL_SHUTDOWN:
    case ER_UNKNOWN_STMT_HANDLER:
        return true;
    default:
        return false;
    }
}

enum fault db_fault_of(unsigned int number)
{
    if (db_number_is_death(number) || (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR))
        return FAULT_DATABASE;
    switch (number) {
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_CHECKREAD:
    case ER_NEED_REPREPARE:
    case ER_SP_DOES_NOT_EXIST: /* the savepoint that COMMIT releases: the transaction has ended under us */
        return FAULT_RETRY;
    case 28: /* ENOSPC, as some engines hand it through */
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
    case ER_ERROR_ON_WRITE:
    case ER_GET_ERRNO: /* "Got error 28 … from storage engine" and its kin */
    case ER_CANT_LOCK:
    case ER_OUTOFMEMORY:
    case ER_OUT_OF_SORTMEMORY:
    case ER_OUT_OF_RESOURCES:
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_MAX_PREPARED_STMT_COUNT_REACHED:
    case ER_BAD_HOST_ERROR:
    case ER_HANDSHAKE_ERROR:
    case ER_HOST_IS_BLOCKED:
    case ER_HOST_NOT_PRIVILEGED:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_ERROR:
    case ER_BAD_DB_ERROR:
    case ER_UNKNOWN_COM_ERROR: /* a Galera node that is not in the primary component */
    case ER_ERROR_DURING_COMMIT:
    case ER_OPTION_PREVENTS_STATEMENT:
    case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
    case ER_QUERY_INTERRUPTED:
    case ER_STATEMENT_TIMEOUT:
    case ER_NOT_KEYFILE:
    case ER_CRASHED_ON_USAGE:
    case ER_TABLESPACE_MISSING:
        return FAULT_DATABASE;
    default:
        return FAULT_BROKEN;
    }
}

_Noreturn void db_raise(struct db *db, unsigned int number, const char *words, const char *sql)
{
    char copy[512];
    snprintf(copy, sizeof copy, "%s", words);
    pool_reset(db->scratch);
    if (db_number_is_death(number)) {
        db->lost = db->started;
        db_disconnect(db);
    }
    fault_raise(db_fault_of(number), "database error=%u words=\"%s\" sql=\"%.80s\"", number, copy, sql);
}

/* ---- the connection ---- */

void db_disconnect(struct db *db)
{
    if (!db->connection)
        return;
    mysql_close(db->connection);
    db->connection = NULL;
    db->started = false;
}

static void set_options(MYSQL *connection, bool patient)
{
    const unsigned int connect = CONNECT_SECONDS, none = 0;
    const unsigned int transfer = patient ? PATIENT_SECONDS : TRANSFER_SECONDS;
    mysql_options(connection, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
    mysql_options(connection, MYSQL_OPT_READ_TIMEOUT, &transfer);
    mysql_options(connection, MYSQL_OPT_WRITE_TIMEOUT, &transfer);
    mysql_options(connection, MYSQL_OPT_LOCAL_INFILE, &none);
    mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(connection, MYSQL_INIT_COMMAND, SESSION);
}

/* False after a line in the log. */
static bool connect_once(struct db *db, unsigned int *number)
{
    MYSQL *connection = mysql_init(NULL);
    if (!connection)
        fault_raise(FAULT_BROKEN, "out of memory");
    set_options(connection, db->patient);
    const char *socket = config_text(CONFIG_DB_SOCKET);
    bool local = *socket != '\0';
    db->round_trips += 2;
    if (!mysql_real_connect(connection, local ? NULL : config_text(CONFIG_DB_HOST),
                            config_text(CONFIG_DB_USER), config_text(CONFIG_DB_PASSWORD),
                            config_text(CONFIG_DB_NAME), local ? 0 : (unsigned int)config_int(CONFIG_DB_PORT),
                            local ? socket : NULL, CLIENT_FOUND_ROWS)) {
        *number = db->refused = mysql_errno(connection);
        log_error("database not reachable error=%u words=\"%s\"", *number, mysql_error(connection));
        mysql_close(connection);
        return false;
    }
    db->connection = connection;
    db->refused = 0;
    db->connections++;
    return true;
}

/* An idle connection has nothing to say: readable means that the server closed it, or is about to. */
static bool is_dead(MYSQL *connection)
{
    struct pollfd watch = { .fd = mysql_get_socket(connection), .events = POLLIN };
    return poll(&watch, 1, 0) != 0;
}

bool db_command(struct db *db, const char *sql, size_t length)
{
    db->round_trips++;
    return mysql_real_query(db->connection, sql, (unsigned long)length) == 0;
}

static void connect_or_raise(struct db *db)
{
    unsigned int number = 0;
    if (db->connection && is_dead(db->connection)) {
        log_warn("database connection was closed by the server; connecting again");
        db_disconnect(db);
    }
    if (!db->connection && !connect_once(db, &number))
        fault_raise(FAULT_DATABASE, "database not reachable error=%u", number);
}

void db_ready(struct db *db)
{
    if (db->lost)
        fault_raise(FAULT_DATABASE, "the transaction was lost with its connection");
    if (db->started)
        return;
    connect_or_raise(db);
    if (db->level == 0)
        return;
    /* Nothing has happened in the transaction yet, so a connection that dies here may be replaced. */
    if (!db_command(db, START, sizeof START - 1) && db_number_is_death(mysql_errno(db->connection))) {
        db_disconnect(db);
        connect_or_raise(db);
        db_command(db, START, sizeof START - 1);
    }
    unsigned int number = mysql_errno(db->connection);
    if (number)
        db_raise(db, number, mysql_error(db->connection), START);
    db->started = true;
}

bool db_ping(struct db *db)
{
    unsigned int number = 0;
    if (db->connection) {
        db->round_trips++;
        if (mysql_ping(db->connection) == 0)
            return true;
        db->lost = db->started;
        db_disconnect(db);
    }
    return connect_once(db, &number);
}

unsigned int db_refused(const struct db *db)
{
    return db->refused;
}

uint64_t db_round_trips(const struct db *db)
{
    return db->round_trips;
}

/* ---- transactions ---- */

void db_begin(struct db *db)
{
    db->level++;
}

void db_commit(struct db *db)
{
    if (db->level == 0)
        fault_raise(FAULT_BROKEN, "commit outside a transaction");
    if (db->level > 1) {
        db->level--;
        return;
    }
    if (db->lost)
        fault_raise(FAULT_DATABASE, "the transaction was lost with its connection");
    /* When the connection dies here nobody knows whether the commit happened; so nobody claims that it did.
     */
    if (db->started && !db_command(db, COMMIT, sizeof COMMIT - 1))
        db_raise(db, mysql_errno(db->connection), mysql_error(db->connection), COMMIT);
    db->started = false;
    db->level = 0;
}

bool db_rollback(struct db *db)
{
    bool whole = true;
    if (db->started && db->connection && !db_command(db, ROLLBACK, sizeof ROLLBACK - 1)) {
        whole = mysql_errno(db->connection) != ER_SP_DOES_NOT_EXIST;
        if (whole)
            db_disconnect(db); /* the server rolls back what a vanished client began */
    }
    db->started = false;
    db->lost = false;
    db->level = 0;
    return whole;
}

bool db_in_transaction(const struct db *db)
{
    return db->level > 0;
}
