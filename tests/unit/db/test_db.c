/* db/ against a real server: values in and out, signatures, many at once, scripts. */
#include "tests/unit/db_fixture.h"

static const struct statement ALL = { "SELECT id, amount, label FROM test_db_things ORDER BY amount, id",
                                      .out = "uis" };
static const struct statement RELABEL = { "UPDATE test_db_things SET label = ? WHERE id = ?", .in = "su" };
static const struct statement BY_RAW = { "SELECT id FROM test_db_things WHERE raw = ?", .in = "s",
                                         .out = "u" };
static const struct statement SESSION = {
    "SELECT @@time_zone AS zone, @@tx_isolation AS isolation, @@sql_mode AS mode,"
    " @@character_set_client AS charset, @@collation_connection AS collation",
    .out = "sssss"
};

/* ---- values ---- */

static void every_type_comes_back(void **state)
{
    (void)state;
    struct id id = id_new();
    instant time = INT64_C(1761924600123);
    assert_int_equal(db_run(db, &ADD,
                            BIND(value_id(id), value_text("Žluťoučký 🐎"), value_int(INT64_MIN),
                                 value_number(0.1), value_time(time), value_bytes("a\0b", 3))),
                     1);
    const struct row *row = db_one(db, pool, &GET, BIND(value_id(id)));
    assert_non_null(row);
    assert_int_equal(row->count, 6);
    assert_string_equal(row->names[1], "label");
    assert_true(id_equal(row_id(row, "id"), id));
    assert_string_equal(row_text(row, "label"), "Žluťoučký 🐎");
    assert_true(row_int(row, "amount") == INT64_MIN);
    assert_true(row_number(row, "ratio") == 0.1);
    assert_true(row_time(row, "at") == time);
    assert_int_equal(row_value(row, "raw")->length, 3);
    assert_memory_equal(row_value(row, "raw")->text, "a\0b", 4);
}

static void nulls_come_back(void **state)
{
    (void)state;
    struct id id = id_new();
    db_run(db, &ADD,
           BIND(value_id(id), value_null(), value_null(), value_null(), value_null(), value_null()));
    const struct row *row = db_one(db, pool, &GET, BIND(value_id(id)));
    assert_true(row_is_null(row, "label") && row_is_null(row, "amount") && row_is_null(row, "ratio"));
    assert_true(row_is_null(row, "at") && row_is_null(row, "raw"));
    assert_null(row_text(row, "label"));
    assert_int_equal(row_int(row, "amount"), 0);
    assert_true(row_number(row, "ratio") == 0 && row_time(row, "at") == 0);
}

static void the_ends_of_time_come_back(void **state)
{
    (void)state;
    instant times[] = { INSTANT_MIN, INSTANT_MAX, INT64_C(951782400001) };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct id id = id_new();
        db_run(
            db, &ADD,
            BIND(value_id(id), value_null(), value_null(), value_null(), value_time(times[i]), value_null()));
        assert_true(row_time(db_one(db, pool, &GET, BIND(value_id(id))), "at") == times[i]);
    }
}

static void texts_of_every_length_come_back(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, 1, 127, 128, 129, 255, 256, 65535, 5000000 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct id id = id_new();
        char *bytes = pool_alloc(pool, lengths[i] + 1);
        for (size_t at = 0; at < lengths[i]; at++)
            bytes[at] = (char)(at * 31 + i);
        db_run(db, &ADD,
               BIND(value_id(id), value_null(), value_null(), value_null(), value_null(),
                    value_bytes(bytes, lengths[i])));
        const struct value *raw = row_value(db_one(db, pool, &GET, BIND(value_id(id))), "raw");
        assert_int_equal(raw->length, lengths[i]);
        assert_memory_equal(raw->text, bytes, lengths[i]);
        assert_int_equal(raw->text[raw->length], '\0');
    }
}

static void bytes_that_are_no_text_are_stored_and_found(void **state)
{
    (void)state;
    static const char hash[] = "\xff\xfe\x80\xc3\x28\x00\xf0\x9f";
    struct id id = id_new();
    db_run(db, &ADD,
           BIND(value_id(id), value_null(), value_null(), value_null(), value_null(), value_bytes(hash, 8)));
    const struct row *row = db_one(db, pool, &BY_RAW, BIND(value_bytes(hash, 8)));
    assert_non_null(row);
    assert_true(id_equal(row_id(row, "id"), id));
}

static void text_with_quotes_is_only_text(void **state)
{
    (void)state;
    const char *nasty = "'; DROP TABLE test_db_things; -- \\ \" `";
    struct id id = add(nasty);
    assert_string_equal(row_text(db_one(db, pool, &GET, BIND(value_id(id))), "label"), nasty);
}

