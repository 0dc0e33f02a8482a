#include "base/config.h"
#include "base/crypto.h"
#include "tests/unit/webhook_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

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

/* ---- hashes and signatures ---- */

static const char *sha256_hex(struct pool *pool, const char *text)
{
    uint8_t digest[SHA256_SIZE];

    crypto_sha256(text, strlen(text), digest);
    return crypto_hex(pool, digest, sizeof digest);
}

static const char *hmac_hex(struct pool *pool, const char *key, const char *text)
{
    uint8_t digest[SHA256_SIZE];

    crypto_hmac_sha256(key, strlen(key), text, strlen(text), digest);
    return crypto_hex(pool, digest, sizeof digest);
}

/* FIPS 180-4 examples. */
static void test_sha256(void **state)
{
    assert_string_equal(sha256_hex(*state, ""),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(sha256_hex(*state, "abc"),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(sha256_hex(*state, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231, cases 1, 2, 6, and an empty key. */
static void test_hmac(void **state)
{
    char long_key[132];

    assert_string_equal(
        hmac_hex(*state, "\013\013\013\013\013\013\013\013\013\013\013\013\013\013\013\013\013\013\013\013",
                 "Hi There"),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_string_equal(hmac_hex(*state, "Jefe", "what do ya want for nothing?"),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(long_key, 0xaa, 131);
    long_key[131] = '\0';
    assert_string_equal(hmac_hex(*state, long_key, "Test Using Larger Than Block-Size Key - Hash Key First"),
                        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_string_equal(hmac_hex(*state, "", ""),
                        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_webhook_vectors(void **state)
{
    for (size_t at = 0; at < COUNT(therapy_vectors); at++) {
        const char *key = sha256_hex(*state, therapy_vectors[at].raw_key);
        assert_string_equal(key, therapy_vectors[at].key_hash);
        assert_string_equal(hmac_hex(*state, key,
                                     pool_printf(*state, "%s.%s.%s", therapy_vectors[at].event,
                                                 therapy_vectors[at].timestamp, therapy_vectors[at].json)),
                            therapy_vectors[at].signature);
    }
    for (size_t at = 0; at < COUNT(pushpress_vectors); at++)
        assert_string_equal(hmac_hex(*state, pushpress_vectors[at].secret, pushpress_vectors[at].json),
                            pushpress_vectors[at].signature);
    for (size_t at = 0; at < COUNT(sha256_vectors); at++)
        assert_string_equal(pool_printf(*state, "sha256=%s",
                                        hmac_hex(*state, sha256_vectors[at].secret, sha256_vectors[at].body)),
                            sha256_vectors[at].signature);
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(crypto_equal("abc", 3, "abc", 3));
    assert_true(crypto_equal("", 0, "", 0));
    assert_false(crypto_equal("abc", 3, "abd", 3));
    assert_false(crypto_equal("abc", 3, "abcd", 4));
    assert_false(crypto_equal("a\0b", 3, "a\0c", 3));
}

static void test_random(void **state)
{
    uint8_t first[32] = { 0 }, second[32] = { 0 };

    (void)state;
    crypto_random(first, sizeof first);
    crypto_random(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    crypto_random(first, 0);
}

/* ---- encodings ---- */

static void test_hex(void **state)
{
    assert_string_equal(crypto_hex(*state, "\0\x01\x7f\x80\xff", 5), "00017f80ff");
    assert_string_equal(crypto_hex(*state, "", 0), "");
}

/* RFC 4648 §10, and the characters that the URL form changes. */
static const char *const base64_pairs[][3] = {
    { "", "", "" },
    { "f", "Zg==", "Zg" },
    { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    { "\xfb\xff\xfe", "+//+", "-__-" },
    { "\xff", "/w==", "_w" },
};

static void test_base64(void **state)
{
    for (size_t at = 0; at < COUNT(base64_pairs); at++) {
        const char *plain = base64_pairs[at][0], *coded = base64_pairs[at][1];
        size_t length = 99;
        uint8_t *bytes = crypto_base64_decode(*state, coded, strlen(coded), &length);
        assert_string_equal(crypto_base64(*state, plain, strlen(plain)), coded);
        assert_string_equal(crypto_base64url(*state, plain, strlen(plain)), base64_pairs[at][2]);
        assert_non_null(bytes);
        assert_int_equal(length, strlen(plain));
        assert_memory_equal(bytes, plain, length);
    }
}

static const char *const base64_refused[] = {
    "A",       "AA",       "AAA",      "AAAAA",     "=",    "==",    "====",     "A===", "AA=A", "AA= =",
    "Zg==\n",  "Zg ==",    " Zg==",    "Zm9v\nZm9", "Zh==", "Zm9=",  "Z===",     "Zm-v", "Zm_v", "Zm9v=",
    "Zm9vZg=", "Zg==Zg==", "Zm9v====", "Zm9\x80",   "*m9v", "Zm9v!", "Zg==Zm9v", "=g==", "Zg=a", "AAAA\tAAA"
};

static void test_base64_strict(void **state)
{
    size_t length;

    for (size_t at = 0; at < COUNT(base64_refused); at++) {
        if (crypto_base64_decode(*state, base64_refused[at], strlen(base64_refused[at]), &length))
            print_error("taken: %s\n", base64_refused[at]);
        assert_null(crypto_base64_decode(*state, base64_refused[at], strlen(base64_refused[at]), &length));
    }
    assert_null(crypto_base64_decode(*state, "Zm\0v", 4, &length));
}

/* All lengths up to 200, with bytes of every value. */
static void test_base64_round_trip(void **state)
{
    uint8_t bytes[200];

    for (size_t at = 0; at < sizeof bytes; at++)
        bytes[at] = (uint8_t)(at * 37 + 11);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        char *text = crypto_base64(*state, bytes, length);
        size_t back_length = 0;
        uint8_t *back = crypto_base64_decode(*state, text, strlen(text), &back_length);
        assert_non_null(back);
        assert_int_equal(back_length, length);
        assert_memory_equal(back, bytes, length);
    }
}

/* ---- keys ---- */

/* Checksums computed with another zlib. */
static void test_api_key_known(void **state)
{
    static const char *const good[] = { "sk_live_000000000000000000000000000000002UYg5A",
                                        "sk_live_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0qFxc3" };

    (void)state;
    for (size_t at = 0; at < COUNT(good); at++)
        assert_true(crypto_api_key_is_plausible(good[at], strlen(good[at])));
}

static void test_api_key(void **state)
{
    char *key = crypto_api_key(*state);

    assert_int_equal(strlen(key), API_KEY_LENGTH);
    assert_int_equal(strncmp(key, "sk_live_", 8), 0);
    assert_true(crypto_api_key_is_plausible(key, strlen(key)));
    assert_string_not_equal(key, crypto_api_key(*state));
}

/* One mistyped character anywhere, or two neighbours swapped, is always noticed. */
static void test_api_key_mistyped(void **state)
{
    char *key = crypto_api_key(*state);

    for (size_t at = 0; at < API_KEY_LENGTH; at++) {
        char right = key[at];
        for (int wrong = 1; wrong < 256; wrong++) {
            key[at] = (char)wrong;
            if (key[at] != right)
                assert_false(crypto_api_key_is_plausible(key, API_KEY_LENGTH));
        }
        key[at] = '\0';
        assert_false(crypto_api_key_is_plausible(key, API_KEY_LENGTH));
        key[at] = right;
    }
    for (size_t at = 8; at + 1 < API_KEY_LENGTH; at++) {
        char left = key[at], right = key[at + 1];
        key[at] = right;
        key[at + 1] = left;
        if (left != right)
            assert_false(crypto_api_key_is_plausible(key, API_KEY_LENGTH));
        key[at] = left;
        key[at + 1] = right;
    }
    assert_true(crypto_api_key_is_plausible(key, API_KEY_LENGTH));
    assert_false(crypto_api_key_is_plausible(key, API_KEY_LENGTH - 1));
    assert_false(crypto_api_key_is_plausible("", 0));
    assert_false(crypto_api_key_is_plausible(pool_printf(*state, "%sA", key), API_KEY_LENGTH + 1));
}

static void test_webhook_secret(void **state)
{
    char *secret = crypto_webhook_secret(*state);
    size_t length = 0;

    assert_int_equal(strncmp(secret, "whsec_", 6), 0);
    assert_non_null(crypto_base64_decode(*state, secret + 6, strlen(secret + 6), &length));
    assert_int_equal(length, 32);
    assert_string_not_equal(secret, crypto_webhook_secret(*state));
}

/* ---- passwords ---- */

/* Made with Node's crypto.scryptSync and Python's hashlib.scrypt. */
static const char known_hash[] =
    "scrypt$15$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=";
static const char known_three[] =
    "scrypt$15$8$3$MDEyMzQ1Njc4OWFiY2RlZg==$G4W5nQ2B6hYm0OghZ5oPEuCjIl8I+Sp+hh15UA5iu+g=";
static const char known_larger[] =
    "scrypt$16$8$2$MDEyMzQ1Njc4OWFiY2RlZg==$j4rnZy8UbwlFp+usRUeRjWznR8oEYsjkpryqRQwB+Zk=";

static void set_rounds(const char *rounds)
{
    assert_true(config_set(CONFIG_PASSWORD_ROUNDS, rounds));
}

static void test_password_known(void **state)
{
    set_rounds("1");
    assert_true(crypto_password_matches(*state, "correct horse", known_hash));
    assert_false(crypto_password_matches(*state, "correct hors", known_hash));
    assert_false(crypto_password_matches(*state, "", known_hash));
    assert_true(crypto_password_matches(*state, "correct horse", known_three));
    assert_false(crypto_password_matches(*state, "correct hors", known_three));
    assert_true(crypto_password_matches(*state, "correct horse", known_larger));
    set_rounds("3");
}

static void test_password(void **state)
{
    char *hash = crypto_password_hash(*state, "p\303\244ss w\303\266rd");

    assert_int_equal(strncmp(hash, "scrypt$15$8$3$", 14), 0);
    assert_true(crypto_password_matches(*state, "p\303\244ss w\303\266rd", hash));
    assert_false(crypto_password_matches(*state, "p\303\244ss w\303\266rd ", hash));
    assert_string_not_equal(hash, crypto_password_hash(*state, "p\303\244ss w\303\266rd"));
}

static void test_password_rounds(void **state)
{
    char *hash;

    set_rounds("16");
    hash = crypto_password_hash(*state, "correct horse");
    assert_int_equal(strncmp(hash, "scrypt$15$8$16$", 15), 0);
    assert_false(crypto_password_is_stale(hash));
    set_rounds("3");
    assert_true(crypto_password_matches(*state, "correct horse", hash));
    assert_true(crypto_password_is_stale(hash));
    assert_true(crypto_password_is_stale(known_hash));
    assert_false(crypto_password_is_stale(known_three));
    assert_true(crypto_password_is_stale(known_larger));
    assert_true(crypto_password_is_stale("plain text"));
}

static double cost_of_a_refusal(struct pool *pool, const char *hash)
{
    clock_t before = clock();

    assert_false(crypto_password_matches(pool, "wrong", hash));
    return (double)(clock() - before);
}

/* Four rounds against one: what the machine does beside does not hide the difference. */
static void test_password_refusals_cost_the_same(void **state)
{
    double one, many;

    set_rounds("1");
    one = cost_of_a_refusal(*state, NULL);
    set_rounds("4");
    many = cost_of_a_refusal(*state, crypto_password_hash(*state, "right"));
    assert_true(many > 2 * one);
    assert_true(cost_of_a_refusal(*state, NULL) > many / 2);
    assert_true(cost_of_a_refusal(*state, known_hash) > many / 2);
    assert_true(cost_of_a_refusal(*state, "plain text") > many / 2);
    set_rounds("3");
}

static void test_password_broken_hash(void **state)
{
    static const char *const broken[] = {
        "",
        "scrypt",
        "plain text",
        "scrypt$15$8$1$",
        "scrypt$15$8$1$$",
        "scrypt$15$8$1$MDEyMzQ1Njc4OWFiY2RlZg==",
        "scrypt$15$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$",
        "scrypt$15$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$Zm9v",
        "scrypt$15$8$1$!$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ",
        "scrypt$15$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=$",
        "scrypt$30$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$17$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$16$16$1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$8$0$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$8$17$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$8$01$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$8$ 1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$8$-1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$8$4294967297$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$8$$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$8$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$1$8$1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
        "scrypt$15$1$1$MDEyMzQ1Njc4OWFiY2RlZg==$puHF8wsl4P5tR3JANsCleZiOQes+05KY2PoHbUEpMGQ=",
    };

    set_rounds("1");
    for (size_t at = 0; at < COUNT(broken); at++)
        assert_false(crypto_password_matches(*state, "correct horse", broken[at]));
    assert_false(crypto_password_matches(*state, "correct horse", NULL));
    set_rounds("3");
}

static void test_seal(void **state)
{
    struct pool *pool = *state;
    uint8_t key[SHA256_SIZE] = { 1 }, other[SHA256_SIZE] = { 2 };
    size_t length, opened;
    uint8_t *sealed = crypto_seal(pool, key, "a secret\0shown once", 19, &length);

    assert_int_equal(length, 12 + 19 + 16);
    assert_memory_equal(crypto_open(pool, key, sealed, length, &opened), "a secret\0shown once", 20);
    assert_int_equal(opened, 19);
    assert_null(crypto_open(pool, other, sealed, length, &opened));
    assert_null(crypto_open(pool, key, sealed, length - 1, &opened));
    assert_null(crypto_open(pool, key, sealed, 27, &opened));
    for (size_t at = 0; at < length; at++) {
        sealed[at] ^= 1;
        assert_null(crypto_open(pool, key, sealed, length, &opened));
        sealed[at] ^= 1;
    }
    sealed = crypto_seal(pool, key, "", 0, &length);
    assert_string_equal(crypto_open(pool, key, sealed, length, &opened), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sha256, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_seal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hmac, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_webhook_vectors, set_up, tear_down),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_random),
        cmocka_unit_test_setup_teardown(test_hex, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_strict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_base64_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_api_key_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_api_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_api_key_mistyped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_webhook_secret, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_password_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_password, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_password_rounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_password_refusals_cost_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_password_broken_hash, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
