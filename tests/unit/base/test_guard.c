#include "base/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/un.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static enum guard_verdict judge(const char *text)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(443) };
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(443) };

    if (strchr(text, ':')) {
        assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
        return guard_address((const struct sockaddr *)&six);
    }
    assert_int_equal(inet_pton(AF_INET, text, &four.sin_addr), 1);
    return guard_address((const struct sockaddr *)&four);
}

static const struct {
    const char *address;
    enum guard_verdict verdict;
} addresses[] = {
    /* each refused IPv4 range: its first and last address, and its neighbours */
    { "0.0.0.0", GUARD_REFUSED },
    { "0.255.255.255", GUARD_REFUSED },
    { "1.0.0.0", GUARD_PUBLIC },
    { "9.255.255.255", GUARD_PUBLIC },
    { "10.0.0.0", GUARD_REFUSED },
    { "10.255.255.255", GUARD_REFUSED },
    { "11.0.0.0", GUARD_PUBLIC },
    { "100.63.255.255", GUARD_PUBLIC },
    { "100.64.0.0", GUARD_REFUSED },
    { "100.127.255.255", GUARD_REFUSED },
    { "100.128.0.0", GUARD_PUBLIC },
    { "126.255.255.255", GUARD_PUBLIC },
    { "127.0.0.0", GUARD_REFUSED },
    { "127.0.0.1", GUARD_REFUSED },
    { "127.255.255.255", GUARD_REFUSED },
    { "128.0.0.0", GUARD_PUBLIC },
    { "169.253.255.255", GUARD_PUBLIC },
    { "169.254.0.0", GUARD_REFUSED },
    { "169.254.169.254", GUARD_REFUSED },
    { "169.254.255.255", GUARD_REFUSED },
    { "169.255.0.0", GUARD_PUBLIC },
    { "172.15.255.255", GUARD_PUBLIC },
    { "172.16.0.0", GUARD_REFUSED },
    { "172.31.255.255", GUARD_REFUSED },
    { "172.32.0.0", GUARD_PUBLIC },
    { "191.255.255.255", GUARD_PUBLIC },
    { "192.0.0.0", GUARD_REFUSED },
    { "192.0.0.255", GUARD_REFUSED },
    { "192.0.1.0", GUARD_PUBLIC },
    { "192.0.2.0", GUARD_REFUSED },
    { "192.0.2.255", GUARD_REFUSED },
    { "192.0.3.0", GUARD_PUBLIC },
    { "192.88.98.255", GUARD_PUBLIC },
    { "192.88.99.0", GUARD_REFUSED },
    { "192.88.99.255", GUARD_REFUSED },
    { "192.88.100.0", GUARD_PUBLIC },
    { "192.167.255.255", GUARD_PUBLIC },
    { "192.168.0.0", GUARD_REFUSED },
    { "192.168.255.255", GUARD_REFUSED },
    { "192.169.0.0", GUARD_PUBLIC },
    { "198.17.255.255", GUARD_PUBLIC },
    { "198.18.0.0", GUARD_REFUSED },
    { "198.19.255.255", GUARD_REFUSED },
    { "198.20.0.0", GUARD_PUBLIC },
    { "198.51.99.255", GUARD_PUBLIC },
    { "198.51.100.0", GUARD_REFUSED },
    { "198.51.100.255", GUARD_REFUSED },
    { "198.51.101.0", GUARD_PUBLIC },
    { "203.0.112.255", GUARD_PUBLIC },
    { "203.0.113.0", GUARD_REFUSED },
    { "203.0.113.255", GUARD_REFUSED },
    { "203.0.114.0", GUARD_PUBLIC },
    { "223.255.255.255", GUARD_PUBLIC },
    { "224.0.0.0", GUARD_REFUSED },
    { "239.255.255.255", GUARD_REFUSED },
    { "240.0.0.0", GUARD_REFUSED },
    { "255.255.255.254", GUARD_REFUSED },
    { "255.255.255.255", GUARD_REFUSED },
    { "8.8.8.8", GUARD_PUBLIC },
    { "1.1.1.1", GUARD_PUBLIC },
    /* IPv6: only 2000::/3, and not all of it */
    { "::", GUARD_REFUSED },
    { "::1", GUARD_REFUSED },
    { "::8.8.8.8", GUARD_REFUSED },
    { "::ffff:8.8.8.8", GUARD_PUBLIC },
    { "::ffff:127.0.0.1", GUARD_REFUSED },
    { "::ffff:10.1.2.3", GUARD_REFUSED },
    { "::ffff:169.254.169.254", GUARD_REFUSED },
    { "::ffff:0.0.0.0", GUARD_REFUSED },
    { "::fffe:8.8.8.8", GUARD_REFUSED },
    { "::ffff:0:8.8.8.8", GUARD_REFUSED },
    { "64:ff9b::8.8.8.8", GUARD_REFUSED },
    { "64:ff9b::7f00:1", GUARD_REFUSED },
    { "64:ff9b:1::1", GUARD_REFUSED },
    { "100::1", GUARD_REFUSED },
    { "1fff:ffff::1", GUARD_REFUSED },
    { "2000::", GUARD_PUBLIC },
    { "2001::", GUARD_REFUSED },
    { "2001:0:4136:e378:8000:63bf:3fff:fdd2", GUARD_REFUSED },
    { "2001:2::1", GUARD_REFUSED },
    { "2001:20::1", GUARD_REFUSED },
    { "2001:1ff:ffff::", GUARD_REFUSED },
    { "2001:200::", GUARD_PUBLIC },
    { "2001:db7:ffff::", GUARD_PUBLIC },
    { "2001:db8::", GUARD_REFUSED },
    { "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", GUARD_REFUSED },
    { "2001:db9::", GUARD_PUBLIC },
    { "2001:ffff::", GUARD_PUBLIC },
    { "2002::", GUARD_REFUSED },
    { "2002:7f00:1::", GUARD_REFUSED },
    { "2002:ffff:ffff::", GUARD_REFUSED },
    { "2003::1", GUARD_PUBLIC },
    { "2606:4700:4700::1111", GUARD_PUBLIC },
    { "2a00:1450:4001:81b::200e", GUARD_PUBLIC },
    { "3ffe:ffff::", GUARD_PUBLIC },
    { "3fff::", GUARD_REFUSED },
    { "3fff:fff:ffff::1", GUARD_REFUSED },
    { "3fff:1000::", GUARD_PUBLIC },
    { "3fff:ffff::", GUARD_PUBLIC },
    { "4000::1", GUARD_REFUSED },
    { "5f00::1", GUARD_REFUSED },
    { "fc00::1", GUARD_REFUSED },
    { "fd12:3456:789a::1", GUARD_REFUSED },
    { "fe80::1", GUARD_REFUSED },
    { "fec0::1", GUARD_REFUSED },
    { "ff02::1", GUARD_REFUSED },
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", GUARD_REFUSED },
};

