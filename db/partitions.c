#include "db/private.h"

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"

#include <mysqld_error.h>

enum { STATEMENT_MOST = 1 << 20 };

static const char *const tables[] = { [DB_EVENTS] = "events", [DB_ATTEMPTS] = "attempts" };

/* Whoever comes to the table while this waits for it waits as well, so it does not wait long. */
static const char *const waits[] = { "SET STATEMENT lock_wait_timeout=0, innodb_lock_wait_timeout=0 FOR ",
                                     "SET STATEMENT lock_wait_timeout=1, innodb_lock_wait_timeout=1 FOR " };

const char *db_partition_table(enum db_partitioned table)
{
    return tables[table];
}

static void add_name(struct buf *sql, int64_t day)
{
    struct date date = date_from_days(day);
    buf_printf(sql, "p%04d%02d%02d", date.year, date.month, date.day);
}

/* Ids begin with 48 bits of milliseconds; the first of the next day is the bound. */
static void add_partition(struct buf *sql, int64_t day)
{
    buf_add_text(sql, "PARTITION ");
    add_name(sql, day);
    buf_printf(sql, " VALUES LESS THAN (x'%012llx%020d'), ", (unsigned long long)((day + 1) * CLOCK_DAY), 0);
}

/* False where the table is in use, or was changed by somebody else a moment ago. */
static bool change(struct db *db, const struct buf *sql)
{
    if (db->level > 0 || sql->overflowed)
        fault_raise(FAULT_BROKEN, "partitions cannot be changed inside a transaction, nor too many at once");
    db_ready(db);
    if (db_command(db, sql->data, sql->length))
        return true;
    unsigned int number = mysql_errno(db->connection);
    if (number != ER_LOCK_WAIT_TIMEOUT && number != ER_PARTITION_DOES_NOT_EXIST &&
        number != ER_SAME_NAME_PARTITION && number != ER_RANGE_NOT_INCREASING_ERROR)
        db_raise(db, number, mysql_error(db->connection), "ALTER TABLE of partitions");
    log_info("a table's days were not changed, the next round tries again error=%u words=\"%s\"", number,
             mysql_error(db->connection));
    return false;
}

bool db_partition_add(struct db *db, enum db_partitioned table, int64_t first, int64_t last, bool wait)
{
    struct buf sql;
    buf_init(&sql, db->scratch, STATEMENT_MOST);
    buf_printf(&sql, "%sALTER TABLE %s REORGANIZE PARTITION later INTO (", waits[wait], tables[table]);
    for (int64_t day = first; day <= last; day++)
        add_partition(&sql, day);
    buf_add_text(&sql, "PARTITION later VALUES LESS THAN (MAXVALUE))");
    bool done = change(db, &sql);
    pool_reset(db->scratch);
    return done;
}

bool db_partition_drop(struct db *db, enum db_partitioned table, int64_t day, bool wait)
{
    struct buf sql;
    buf_init(&sql, db->scratch, STATEMENT_MOST);
    buf_printf(&sql, "%sALTER TABLE %s DROP PARTITION ", waits[wait], tables[table]);
    add_name(&sql, day);
    bool done = change(db, &sql);
    pool_reset(db->scratch);
    return done;
}
