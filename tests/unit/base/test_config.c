#include "base/config.h"
#include "tests/unit/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char path[] = "/tmp/slotwire-test-config-XXXXXX";

static int make_file(void **state)
{
    int file = mkstemp(path);
    (void)state;

    return file < 0 || close(file) != 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fwrite(bytes, 1, length, file);
    fclose(file);
}

/* Must run first: nothing is loaded yet. */
static void test_defaults(void **state)
{
    (void)state;
    assert_string_equal(config_text(CONFIG_DB_NAME), "slotwire");
    assert_string_equal(config_text(CONFIG_DB_HOST), "127.0.0.1");
    assert_string_equal(config_text(CONFIG_DB_SOCKET), "");
    assert_int_equal(config_int(CONFIG_DB_PORT), 3306);
    assert_string_equal(config_text(CONFIG_PUBLIC_URL), "http://127.0.0.1:8080");
    assert_false(config_bool(CONFIG_OPEN_SIGNUP));
    assert_int_equal(config_int(CONFIG_BODY_LIMIT), 1048576);
    assert_int_equal(config_int(CONFIG_JSON_DEPTH), 32);
    assert_int_equal(config_int(CONFIG_WORKER_REQUESTS), 0);
    assert_int_equal(config_int(CONFIG_DISPATCHER_WINDOW), 75);
    assert_int_equal(config_int(CONFIG_DISPATCHER_PARALLEL), 256);
    assert_int_equal(config_int(CONFIG_DISPATCHER_LANE_PARALLEL), 32);
    assert_int_equal(config_int(CONFIG_DISPATCHER_LEASE), 120);
    assert_string_equal(config_text(CONFIG_LOG_LEVEL), "info");
}

static void test_set(void **state)
{
    (void)state;
    assert_true(config_set(CONFIG_DB_PORT, "3307"));
    assert_int_equal(config_int(CONFIG_DB_PORT), 3307);
    assert_false(config_set(CONFIG_DB_PORT, "0"));
    assert_false(config_set(CONFIG_DB_PORT, "65536"));
    assert_false(config_set(CONFIG_DB_PORT, " 1"));
    assert_false(config_set(CONFIG_DB_PORT, "+1"));
    assert_false(config_set(CONFIG_DB_PORT, "1x"));
    assert_false(config_set(CONFIG_DB_PORT, ""));
    assert_false(config_set(CONFIG_DB_PORT, "99999999999999999999"));
    assert_int_equal(config_int(CONFIG_DB_PORT), 3307);
    assert_true(config_set(CONFIG_OPEN_SIGNUP, "yes"));
    assert_true(config_bool(CONFIG_OPEN_SIGNUP));
    assert_true(config_set(CONFIG_OPEN_SIGNUP, "0"));
    assert_false(config_bool(CONFIG_OPEN_SIGNUP));
    assert_false(config_set(CONFIG_OPEN_SIGNUP, "maybe"));
    assert_false(config_set(CONFIG_OPEN_SIGNUP, ""));
    assert_true(config_set(CONFIG_LOG_LEVEL, "debug"));
    assert_false(config_set(CONFIG_LOG_LEVEL, "debu"));
    assert_false(config_set(CONFIG_LOG_LEVEL, "info|warn"));
    assert_true(config_set(CONFIG_PUBLIC_URL, "https://book.example.com//"));
    assert_string_equal(config_text(CONFIG_PUBLIC_URL), "https://book.example.com");
    assert_false(config_set(CONFIG_PUBLIC_URL, "book.example.com"));
    assert_true(config_set(CONFIG_DB_NAME, config_text(CONFIG_DB_NAME))); /* its own text */
    assert_string_equal(config_text(CONFIG_DB_NAME), "slotwire");
}

