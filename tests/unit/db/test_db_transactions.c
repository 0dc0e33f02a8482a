/* db/ against a real server: transactions, locks, lost connections. */
#include "tests/unit/db_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

static const struct statement COUNTER_NOW = {
    "SET STATEMENT innodb_lock_wait_timeout=0 FOR INSERT INTO test_db_counters (name, hits) VALUES (?, 0)",
    .in = "i"
};
static const struct statement HITS_FROM = {
    "SELECT name, hits FROM test_db_counters WHERE name > ? ORDER BY name FOR UPDATE NOWAIT", .in = "i",
    .out = "ii"
};
static const struct statement HIT = { "UPDATE test_db_counters SET hits = hits + 1 WHERE name = ?",
                                      .in = "i" };
static const struct statement CONNECTION = { "SELECT CONNECTION_ID() AS connection", .out = "i" };
static const struct statement RELABEL = { "UPDATE test_db_things SET label = ? WHERE id = ?", .in = "su" };

static int64_t connection_of(struct db *which)
{
    return row_int(db_one(which, pool, &CONNECTION, BIND_NONE), "connection");
}

static void kill_connection(struct db *which)
{
    const char *why;
    int64_t number = connection_of(which);
    assert_true(db_run_script(other, pool, pool_printf(pool, "KILL %lld", (long long)number), &why));
}

/* ---- transactions ---- */

static void an_inner_commit_commits_nothing(void **state)
{
    (void)state;
    db_begin(db);
    add("outer");
    db_begin(db);
    add("inner");
    db_commit(db);
    assert_true(db_in_transaction(db));
    assert_int_equal(count_things(other), 0);
    db_commit(db);
    assert_false(db_in_transaction(db));
    assert_int_equal(count_things(other), 2);
}

static void a_rollback_closes_all_levels(void **state)
{
    (void)state;
    db_begin(db);
    db_begin(db);
    add("gone");
    db_rollback(db);
    assert_false(db_in_transaction(db));
    assert_int_equal(count_things(db), 0);
    db_rollback(db);
    add("stays");
    assert_int_equal(count_things(other), 1);
}

static void empty_transactions_cost_nothing(void **state)
{
    (void)state;
    count_things(db);
    uint64_t before = db_round_trips(db);
    db_begin(db);
    db_commit(db);
    db_begin(db);
    db_rollback(db);
    assert_int_equal(db_round_trips(db), before);
    db_begin(db);
    count_things(db);
    db_commit(db);
    assert_int_equal(db_round_trips(db), before + 3);
}

static void commit_alone(void)
{
    db_commit(db);
}

static void a_commit_without_begin_is_broken(void **state)
{
    (void)state;
    assert_int_equal(fault_of(commit_alone), FAULT_BROKEN);
}

static void insert_twice(void)
{
    db_run(db, &COUNTER, BIND(value_int(7)));
    db_run(db, &COUNTER, BIND(value_int(7)));
}

static void a_duplicate_is_a_value_only_for_db_try(void **state)
{
    (void)state;
    assert_int_equal(fault_of(insert_twice), FAULT_BROKEN);
    db_begin(db);
    assert_true(db_try(db, &COUNTER, BIND(value_int(8))));
    assert_false(db_try(db, &COUNTER, BIND(value_int(8))));
    assert_true(db_try(db, &COUNTER, BIND(value_int(9))));
    db_commit(db);
    assert_non_null(db_one(other, pool, &HITS, BIND(value_int(9))));
}

/* ---- locks ---- */

static void a_held_row_is_a_value_for_db_try_now(void **state)
{
    (void)state;
    bool locked = true;
    db_begin(other);
    assert_true(db_try(other, &COUNTER, BIND(value_int(1))));
    db_begin(db);
    assert_false(db_try_now(db, &COUNTER_NOW, BIND(value_int(1)), &locked));
    assert_true(locked);
    assert_true(db_try_now(db, &COUNTER_NOW, BIND(value_int(2)), &locked));
    assert_false(locked);
    db_commit(other);
    assert_false(db_try_now(db, &COUNTER_NOW, BIND(value_int(1)), &locked));
    assert_false(locked);
    db_commit(db);
}

static void insert_now(void)
{
    db_try(db, &COUNTER_NOW, BIND(value_int(1)));
}

static void a_held_row_is_a_retry_elsewhere(void **state)
{
    (void)state;
    db_begin(other);
    db_run(other, &COUNTER, BIND(value_int(1)));
    assert_int_equal(fault_of(insert_now), FAULT_RETRY);
}

static void add_more(void)
{
    add("more");
}

static void read_held_rows(void)
{
    db_all(db, pool, &HITS_FROM, BIND(value_int(0)));
}