static void test_addresses(void **state)
{
    (void)state;
    assert_true(guard_configure(""));
    for (size_t at = 0; at < COUNT(addresses); at++) {
        if (judge(addresses[at].address) != addresses[at].verdict)
            print_error("%s\n", addresses[at].address);
        assert_int_equal(judge(addresses[at].address), addresses[at].verdict);
    }
}

static void test_other_families(void **state)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/run/x" };
    struct sockaddr none = { .sa_family = AF_UNSPEC };

    (void)state;
    assert_int_equal(guard_address((const struct sockaddr *)&local), GUARD_REFUSED);
    assert_int_equal(guard_address(&none), GUARD_REFUSED);
}

/* ---- the operator's list ---- */

static void test_allowed(void **state)
{
    (void)state;
    assert_true(guard_configure(" 127.0.0.0/8, 10.1.0.0/16 ,fd00::/8,::1/128,192.168.7.9/32\t"));
    assert_int_equal(judge("127.0.0.1"), GUARD_ALLOWED);
    assert_int_equal(judge("127.255.0.1"), GUARD_ALLOWED);
    assert_int_equal(judge("10.1.255.255"), GUARD_ALLOWED);
    assert_int_equal(judge("10.2.0.0"), GUARD_REFUSED);
    assert_int_equal(judge("192.168.7.9"), GUARD_ALLOWED);
    assert_int_equal(judge("192.168.7.8"), GUARD_REFUSED);
    assert_int_equal(judge("8.8.8.8"), GUARD_PUBLIC);
    assert_int_equal(judge("::ffff:127.0.0.1"), GUARD_ALLOWED);
    assert_int_equal(judge("::ffff:10.2.0.1"), GUARD_REFUSED);
    assert_int_equal(judge("::1"), GUARD_ALLOWED);
    assert_int_equal(judge("::2"), GUARD_REFUSED);
    assert_int_equal(judge("fd12::1"), GUARD_ALLOWED);
    assert_int_equal(judge("fc12::1"), GUARD_REFUSED);
    assert_int_equal(judge("64:ff9b::7f00:1"), GUARD_REFUSED);
    assert_true(guard_configure("0.0.0.0/0"));
    assert_int_equal(judge("10.0.0.1"), GUARD_ALLOWED);
    assert_int_equal(judge("::1"), GUARD_REFUSED);
    assert_true(guard_configure("10.0.0.1/12")); /* bits past the length do not matter */
    assert_int_equal(judge("10.15.255.255"), GUARD_ALLOWED);
    assert_int_equal(judge("10.16.0.0"), GUARD_REFUSED);
    assert_true(guard_configure("  "));
    assert_int_equal(judge("127.0.0.1"), GUARD_REFUSED);
}