static void test_file_and_environment(void **state)
{
    static const char text[] = "# a comment\n\n  db_name = tenants \r\ndb_password = a # b = c\ndb_host=\n"
                               "db_user=\tada\nopen_signup = on\n\t# another\njson_depth = 16";
    (void)state;

    write_file(text, sizeof text - 1);
    setenv("SLOTWIRE_DB_USER", "grace", 1);
    setenv("SLOTWIRE_JSON_DEPTH", "20", 1);
    setenv("SLOTWIRE_PORT", "not a setting", 1);
    config_load(path);
    unsetenv("SLOTWIRE_DB_USER");
    unsetenv("SLOTWIRE_JSON_DEPTH");
    assert_string_equal(config_text(CONFIG_DB_NAME), "tenants");
    assert_string_equal(config_text(CONFIG_DB_PASSWORD), "a # b = c");
    assert_string_equal(config_text(CONFIG_DB_HOST), "");
    assert_string_equal(config_text(CONFIG_DB_USER), "grace");
    assert_true(config_bool(CONFIG_OPEN_SIGNUP));
    assert_int_equal(config_int(CONFIG_JSON_DEPTH), 20);
}

static void test_file_named_by_the_environment(void **state)
{
    (void)state;
    write_file("db_name = by_environment\n", 25);
    setenv("SLOTWIRE_CONFIG", path, 1);
    config_load(NULL);
    unsetenv("SLOTWIRE_CONFIG");
    assert_string_equal(config_text(CONFIG_DB_NAME), "by_environment");
}

static void load(const void *name)
{
    config_load(name);
}

static void test_what_is_wrong_stops_the_program(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        { "db_port = many\n", ":1: db_port must be an integer from 1 to 65535\n" },
        { "\n\ndb_prot = 1\n", ":3: there is no setting `db_prot`\n" },
        { "db_port\n", ":1: expected `name = value`\n" },
        { "log_level = loud\n", ":1: log_level must be one of error|warn|info|debug\n" },
        { "open_signup = perhaps\n", ":1: open_signup must be yes or no\n" },
        { "public_url = ftp://x\n", ":1: public_url must be a URL that begins with http:// or https://\n" },
    };
    char text[512], expected[512];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file(cases[i].text, strlen(cases[i].text));
        snprintf(expected, sizeof expected, "slotwire: %s%s", path, cases[i].complaint);
        assert_int_equal(child_run(load, path, text, sizeof text), 78);
        assert_string_equal(text, expected);
    }
    write_file("db_name = a\0b\n", 14);
    assert_int_equal(child_run(load, path, text, sizeof text), 78);
    assert_int_equal(child_run(load, "/nowhere/at/all.conf", text, sizeof text), 78);
    assert_string_equal(text, "slotwire: /nowhere/at/all.conf: No such file or directory\n");
    assert_int_equal(child_run(load, "/", text, sizeof text), 78);
    write_file("", 0);
    setenv("SLOTWIRE_DB_PORT", "x", 1);
    assert_int_equal(child_run(load, path, text, sizeof text), 78);
    unsetenv("SLOTWIRE_DB_PORT");
    assert_string_equal(text, "slotwire: SLOTWIRE_DB_PORT: db_port must be an integer from 1 to 65535\n");
}

/* What is printed can be loaded again, says where values come from, and tells no secret. */
static void test_print(void **state)
{
    char text[16384];
    FILE *file;
    (void)state;

    config_set(CONFIG_DB_PASSWORD, "hunter2");
    config_set(CONFIG_DB_NAME, "printed");
    config_set(CONFIG_DB_PORT, "4000");
    file = fopen(path, "w+");
    assert_non_null(file);
    config_print(file);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "# db_password is set\n"));
    assert_non_null(strstr(text, "# room_secret is not set\n"));
    assert_non_null(strstr(text, "# default: 3306; from: set by hand\ndb_port = 4000\n"));
    config_set(CONFIG_DB_NAME, "other");
    config_set(CONFIG_DB_PORT, "1");
    config_load(path);
    assert_string_equal(config_text(CONFIG_DB_NAME), "printed");
    assert_int_equal(config_int(CONFIG_DB_PORT), 4000);
    assert_string_equal(config_text(CONFIG_DB_PASSWORD), "hunter2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_file_and_environment),
        cmocka_unit_test(test_file_named_by_the_environment),
        cmocka_unit_test(test_what_is_wrong_stops_the_program),
        cmocka_unit_test(test_print),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