/* The server has told the columns before it meets the locked row: the failure comes with the rows. */
static void a_failure_among_the_rows_is_no_end_of_them(void **state)
{
    (void)state;
    db_run(other, &COUNTER, BIND(value_int(1)));
    db_run(other, &COUNTER, BIND(value_int(2)));
    db_begin(other);
    db_run(other, &HIT, BIND(value_int(2)));
    assert_int_equal(fault_of(read_held_rows), FAULT_RETRY);
    db_rollback(other);
    assert_int_equal(db_all(db, pool, &HITS_FROM, BIND(value_int(0))).count, 2);
}

static void read_first_of_held_rows(void)
{
    db_begin(db);
    db_one(db, pool, &HITS_FROM, BIND(value_int(0)));
    db_commit(db);
}

/* … nor where only the first was wanted. */
static void a_failure_behind_the_first_row_is_seen(void **state)
{
    (void)state;
    db_run(other, &COUNTER, BIND(value_int(1)));
    db_run(other, &COUNTER, BIND(value_int(2)));
    db_begin(other);
    db_run(other, &HIT, BIND(value_int(2)));
    assert_int_equal(fault_of(read_first_of_held_rows), FAULT_RETRY);
    db_rollback(db);
    db_rollback(other);
}

/* ---- a server that ends transactions ---- */

static void end_transaction(const char *how)
{
    const char *why;
    assert_true(db_run_script(db, pool, how, &why));
}

static void add_and_commit(void)
{
    add("after");
    db_commit(db);
}

static void what_follows_an_ended_transaction_never_lasts(void **state)
{
    (void)state;
    db_begin(db);
    add("before");
    end_transaction("ROLLBACK");
    assert_int_equal(fault_of(add_and_commit), FAULT_RETRY);
    assert_false(db_rollback(db));
    assert_int_equal(count_things(other), 0);
    add("alone"); /* outside a transaction each statement is committed again */
    assert_int_equal(count_things(other), 1);
}

static void nor_what_came_after_the_last_statement(void **state)
{
    (void)state;
    db_begin(db);
    add("before");
    end_transaction("ROLLBACK");
    assert_int_equal(fault_of(commit_alone), FAULT_RETRY);
    db_rollback(db);
    assert_int_equal(count_things(other), 0);
}

static void count_all(void)
{
    count_things(db);
}

/* What a statement's own answer tells is not left to the commit. */
static void an_answer_outside_any_transaction_is_a_retry(void **state)
{
    (void)state;
    db_begin(db);
    add("before");
    end_transaction("ROLLBACK; SET autocommit=1");
    assert_int_equal(fault_of(count_all), FAULT_RETRY);
    db_rollback(db);
    db_begin(db);
    add("before");
    end_transaction("ROLLBACK; SET autocommit=1");
    assert_int_equal(fault_of(add_more), FAULT_RETRY);
    db_rollback(db);
}

static void add_twice(void)
{
    struct id ids[2] = { id_new(), id_new() };
    const struct value values[] = { value_id(ids[0]), value_text("a"), value_int(1),     value_null(),
                                    value_null(),     value_null(),    value_id(ids[1]), value_text("b"),
                                    value_int(1),     value_null(),    value_null(),     value_null() };
    db_run_many(db, &ADD, values, 6, 2);
}

static void a_bulk_outside_any_transaction_is_a_retry(void **state)
{
    (void)state;
    db_begin(db);
    add("before");
    end_transaction("ROLLBACK; SET autocommit=1");
    assert_int_equal(fault_of(add_twice), FAULT_RETRY);
    db_rollback(db);
}

static void a_rollback_tells_whether_the_transaction_was_whole(void **state)
{
    (void)state;
    assert_true(db_rollback(db));
    db_begin(db);
    assert_true(db_rollback(db));
    db_begin(db);
    add("gone");
    assert_true(db_rollback(db));
    db_begin(db);
    add("gone");
    end_transaction("ROLLBACK");
    assert_false(db_rollback(db));
    assert_int_equal(count_things(other), 0);
}

static int64_t first_counter, second_counter;
static int meet_read, meet_write;

/* Locks one row, waits until the rival holds the other, then wants that one too. */
static void cross(void)
{
    char token = 'x';
    db_begin(db);
    db_run(db, &HIT, BIND(value_int(first_counter)));
    assert_int_equal(write(meet_write, &token, 1), 1);
    assert_int_equal(read(meet_read, &token, 1), 1);
    db_run(db, &HIT, BIND(value_int(second_counter)));
    db_commit(db);
}

static _Noreturn void cross_as_child(void)
{
    static struct db *parents; /* whose connection stays untouched; kept so that it does not look leaked */
    parents = db;
    db = db_new();
    enum fault fault = fault_of(cross);
    db_rollback(db);
    db_free(db);
    db = parents;
    _exit((int)fault);
}