static void many_rows_come_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        db_run(db, &ADD,
               BIND(value_id(id_new()), value_text(pool_printf(pool, "row %d", i)), value_int(i),
                    value_null(), value_null(), value_null()));
    }
    struct rows rows = db_all(db, pool, &ALL, BIND_NONE);
    assert_int_equal(rows.count, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(row_int(&rows.items[i], "amount"), i);
        assert_string_equal(row_text(&rows.items[i], "label"), pool_printf(pool, "row %d", i));
    }
    assert_int_equal(row_int(db_one(db, pool, &ALL, BIND_NONE), "amount"), 0); /* the rest is dropped */
    assert_int_equal(db_all(db, pool, &ALL, BIND_NONE).count, 100);
}

static void no_row_is_null(void **state)
{
    (void)state;
    assert_null(db_one(db, pool, &GET, BIND(value_id(id_new()))));
    assert_int_equal(db_all(db, pool, &ALL, BIND_NONE).count, 0);
}

static void updates_count_what_they_matched(void **state)
{
    (void)state;
    struct id id = add("same");
    assert_int_equal(db_run(db, &RELABEL, BIND(value_text("same"), value_id(id))), 1);
    assert_int_equal(db_run(db, &RELABEL, BIND(value_text("same"), value_id(id_new()))), 0);
}

static void the_session_is_set_up(void **state)
{
    (void)state;
    const struct row *row = db_one(db, pool, &SESSION, BIND_NONE);
    assert_string_equal(row_text(row, "zone"), "+00:00");
    assert_string_equal(row_text(row, "isolation"), "READ-COMMITTED");
    assert_non_null(strstr(row_text(row, "mode"), "STRICT_ALL_TABLES"));
    assert_string_equal(row_text(row, "charset"), "utf8mb4");
    assert_string_equal(row_text(row, "collation"), "utf8mb4_unicode_ci");
}

/* ---- signatures ---- */

static void bind_too_few(void)
{
    db_run(db, &RELABEL, BIND(value_text("x")));
}
static void bind_wrong_type(void)
{
    db_run(db, &RELABEL, BIND(value_int(1), value_id(id_new())));
}
static void run_a_select(void)
{
    db_run(db, &COUNT, BIND_NONE);
}
static void read_an_update(void)
{
    db_one(db, pool, &RELABEL, BIND(value_null(), value_id(id_new())));
}
static void ask_unknown_column(void)
{
    row_text(db_one(db, pool, &COUNT, BIND_NONE), "nothing");
}
static void ask_wrong_type(void)
{
    row_text(db_one(db, pool, &COUNT, BIND_NONE), "things");
}
static void break_syntax(void)
{
    static const struct statement BAD = { "SELECT FROM WHERE", .out = "i" };
    db_one(db, pool, &BAD, BIND_NONE);
}
static void miscount_columns(void)
{
    static const struct statement BAD = { "SELECT 1, 2", .out = "i" };
    db_one(db, pool, &BAD, BIND_NONE);
}
static void overflow_text(void)
{
    char long_text[300];
    memset(long_text, 'x', sizeof long_text);
    db_run(db, &RELABEL, BIND(value_bytes(long_text, sizeof long_text), value_id(add("short"))));
}

static void wrong_uses_are_broken(void **state)
{
    (void)state;
    void (*const works[])(void) = { bind_too_few,   bind_wrong_type,    run_a_select,
                                    read_an_update, ask_unknown_column, ask_wrong_type,
                                    break_syntax,   miscount_columns,   overflow_text };
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        assert_int_equal(fault_of(works[i]), FAULT_BROKEN);
        assert_int_equal(fault_of(works[i]), FAULT_BROKEN); /* and again: nothing half-prepared is kept */
    }
    assert_int_equal(count_things(db), 2);
}

/* ---- many at once ---- */

enum { MANY = 2500, WIDTH = 6 };

static struct value *many_values(void)
{
    struct value *values = pool_array(pool, (size_t)MANY * WIDTH, sizeof *values);
    for (int i = 0; i < MANY; i++) {
        struct value *tuple = values + (ptrdiff_t)i * WIDTH;
        tuple[0] = value_id(id_new());
        tuple[1] = i % 3 ? value_text(pool_printf(pool, "č %d", i)) : value_null();
        tuple[2] = value_int(i);
        tuple[3] = i % 5 ? value_number(i / 4.0) : value_null();
        tuple[4] = i % 7 ? value_time(INT64_C(1700000000000) + i) : value_null();
        tuple[5] = i % 2 ? value_bytes("\xff\0z", 3) : value_null();
    }
    return values;
}

static void many_rows_go_in_few_round_trips(void **state)
{
    (void)state;
    struct value *values = many_values();
    db_begin(db);
    count_things(db);
    uint64_t before = db_round_trips(db);
    assert_int_equal(db_run_many(db, &ADD, values, WIDTH, MANY), MANY);
    assert_true(db_round_trips(db) - before <= 4);
    db_commit(db);
    for (int i = 0; i < MANY; i += 97) {
        const struct value *tuple = values + (ptrdiff_t)i * WIDTH;
        const struct row *row = db_one(db, pool, &GET, &tuple[0], 1);
        assert_non_null(row);
        for (size_t column = 0; column < WIDTH; column++)
            assert_true(value_equal(row->values[column], tuple[column]));
    }
}

