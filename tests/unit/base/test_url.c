#include "tests/unit/url_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *text, *host;
    int port;
    bool https, has_user, has_fragment, bracketed;
} good[] = {
    { "https://example.com", "example.com", 443, .https = true },
    { "HTTPS://Example.COM/Path", "Example.COM", 443, .https = true },
    { "http://example.com", "example.com", 80 },
    { "http://example.com:8080/x?y", "example.com", 8080 },
    { "https://example.com:/", "example.com", 443, .https = true },
    { "https://example.com:0443/", "example.com", 443, .https = true },
    { "https://example.com:0/", "example.com", 0, .https = true },
    { "https://example.com:65535?x", "example.com", 65535, .https = true },
    { "https://user@example.com/", "example.com", 443, .https = true, .has_user = true },
    { "https://user:p%40ss@example.com:1/", "example.com", 1, .https = true, .has_user = true },
    { "https://127.0.0.1%2f@example.com/x@y:80@z", "example.com", 443, .https = true, .has_user = true },
    { "https://@example.com/", "example.com", 443, .https = true, .has_user = true },
    { "https://example.com#x", "example.com", 443, .https = true, .has_fragment = true },
    { "https://example.com/a@b:c", "example.com", 443, .https = true },
    { "https://example.com?a@b", "example.com", 443, .https = true },
    { "https://example.com./x", "example.com.", 443, .https = true },
    { "https://a_b~c.example/", "a_b~c.example", 443, .https = true },
    { "https://b\303\274cher.example/\303\274", "b\303\274cher.example", 443, .https = true },
    { "https://127.1/", "127.1", 443, .https = true },
    { "https://0x7f000001:80/", "0x7f000001", 80, .https = true },
    { "https://[::1]/", "::1", 443, .https = true, .bracketed = true },
    { "http://[2606:4700:4700::1111]:8443/x", "2606:4700:4700::1111", 8443, .bracketed = true },
    { "https://u@[::ffff:8.8.8.8]#", "::ffff:8.8.8.8", 443, true, true, true, true },
    { "https://example.com/{x}|\"<>^`\\", "example.com", 443, .https = true },
};

static void test_good(void **state)
{
    struct url url;
    bool taken;

    (void)state;
    for (size_t at = 0; at < COUNT(good); at++) {
        if (!url_read(&url, good[at].text) || !url_judge(good[at].text, &taken))
            print_error("%s\n", good[at].text);
        assert_true(url_read(&url, good[at].text));
        assert_true(url_judge(good[at].text, &taken));
        assert_string_equal(url.host, good[at].host);
        assert_int_equal(url.port, good[at].port);
        assert_int_equal(url.https, good[at].https);
        assert_int_equal(url.has_user, good[at].has_user);
        assert_int_equal(url.has_fragment, good[at].has_fragment);
        assert_int_equal(url.bracketed, good[at].bracketed);
    }
}

static const char *const bad[] = {
    "",
    "https",
    "https:",
    "https:/",
    "https://",
    "https:///",
    "https:///example.com/",
    "https:////example.com/",
    "https:/example.com/",
    "https:example.com",
    "https:\\\\example.com",
    "//example.com/",
    "example.com",
    "ftp://example.com/",
    "httpss://example.com/",
    " https://example.com/",
    "https://example.com/ ",
    "https://example.com/a b",
    "https://example.com/\n",
    "https://example.com/\001",
    "https://example.com/\177",
    "https://@",
    "https://@/",
    "https://:80/",
    "https://a@b@c/",
    "https://example.com@127.0.0.1@example.com/",
    "https://us\\er@example.com/",
    "https://us%4@example.com/",
    "https://us%zz@example.com/",
    "https://[u]@example.com/",
    "https://\303\274@example.com/",
    "https://exa%6dple.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com\\.a/",
    "https://exa*mple.com/",
    "https://exa$mple.com/",
    "https://a;b/",
    "https://a,b/",
    "https://a!b/",
    "https://a{b/",
    "https://a[b/",
    "https://a]b/",
    "https://example.com:65536/",
    "https://example.com:000443/",
    "https://example.com:99999999999999999999/",
    "https://example.com:-1/",
    "https://example.com:+1/",
    "https://example.com:8a/",
    "https://example.com:80:80/",
    "https://::1/",
    "https://[::1/",
    "https://[]/",
    "https://[::1]x/",
    "https://[::1]]/",
    "https://[[::1]]/",
    "https://[::1%25lo]/",
    "https://[::1%lo]/",
    "https://[v1.x]/",
    "https://[8.8.8.8]/",
    "https://x[::1]/",
};