static void a_deadlock_is_a_retry_for_one(void **state)
{
    (void)state;
    int there[2], back[2], status = 0;
    db_run(db, &COUNTER, BIND(value_int(1)));
    db_run(db, &COUNTER, BIND(value_int(2)));
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    first_counter = child ? 1 : 2;
    second_counter = child ? 2 : 1;
    meet_read = child ? back[0] : there[0];
    meet_write = child ? there[1] : back[1];
    if (child == 0)
        cross_as_child();
    enum fault mine = fault_of(cross);
    db_rollback(db);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    enum fault theirs = (enum fault)WEXITSTATUS(status);
    assert_true((mine == FAULT_RETRY && theirs == FAULT_NONE) ||
                (mine == FAULT_NONE && theirs == FAULT_RETRY));
    assert_int_equal(row_int(db_one(db, pool, &HITS, BIND(value_int(1))), "hits"), 1);
    assert_int_equal(row_int(db_one(db, pool, &HITS, BIND(value_int(2))), "hits"), 1);
    close(there[0]), close(there[1]), close(back[0]), close(back[1]);
}

/* ---- lost connections ---- */

static void a_killed_connection_is_replaced(void **state)
{
    (void)state;
    int64_t before = connection_of(db);
    struct id id = add("before");
    kill_connection(db);
    assert_int_equal(db_run(db, &RELABEL, BIND(value_text("after"), value_id(id))), 1);
    assert_int_not_equal(connection_of(db), before);
    kill_connection(db);
    assert_string_equal(row_text(db_one(db, pool, &GET, BIND(value_id(id))), "label"), "after");
    kill_connection(db);
    assert_true(db_ping(db));
}

static void a_connection_killed_before_the_first_statement_is_replaced(void **state)
{
    (void)state;
    add("warm");
    kill_connection(db);
    db_begin(db);
    add("kept");
    db_commit(db);
    assert_int_equal(count_things(other), 2);
}

static void a_connection_killed_inside_a_transaction_loses_it(void **state)
{
    (void)state;
    db_begin(db);
    add("lost");
    kill_connection(db);
    assert_int_equal(fault_of(add_more), FAULT_DATABASE);
    assert_int_equal(fault_of(add_more), FAULT_DATABASE); /* not on a new connection, half of it gone */
    assert_int_equal(fault_of(commit_alone), FAULT_DATABASE);
    db_rollback(db);
    assert_int_equal(count_things(db), 0);
    add("new");
    assert_int_equal(count_things(other), 1);
}

static void a_lost_commit_is_never_claimed(void **state)
{
    (void)state;
    db_begin(db);
    add("lost");
    kill_connection(db);
    assert_int_equal(fault_of(commit_alone), FAULT_DATABASE);
    db_rollback(db);
    assert_int_equal(count_things(db), 0);
}

static void an_unreachable_server_is_a_database_fault(void **state)
{
    (void)state;
    char socket[256];
    snprintf(socket, sizeof socket, "%s", config_text(CONFIG_DB_SOCKET));
    assert_true(config_set(CONFIG_DB_SOCKET, "/nonexistent/socket"));
    struct db *kept = db;
    db = db_new();
    assert_false(db_ping(db));
    assert_int_equal(fault_of(add_more), FAULT_DATABASE);
    db_begin(db);
    assert_int_equal(fault_of(add_more), FAULT_DATABASE);
    db_rollback(db);
    assert_true(config_set(CONFIG_DB_SOCKET, socket));
    add("healed");
    db_free(db);
    db = kept;
    assert_int_equal(count_things(db), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_inner_commit_commits_nothing),
        CASE(a_rollback_closes_all_levels),
        CASE(empty_transactions_cost_nothing),
        CASE(a_commit_without_begin_is_broken),
        CASE(a_duplicate_is_a_value_only_for_db_try),
        CASE(a_held_row_is_a_value_for_db_try_now),
        CASE(a_held_row_is_a_retry_elsewhere),
        CASE(a_failure_among_the_rows_is_no_end_of_them),
        CASE(a_failure_behind_the_first_row_is_seen),
        CASE(what_follows_an_ended_transaction_never_lasts),
        CASE(nor_what_came_after_the_last_statement),
        CASE(an_answer_outside_any_transaction_is_a_retry),
        CASE(a_bulk_outside_any_transaction_is_a_retry),
        CASE(a_rollback_tells_whether_the_transaction_was_whole),
        CASE(a_deadlock_is_a_retry_for_one),
        CASE(a_killed_connection_is_replaced),
        CASE(a_connection_killed_before_the_first_statement_is_replaced),
        CASE(a_connection_killed_inside_a_transaction_loses_it),
        CASE(a_lost_commit_is_never_claimed),
        CASE(an_unreachable_server_is_a_database_fault),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
