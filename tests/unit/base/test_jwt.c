#include "base/jwt.h"

#include "base/crypto.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

static const char SECRET[] = "0123456789abcdef0123456789abcdef";
enum { TODAY_SECONDS = 1900000000 };
#define TODAY ((instant)TODAY_SECONDS * CLOCK_SECOND)

static int set_up(void **state)
{
    *state = pool_new();
    return 0;
}

static int tear_down(void **state)
{
    pool_free(*state);
    return 0;
}

static struct jwt_claims claims_for_test(void)
{
    return (struct jwt_claims){ .user = { { 1 } },
                                .session = { { 2 } },
                                .company = { { 3 } },
                                .role = "admin",
                                .issued_at = TODAY,
                                .expires_at = TODAY + 10 * CLOCK_MINUTE };
}

/* A token with any header and claims, rightly signed. */
static char *forge(struct pool *pool, const char *secret, const char *header, const char *claims)
{
    uint8_t mac[SHA256_SIZE];
    char *text = pool_printf(pool, "%s.%s", crypto_base64url(pool, header, strlen(header)),
                             crypto_base64url(pool, claims, strlen(claims)));

    crypto_hmac_sha256(secret, strlen(secret), text, strlen(text), mac);
    return pool_printf(pool, "%s.%s", text, crypto_base64url(pool, mac, sizeof mac));
}

static bool reads(struct pool *pool, const char *token)
{
    struct jwt_claims read;

    return jwt_read(pool, SECRET, token, TODAY, &read);
}

static const char HEADER[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
#define IDS                                                                                                  \
    "\"sub\":\"usr_00000000000000000000000001\",\"sid\":\"ses_00000000000000000000000002\","                 \
    "\"cid\":\"cli_00000000000000000000000003\""

static void what_is_written_is_read(void **state)
{
    struct jwt_claims claims = claims_for_test(), read;
    char *token = jwt_write(*state, SECRET, &claims);

    assert_true(jwt_is_plausible(token));
    assert_true(jwt_read(*state, SECRET, token, TODAY, &read));
    assert_true(id_equal(read.user, claims.user) && id_equal(read.session, claims.session) &&
                id_equal(read.company, claims.company));
    assert_string_equal(read.role, "admin");
    assert_int_equal(read.issued_at, TODAY);
    assert_int_equal(read.expires_at, claims.expires_at);
}

/* The HS256 example of RFC 7515, A.1, with its own header, is another dialect: nothing of it is taken. */
static void foreign_headers_are_refused(void **state)
{
    static const char *const headers[] = {
        "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}",
        "{\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"../../etc/passwd\"}",
    };
    const char *claims = "{" IDS ",\"role\":\"admin\",\"iat\":1900000000,\"exp\":1900000600}";

    assert_true(reads(*state, forge(*state, SECRET, HEADER, claims)));
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_false(reads(*state, forge(*state, SECRET, headers[i], claims)));
}

static void broken_claims_are_refused(void **state)
{
    static const char *const claims[] = {
        "",
        "[]",
        "{}",
        "null",
        "{" IDS ",\"role\":\"admin\",\"iat\":1900000000}",
        "{" IDS ",\"role\":\"admin\",\"iat\":1900000000,\"exp\":\"1900000600\"}",
        "{" IDS ",\"role\":\"admin\",\"iat\":1900000000,\"exp\":1900000000}",
        "{" IDS ",\"role\":1,\"iat\":1900000000,\"exp\":1900000600}",
        "{\"sub\":\"cli_00000000000000000000000001\",\"sid\":\"ses_00000000000000000000000002\","
        "\"cid\":\"cli_00000000000000000000000003\",\"role\":\"admin\",\"iat\":1900000000,\"exp\":"
        "1900000600}",
        "{" IDS ",\"role\":\"admin\",\"iat\":1900000000,\"exp\":1900000600} ,",
        "{" IDS ",\"role\":{\"a\":{}},\"iat\":1900000000,\"exp\":1900000600}",
    };

    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        assert_false(reads(*state, forge(*state, SECRET, HEADER, claims[i])));
}

static void every_changed_character_is_seen(void **state)
{
    struct jwt_claims claims = claims_for_test();
    char *token = jwt_write(*state, SECRET, &claims);

    for (size_t i = 0; token[i]; i++) {
        char was = token[i];

        token[i] = was == 'A' ? 'B' : 'A';
        assert_false(reads(*state, token));
        token[i] = was;
    }
    assert_true(reads(*state, token));
}

static void other_secrets_and_short_ones_are_refused(void **state)
{
    struct jwt_claims claims = claims_for_test(), read;

    assert_false(reads(*state, jwt_write(*state, "0123456789abcdef0123456789abcdeF", &claims)));
    assert_false(jwt_read(*state, "", jwt_write(*state, "", &claims), TODAY, &read));
    assert_false(jwt_read(*state, "short", jwt_write(*state, "short", &claims), TODAY, &read));
}

static void a_token_ends_with_its_last_second(void **state)
{
    struct jwt_claims claims = claims_for_test(), read;
    char *token = jwt_write(*state, SECRET, &claims);

    assert_true(jwt_read(*state, SECRET, token, claims.expires_at - 1, &read));
    assert_false(jwt_read(*state, SECRET, token, claims.expires_at, &read));
}

static void other_texts_are_not_plausible(void **state)
{
    static const char *const texts[] = {
        "", ".", "..", "a.b", "a.b.", ".b.c", "a..c", "a.b.c.d", "a.b.c ", "a.b.c=", "sk_live_0123456789"
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(jwt_is_plausible(texts[i]));
        assert_false(reads(*state, texts[i]));
    }
    assert_true(jwt_is_plausible("a.b.c"));
    assert_false(reads(*state, "a.b.c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(foreign_headers_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_claims_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_changed_character_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_secrets_and_short_ones_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_ends_with_its_last_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_texts_are_not_plausible, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