static const char *const bad_ranges[] = {
    "127.0.0.1",       "localhost",     "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
    "10.0.0.0/8x",     "10.0.0.0/ 8",   "10.0.0/8",    "10/8",        "/8",
    "::/129",          "fd00::",        "fd00::/8,",   ",fd00::/8",   "10.0.0.0/8,,fd00::/8",
    "10.0.0.0/8;::/0", "1.2.3.4.5/8",   "010.0.0.0/8", "::g/8",       "10.0.0.0/0008",
    "10.0.0.0/8 x",    "fe80::1%lo/64", "[fd00::]/8",  "*",           "any",
};

static void test_bad_ranges(void **state)
{
    (void)state;
    for (size_t at = 0; at < COUNT(bad_ranges); at++) {
        assert_true(guard_configure("10.0.0.0/8"));
        if (guard_configure(bad_ranges[at]))
            print_error("taken: %s\n", bad_ranges[at]);
        assert_false(guard_configure(bad_ranges[at]));
        assert_int_equal(judge("10.0.0.1"), GUARD_REFUSED); /* nothing half-configured */
    }
}

/* ---- URLs ---- */

static const char *const good_urls[] = {
    "https://example.com",
    "https://example.com/",
    "https://example.com/hooks/slotwire?token=a%20b&x=1",
    "https://example.com?x",
    "HTTPS://Example.COM/Path",
    "https://example.com:8443/x",
    "https://example.com:443/",
    "https://example.com:65535/",
    "https://sub.domain.example.co.uk/a/b/c",
    "https://example.com./x",
    "https://xn--bcher-kva.example/",
    "https://a_b.example.com/",
    "https://intranet/hook",
    "https://localhost/hook", /* a name: judged when it is connected to */
    "https://8.8.8.8/hook",
    "https://8.8.8.8:9443/hook",
    "https://134744072/hook",
    "https://0x08080808/hook",
    "https://010.8.8.8/hook",
    "https://8.8.2056/hook",
    "https://[2606:4700:4700::1111]/hook",
    "https://[2606:4700:4700::1111]:8443/hook",
    "https://[::ffff:8.8.8.8]/hook",
    "https://example.com/~user/(x)*!,;=:@'$&",
    "https://1password.example/",
    "https://123.example/",
    "https://0xabc.example/",
};

static void test_good_urls(void **state)
{
    (void)state;
    assert_true(guard_configure(""));
    for (size_t at = 0; at < COUNT(good_urls); at++) {
        const char *problem = guard_url_problem(good_urls[at]);
        if (problem)
            print_error("%s: %s\n", good_urls[at], problem);
        assert_null(problem);
    }
}

static const char *const bad_urls[] = {
    "",
    " ",
    "example.com",
    "//example.com/",
    "/hook",
    "https:",
    "https:/",
    "https://",
    "https:///",
    "https:///example.com/",
    "https:/example.com/",
    "https:example.com",
    "https//example.com",
    "http://example.com/",
    "http://example.com:443/",
    "http://8.8.8.8/",
    "http://[2606:4700:4700::1111]/",
    "http://localhost/",
    "http://localhost:9000/hook",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "ws://example.com/",
    "httpsx://example.com/",
    "mailto:a@example.com",
    "https://user@example.com/",
    "https://user:pass@example.com/",
    "https://:pass@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:443@127.0.0.1/",
    "https://example.com/#part",
    "https://example.com/x#",
    "https://example.com#@127.0.0.1/",
    "https://exa mple.com/",
    "https://example.com/a b",
    "https://example.com/\n",
    "https://example.com/\r\nX-Header: 1",
    "https://example.com/\t",
    "\thttps://example.com/",
    " https://example.com/",
    "https://example.com/ ",
    "https://example.com/\177",
    "https://example.com\\@127.0.0.1/",
    "https://b\303\274cher.example/",
    "https://example.com/\342\202\254",
    "https://example.com/<x>",
    "https://example.com/\"x\"",
    "https://example.com/{x}",
    "https://exa%6dple.com/",
    "https://127.0.0.1%2f@example.com/",
    "https://%31%32%37.0.0.1/",
    "https://example.com:0/",
    "https://example.com:00/",
    "https://example.com:65536/",
    "https://example.com:99999999999/",
    "https://example.com:-1/",
    "https://example.com:8a/",
    "https://example.com:80:80/",
    "https://.example.com/",
    "https://example..com/",
    "https://./",
    "https://-example.com/",
    "https://example-.com/",
    "https://exa*mple.com/",
    "https://exa$mple.com/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0x7F.0x0.0x0.0x1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.0.0.01/",
    "https://127.0.0.1./",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://167772161/",
    "https://0xa9fea9fe/",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.168.1.1:8443/",
    "https://172.16.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://4294967295/",
    "https://4294967296/",
    "https://1.2.3.4.5/",
    "https://256.256.256.256/",
    "https://1.2.3.256/",
    "https://example.1/",
    "https://example.0x1/",
    "https://0x/",
    "https://[::1]/",
    "https://[::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25lo]/",
    "https://[fe80::1%lo]/",
    "https://[fd00::1]/",
    "https://[64:ff9b::8.8.8.8]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:db8::1]/",
    "https://[::1/",
    "https://::1/",
    "https://[]/",
    "https://[v1.x]/",
    "https://[::1]x/",
    "https://[8.8.8.8]/",
};

