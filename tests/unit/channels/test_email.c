#include "channels/email_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *write_text(struct pool *pool, const char *subject, const char *body)
{
    struct buf out;
    struct email email = { .id = { { 1 } },
                           .recipient = "ada@example.com",
                           .subject = subject,
                           .body = body,
                           .created_at = INT64_C(1761924605999) }; /* 2025-10-31T15:30:05.999Z */
    buf_init(&out, pool, 1 << 20);
    email_write(&out, &email, "slotwire@example.org");
    assert_false(out.overflowed);
    return out.data;
}

static const char *body_of(const char *text)
{
    return strstr(text, "\r\n\r\n") + 4;
}

static void test_the_headers(void **state)
{
    struct pool *pool = pool_new();
    const char *text = write_text(pool, "Hello", "x\n");
    (void)state;
    assert_non_null(strstr(text, "Date: Fri, 31 Oct 2025 15:30:05 +0000\r\n"));
    assert_non_null(
        strstr(text, "From: <slotwire@example.org>\r\nTo: <ada@example.com>\r\nSubject: Hello\r\n"));
    assert_non_null(strstr(text, "Message-ID: <msg_"));
    assert_non_null(strstr(text, "@example.org>\r\n"));
    assert_string_equal(body_of(text), "x\r\n");
    assert_string_equal(text, write_text(pool, "Hello", "x\n")); /* the same at each try */
    pool_free(pool);
}

static void test_a_subject_cannot_add_a_header(void **state)
{
    struct pool *pool = pool_new();
    const char *text = write_text(pool, "Hi\r\nBcc: eve@example.com\r\n\r\nbody", "x");
    (void)state;
    assert_null(strstr(text, "\nBcc"));
    assert_non_null(strstr(text, "Subject: Hi  Bcc: eve@example.com    body\r\n"));
    pool_free(pool);
}

static void test_a_subject_beyond_ascii_is_made_of_encoded_words(void **state)
{
    struct pool *pool = pool_new();
    const char *text =
        write_text(pool, "Termin bestätigt – für Jürgen, Łukasz und 🦊 im großen Saal", "x");
    (void)state;
    const char *at = strstr(text, "Subject: =?UTF-8?B?");
    assert_non_null(at);
    for (; *at && strncmp(at, "Message-ID", 10) != 0; at = strstr(at, "\r\n") + 2)
        assert_true(strcspn(at, "\r") <= 76);
    assert_non_null(strstr(write_text(pool, "=?UTF-8?Q?forged?=", "x"), "Subject: =?UTF-8?B?PT9V"));
    pool_free(pool);
}

static void test_the_body_is_quoted_printable(void **state)
{
    struct pool *pool = pool_new();
    char line[201];
    (void)state;
    assert_string_equal(body_of(write_text(pool, "s", "a=b é\nend \n.\n\ttab\t\n")),
                        "a=3Db =C3=A9\r\nend=20\r\n.\r\n\ttab=09\r\n");
    assert_string_equal(body_of(write_text(pool, "s", "a\r\nb")), "a\r\nb\r\n");
    memset(line, 'x', 200);
    line[200] = '\0';
    const char *body = body_of(write_text(pool, "s", line));
    assert_true(strcspn(body, "\r") == 76);
    assert_true(body[75] == '=');
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_headers),
        cmocka_unit_test(test_a_subject_cannot_add_a_header),
        cmocka_unit_test(test_a_subject_beyond_ascii_is_made_of_encoded_words),
        cmocka_unit_test(test_the_body_is_quoted_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
