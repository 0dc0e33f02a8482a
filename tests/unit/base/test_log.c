#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "tests/unit/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

static char path[] = "/tmp/slotwire-test-log-XXXXXX";

static int make_file(void **state)
{
    int file = mkstemp(path);
    (void)state;

    return file < 0 || close(file) != 0;
}

static int remove_file(void **state)
{
    (void)state;
    config_set(CONFIG_LOG_FILE, "");
    log_open("test");
    return unlink(path);
}

static int start_empty(void **state)
{
    (void)state;
    config_set(CONFIG_LOG_FILE, path);
    config_set(CONFIG_LOG_LEVEL, "info");
    log_open("tester");
    return truncate(path, 0);
}

static const char *logged(void)
{
    static char text[65536];
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void test_a_line(void **state)
{
    char expected[128];
    instant time;
    (void)state;

    log_info("booked a slot seat=%d who=%s", 3, "ada");
    snprintf(expected, sizeof expected, " info tester[%d] booked a slot seat=3 who=ada\n", (int)getpid());
    assert_string_equal(logged() + 24, expected);
    assert_true(clock_parse(&time, logged(), 24));
    assert_in_range(time, clock_real() - 10000, clock_real());
}

static void test_the_time_is_the_machines(void **state)
{
    (void)state;
    clock_set(0);
    log_info("x");
    clock_follow(NULL);
    assert_false(logged()[0] == '1' && logged()[1] == '9');
}

static void say_both(const void *to_file)
{
    config_set(CONFIG_LOG_FILE, to_file);
    log_spare_stderr("warn");
    log_open("tester");
    log_info("calm");
    log_warn("alarm");
}

static void test_standard_error_is_spared(void **state)
{
    char text[512];
    (void)state;

    assert_int_equal(child_run(say_both, "", text, sizeof text), 0);
    assert_non_null(strstr(text, " alarm\n"));
    assert_null(strstr(text, "calm"));
    assert_int_equal(child_run(say_both, path, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_non_null(strstr(logged(), " calm\n"));
}

static void test_levels(void **state)
{
    (void)state;
    log_debug("unheard");
    assert_string_equal(logged(), "");
    log_warn("warned");
    log_error("failed");
    assert_non_null(strstr(logged(), " warn "));
    assert_non_null(strstr(logged(), " error "));
    config_set(CONFIG_LOG_LEVEL, "error");
    log_open("tester");
    log_warn("unheard");
    assert_null(strstr(logged(), "unheard"));
    config_set(CONFIG_LOG_LEVEL, "debug");
    log_open("tester");
    log_debug("heard");
    assert_non_null(strstr(logged(), " debug "));
}

static void test_a_line_stays_a_line(void **state)
{
    (void)state;
    log_info("who=%s", "a\nb\r\x1B[0m\x7F Zo\xC3\xAB");
    assert_non_null(strstr(logged(), "who=a\\x0Ab\\x0D\\x1B[0m\\x7F Zo\\xC3\\xAB\n"));
}

static void test_request(void **state)
{
    (void)state;
    log_set_request("r-1\n");
    log_info("inside");
    log_set_request(NULL);
    log_info("outside");
    assert_non_null(strstr(logged(), "inside request=r-1\\x0A\n"));
    assert_non_null(strstr(logged(), "outside\n"));
}

static void test_long_lines_are_cut(void **state)
{
    static char text[20001];
    const char *lines;
    (void)state;

    memset(text, '\n', sizeof text - 1);
    log_set_request("the-request");
    log_info("%s", text);
    log_set_request(NULL);
    lines = logged();
    assert_int_equal(strcspn(lines, "\n"), strlen(lines) - 1);
    assert_true(strlen(lines) < 20000);
    assert_non_null(strstr(lines, " request=the-request\n"));
}

static void test_an_impossible_file(void **state)
{
    (void)state;
    config_set(CONFIG_LOG_FILE, "/nowhere/at/all.log");
    log_open("tester"); /* warns on standard error and goes on */
    log_error("this belongs on standard error");
    assert_string_equal(logged(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_line, start_empty),
        cmocka_unit_test_setup(test_the_time_is_the_machines, start_empty),
        cmocka_unit_test_setup(test_standard_error_is_spared, start_empty),
        cmocka_unit_test_setup(test_levels, start_empty),
        cmocka_unit_test_setup(test_a_line_stays_a_line, start_empty),
        cmocka_unit_test_setup(test_request, start_empty),
        cmocka_unit_test_setup(test_long_lines_are_cut, start_empty),
        cmocka_unit_test_setup(test_an_impossible_file, start_empty),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