static void many_updates_count_what_they_matched(void **state)
{
    (void)state;
    struct value values[20];
    for (int i = 0; i < 10; i++) {
        struct id id = i < 7 ? add("old") : id_new();
        values[2 * i] = i % 2 ? value_text("new") : value_null();
        values[2 * i + 1] = value_id(id);
    }
    assert_int_equal(db_run_many(db, &RELABEL, values, 2, 10), 7);
    assert_int_equal(db_run_many(db, &RELABEL, values, 2, 10), 7);
    assert_int_equal(db_run_many(db, &RELABEL, values, 2, 1), 1);
    assert_int_equal(db_run_many(db, &RELABEL, values, 2, 0), 0);
    assert_int_equal(db_run(db, &RELABEL, values, 2), 1); /* the same statement, one at a time again */
}

static void insert_many_twice(void)
{
    struct value values[] = { value_int(1), value_int(2), value_int(1) };
    db_run_many(db, &COUNTER, values, 1, 3);
}

static void a_duplicate_among_many_is_broken(void **state)
{
    (void)state;
    db_begin(db);
    assert_int_equal(fault_of(insert_many_twice), FAULT_BROKEN);
    db_rollback(db);
    assert_null(db_one(db, pool, &HITS, BIND(value_int(2))));
    db_run(db, &COUNTER, BIND(value_int(2)));
}

/* ---- scripts ---- */

static void a_script_stops_at_its_first_failure(void **state)
{
    (void)state;
    const char *why = NULL;
    assert_false(db_run_script(db, pool,
                               "INSERT INTO test_db_counters VALUES (1, 0);\n-- a comment; with a semicolon\n"
                               "INSERT INTO test_db_counters VALUES (2, ';');\nSELECT * FROM nowhere;\n"
                               "INSERT INTO test_db_counters VALUES (3, 0);",
                               &why));
    assert_non_null(why);
    assert_null(db_one(db, pool, &HITS, BIND(value_int(3))));
    assert_non_null(db_one(db, pool, &HITS, BIND(value_int(1))));
    assert_true(db_run_script(db, pool, "SELECT 1; SELECT 2;\n\n-- nothing more\n", &why));
    assert_int_equal(count_things(db), 0);
}

/* ---- partitions ---- */

static const struct statement DAYS = {
    "SELECT GROUP_CONCAT(partition_name, partition_description ORDER BY partition_ordinal_position) AS days "
    "FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = ?",
    .in = "s", .out = "s"
};

static const char *days_of(enum db_partitioned table)
{
    return row_text(db_one(db, pool, &DAYS, BIND(value_text(db_partition_table(table)))), "days");
}

static void partition_in_transaction(void)
{
    db_begin(db);
    db_partition_drop(db, DB_EVENTS, 20818, false);
}

static void days_come_and_go(void **state)
{
    (void)state;
    for (enum db_partitioned table = DB_EVENTS; table <= DB_ATTEMPTS; table++) {
        assert_string_equal(days_of(table), "laterMAXVALUE");
        assert_true(db_partition_add(db, table, 20818, 20819, true)); /* 2026-12-31 and the day after */
        assert_true(db_partition_add(db, table, 20820, 20820, false));
        const char *day = strstr(days_of(table), "p20261231"), *bound = "01a2ce8bd40000000000000000000000";
        const char *next = day ? strstr(day, "p20270101") : NULL;
        assert_non_null(next);
        assert_true(strstr(day, bound) < next && strstr(day, bound));
        assert_non_null(strstr(next, "01a2d3b23000"));
        assert_non_null(strstr(next, ",p20270102"));
        assert_false(db_partition_add(db, table, 20820, 20821, false)); /* it is there */
        assert_true(db_partition_drop(db, table, 20818, true));
        assert_false(db_partition_drop(db, table, 20818, true)); /* it was dropped */
        assert_true(db_partition_drop(db, table, 20819, false) && db_partition_drop(db, table, 20820, false));
        assert_string_equal(days_of(table), "laterMAXVALUE");
    }
    assert_int_equal(fault_of(partition_in_transaction), FAULT_BROKEN);
    db_rollback(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_type_comes_back),
        CASE(nulls_come_back),
        CASE(the_ends_of_time_come_back),
        CASE(texts_of_every_length_come_back),
        CASE(bytes_that_are_no_text_are_stored_and_found),
        CASE(text_with_quotes_is_only_text),
        CASE(many_rows_come_in_order),
        CASE(no_row_is_null),
        CASE(updates_count_what_they_matched),
        CASE(the_session_is_set_up),
        CASE(wrong_uses_are_broken),
        CASE(many_rows_go_in_few_round_trips),
        CASE(many_updates_count_what_they_matched),
        CASE(a_duplicate_among_many_is_broken),
        CASE(a_script_stops_at_its_first_failure),
        CASE(days_come_and_go),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
