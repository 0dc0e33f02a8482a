/*
 * What the tests of db/ share: two connections, two tables of their own, a pool. The server is the one of
 * the config file that SLOTWIRE_TEST_CONFIG names.
 */
#ifndef TESTS_UNIT_DB_FIXTURE_H
#define TESTS_UNIT_DB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/config.h"
#include "base/fault.h"
#include "db/db.h"

static struct db *db, *other;
static struct pool *pool;

static const char SETUP[] =
    "CREATE OR REPLACE TABLE test_db_things (id BINARY(16) NOT NULL PRIMARY KEY, label VARCHAR(200) NULL,"
    " amount BIGINT NULL, ratio DOUBLE NULL, at DATETIME(3) NULL, raw LONGBLOB NULL) ENGINE=InnoDB "
    "CHARSET=utf8mb4;"
    "CREATE OR REPLACE TABLE test_db_counters (name INT NOT NULL PRIMARY KEY, hits INT NOT NULL)"
    " ENGINE=InnoDB; -- and a comment at the end";
static const char TEARDOWN[] = "DROP TABLE IF EXISTS test_db_things, test_db_counters";

static const struct statement ADD = {
    "INSERT INTO test_db_things (id, label, amount, ratio, at, raw) VALUES (?, ?, ?, ?, ?, ?)", .in = "usints"
};
static const struct statement COUNT = { "SELECT COUNT(*) AS things FROM test_db_things", .out = "i" };
static const struct statement COUNTER = { "INSERT INTO test_db_counters (name, hits) VALUES (?, 0)",
                                          .in = "i" };
static const struct statement HITS = { "SELECT hits FROM test_db_counters WHERE name = ?", .in = "i",
                                       .out = "i" };
static const struct statement GET = {
    "SELECT id, label, amount, ratio, at, raw FROM test_db_things WHERE id = ?", .in = "u", .out = "usints"
};

/* The fault that `work` ends with; FAULT_NONE when it comes back. */
static enum fault fault_of(void (*work)(void))
{
    struct fault_frame frame;
    enum fault fault = fault_catch(&frame);
    if (fault == FAULT_NONE) {
        work();
        fault_done(&frame);
    }
    return fault;
}

static struct id add(const char *label)
{
    struct id id = id_new();
    db_run(db, &ADD,
           BIND(value_id(id), value_text(label), value_int(1), value_null(), value_null(), value_null()));
    return id;
}

static int64_t count_things(struct db *with)
{
    return row_int(db_one(with, pool, &COUNT, BIND_NONE), "things");
}

static int group_setup(void **state)
{
    (void)state;
    const char *config = getenv("SLOTWIRE_TEST_CONFIG");
    if (!config) {
        fprintf(stderr, "test_db: set SLOTWIRE_TEST_CONFIG to the config file of a database for tests\n");
        return -1;
    }
    config_load(config);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    const char *why = "";
    pool = pool_new();
    db = db_new();
    other = db_new();
    if (!db_run_script(db, pool, SETUP, &why)) {
        print_error("%s\n", why);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    const char *why;
    db_rollback(db);
    db_rollback(other);
    db_run_script(db, pool, TEARDOWN, &why);
    db_free(db);
    db_free(other);
    pool_free(pool);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