static void refuse_all(const char *const *urls, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        const char *problem = guard_url_problem(urls[at]);
        if (!problem)
            print_error("taken: %s\n", urls[at]);
        assert_non_null(problem);
        assert_int_equal(strncmp(problem, "must ", 5), 0);
    }
}

static void test_bad_urls(void **state)
{
    (void)state;
    assert_true(guard_configure(""));
    refuse_all(bad_urls, COUNT(bad_urls));
}

static void test_allowed_urls(void **state)
{
    static const char *const good[] = {
        "http://127.0.0.1:9000/hook", "http://127.1:9000/hook",          "http://2130706433/",
        "https://127.0.0.1/",         "http://localhost:9000/hook",      "http://LOCALHOST/",
        "https://localhost/",         "http://[::ffff:127.0.0.1]:9000/", "http://[fd00::1]/",
    };
    static const char *const bad[] = {
        "http://10.0.0.1/",    "https://10.0.0.1/", "http://8.8.8.8/",     "http://example.com/",
        "http://localhost.x/", "http://[::1]/",     "http://[fe80::1]/",   "http://127.0.0.1:0/",
        "http://xlocalhost/",  "http://0.0.0.0/",   "http://a@127.0.0.1/",
    };

    (void)state;
    assert_true(guard_configure("127.0.0.0/8,fd00::/8"));
    for (size_t at = 0; at < COUNT(good); at++) {
        const char *problem = guard_url_problem(good[at]);
        if (problem)
            print_error("%s: %s\n", good[at], problem);
        assert_null(problem);
    }
    refuse_all(bad, COUNT(bad));
    assert_true(guard_configure("fd00::/8"));
    assert_non_null(guard_url_problem("http://localhost/"));
    assert_true(guard_configure(""));
}

static void test_url_length(void **state)
{
    char url[2060];
    static const char start[] = "https://example.com/";

    (void)state;
    memset(url, 'x', sizeof url);
    memcpy(url, start, sizeof start - 1);
    url[2048] = '\0';
    assert_null(guard_url_problem(url));
    url[2048] = 'x';
    url[2049] = '\0';
    assert_string_equal(guard_url_problem(url), "must have 2048 bytes at most");
}

static void test_name_length(void **state)
{
    char url[400] = "https://";
    size_t length = 8;

    (void)state;
    for (int label = 0; label < 4; label++) {
        memset(url + length, 'a', 62);
        length += 62;
        url[length++] = '.';
    }
    memcpy(url + length, "b/", 3); /* 4 × 63 + 1 = 253 bytes */
    assert_null(guard_url_problem(url));
    memcpy(url + length, "bb/", 4);
    assert_non_null(guard_url_problem(url));
    memcpy(url + 8, "c", 1);
    memset(url + 8, 'a', 64);
    memcpy(url + 8 + 64, ".com/", 6);
    assert_non_null(guard_url_problem(url));
    memcpy(url + 8 + 63, ".com/", 6);
    assert_null(guard_url_problem(url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),    cmocka_unit_test(test_other_families),
        cmocka_unit_test(test_allowed),      cmocka_unit_test(test_bad_ranges),
        cmocka_unit_test(test_good_urls),    cmocka_unit_test(test_bad_urls),
        cmocka_unit_test(test_allowed_urls), cmocka_unit_test(test_url_length),
        cmocka_unit_test(test_name_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