static void test_bad(void **state)
{
    struct url url;

    (void)state;
    for (size_t at = 0; at < COUNT(bad); at++) {
        if (url_read(&url, bad[at]))
            print_error("taken: %s\n", bad[at]);
        assert_false(url_read(&url, bad[at]));
    }
}

static void test_lengths(void **state)
{
    static const char start[] = "https://";
    char text[URL_TEXT_MAX + 2] = "https://";
    struct url url;

    (void)state;
    memset(text + sizeof start - 1, 'a', URL_HOST_SIZE - 1);
    assert_true(url_read(&url, text));
    text[sizeof start - 1 + URL_HOST_SIZE - 1] = 'a';
    assert_false(url_read(&url, text));
    memset(text, 'x', sizeof text);
    memcpy(text, "https://a/", 10);
    text[URL_TEXT_MAX] = '\0';
    assert_true(url_read(&url, text));
    text[URL_TEXT_MAX] = 'x';
    text[URL_TEXT_MAX + 1] = '\0';
    assert_false(url_read(&url, text));
}

/* ---- against libcurl ---- */

static uint32_t dice(uint32_t sides)
{
    static uint64_t state = 20251101;

    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % sides;
}

static const char *const pieces[] = {
    "http://",
    "https://",
    "HTTP://",
    "https:",
    "/",
    "//",
    "?",
    "#",
    "@",
    ":",
    "user",
    "a:b",
    "%40",
    "%2f",
    "%",
    "[",
    "]",
    "[::1]",
    "[fe80::1%25",
    "::",
    "1.2.3.4",
    "127.1",
    "0x7f",
    "0177.",
    "08",
    "9",
    "443",
    "0",
    "65536",
    "00080",
    "a",
    "Example",
    ".com",
    ".",
    "..",
    "-",
    "_",
    "~",
    "\\",
    "\303\274",
    "\342\200\244",
    "\343\200\202",
    "$",
    "&",
    "'",
    "*",
    ";",
    "=",
    ",",
    "+",
    "!",
    "(",
    "{",
    "|",
    "\"",
    "<",
    "^",
    "`",
    " ",
    "\t",
    "\n",
    "\177",
    "\001",
    "ffff:",
    "/../",
    "/./",
    "%2e%2e",
    "localhost",
    "4294967296",
    "999",
};

/* Texts put together of pieces that parsers stumble over: mostly after a scheme, mostly short. */
static void put_together(char *text, size_t size)
{
    uint32_t count = 1 + dice(7);
    int used = snprintf(text, size, "%s", dice(8) ? pieces[dice(2)] : "");

    while (count-- > 0)
        used += snprintf(text + used, size - (size_t)used, "%s", pieces[dice(COUNT(pieces))]);
}

static void change(char *text)
{
    size_t length = strlen(text);

    if (length > 0)
        text[dice((uint32_t)length)] = (char)(1 + dice(255));
}

static void agree(const char *text, size_t *taken_count)
{
    bool taken;

    if (!url_judge(text, &taken))
        print_error("read differently: %s\n", text);
    assert_true(url_judge(text, &taken));
    *taken_count += taken;
}

static void test_what_is_taken_is_read_alike(void **state)
{
    char text[512];
    size_t taken = 0;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        put_together(text, sizeof text);
        agree(text, &taken);
    }
    assert_true(taken > 5000); /* else nothing was compared */
    for (int round = 0; round < 100000; round++) {
        snprintf(text, sizeof text, "%s", good[dice(COUNT(good))].text);
        change(text);
        agree(text, &taken);
    }
    assert_true(taken > 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_what_is_taken_is_read_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
