/* What a receiver did otherwise is told from the signature that it computed. */
#include "base/crypto.h"
#include "signatures/diagnose.h"
#include "signatures/restyle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 2025-10-31T15:30:00.250Z and a minute later. */
static const instant created_at = 1761924600250, attempt_at = 1761924660999;
static const char data[] = "{\"name\":\"Zo\303\253 / \\\"Z\\\"<\360\237\222\210\",\"b\":75.5,\"a\":[1,{}]}";

/* One attempt, as a receiver and as we see it. */
struct scene {
    struct pool *pool;
    struct question question;
    struct partner_event event;
    struct partner_secrets secrets;
    struct proof proofs[PROOFS_MAX];
    struct buf body;
    const char *id, *shown; /* shown: the data in the envelope */
};

static struct scene *play(struct pool *pool, const struct partner *partner, const char *type,
                          struct partner_secrets secrets)
{
    struct scene *scene = pool_alloc(pool, sizeof *scene);

    *scene = (struct scene){ .pool = pool, .secrets = secrets, .shown = data };
    scene->event = (struct partner_event){ .id = { .bytes = { [15] = 1 } },
                                           .type = type,
                                           .created_at = created_at,
                                           .data = json_parse_stored(pool, data),
                                           .data_text = data };
    scene->id = "evt_00000000000000000000000001";
    buf_init(&scene->body, pool, 1 << 20);
    partner->envelope(pool, &scene->event, secrets, attempt_at, &scene->body);
    scene->question = (struct question){
        .partner = partner,
        .event = &scene->event,
        .attempt_at = attempt_at,
        .proofs = scene->proofs,
        .proofs_count = partner_prove(pool, partner, &scene->event, secrets, attempt_at, scene->body.data,
                                      scene->body.length, scene->proofs),
    };
    return scene;
}

static struct diagnosis ask(struct scene *scene, const char *computed)
{
    struct diagnosis diagnosis;

    scene->question.computed = computed;
    partner_diagnose(scene->pool, &scene->question, &diagnosis);
    return diagnosis;
}

static const char *hex(struct pool *pool, const void *key, size_t length, const char *text)
{
    uint8_t digest[SHA256_SIZE];

    crypto_hmac_sha256(key, length, text, strlen(text), digest);
    return crypto_hex(pool, digest, sizeof digest);
}

static const char *b64(struct pool *pool, const void *key, size_t length, const char *text)
{
    uint8_t digest[SHA256_SIZE];

    crypto_hmac_sha256(key, length, text, strlen(text), digest);
    return pool_printf(pool, "v1,%s", crypto_base64(pool, digest, sizeof digest));
}

/* Exactly these words, each found in the line of its place. */
static void says(struct diagnosis diagnosis, const char *scheme, const char *first, const char *second)
{
    assert_false(diagnosis.match);
    if (scheme)
        assert_string_equal(diagnosis.scheme, scheme);
    else
        assert_null(diagnosis.scheme);
    assert_int_equal(diagnosis.count, second ? 2 : 1);
    if (!strstr(diagnosis.lines[0], first) || (second && !strstr(diagnosis.lines[1], second)))
        fail_msg("`%s` `%s`", diagnosis.lines[0], diagnosis.lines[diagnosis.count - 1]);
}

static const char whsec[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", other[] = "another secret";

static void test_right_ones_match(void **state)
{
    for (size_t i = 0; partners[i + 1]; i++) {
        struct partner_secrets secrets = { whsec, other, "svix github" };
        struct scene *scene = play(*state, partners[i], "x.y", secrets);

        assert_true(scene->question.proofs_count >= 3);
        for (size_t j = 0; j < scene->question.proofs_count; j++) {
            struct diagnosis diagnosis = ask(scene, scene->proofs[j].signature);
            assert_true(diagnosis.match);
            assert_int_equal(diagnosis.count, scene->proofs[j].previous);
        }
    }
}

static void test_the_signed_text_gives_the_signature(void **state)
{
    struct scene *scene =
        play(*state, &partner_therapy, "x.y", (struct partner_secrets){ other, NULL, NULL });
    size_t length;
    const char *text = proof_text(*state, &scene->proofs[1], &length);

    assert_string_equal(text, pool_printf(*state, "x.y.2025-10-31T15:31:00.999Z.%s", data));
    assert_string_equal(scene->proofs[1].signature, hex(*state, other, strlen(other), text));
    assert_string_equal(json_get_text(json_parse_stored(*state, scene->body.data), "signature"),
                        scene->proofs[1].signature);
}

static const char *standard_text(struct scene *scene, const char *time, const char *body)
{
    return pool_printf(scene->pool, "%s.%s.%s", scene->id, time, body);
}

static void test_standard_mistakes(void **state)
{
    struct pool *pool = *state;
    struct scene *scene =
        play(pool, &partner_standard, "x.y", (struct partner_secrets){ whsec, other, NULL });
    const char *body = scene->body.data, *right = standard_text(scene, "1761924660", body);
    size_t length;
    const uint8_t *key = crypto_base64_decode(pool, whsec + 6, strlen(whsec + 6), &length);

    assert_true(ask(scene, b64(pool, key, length, right)).match);
    says(ask(scene, b64(pool, key, length, right) + 3), "standard", "stands in front", NULL);
    says(ask(scene, hex(pool, key, length, right)), "standard", "lower-case hex", "stands in front");
    says(ask(scene, b64(pool, whsec, strlen(whsec), right)), "standard", "used as text; what follows", NULL);
    says(ask(scene, b64(pool, whsec + 6, strlen(whsec + 6), right)), "standard", "without `whsec_`", NULL);
    says(ask(scene, b64(pool, key, length, standard_text(scene, "1761924660999", body))), "standard",
         "in milliseconds", NULL);
    says(ask(scene, b64(pool, key, length, standard_text(scene, "1761924660000", body))), "standard",
         "multiplied", NULL);
    says(ask(scene, b64(pool, key, length, standard_text(scene, "1761924600", body))), "standard",
         "that of the event", NULL);
    says(ask(scene, b64(pool, key, length, pool_printf(pool, "1761924660.%s", body))), "standard",
         "`{timestamp}.{body}`", NULL);
    says(ask(scene, b64(pool, key, length, body)), "standard", "`{body}`", NULL);
    says(ask(scene, b64(pool, key, length, pool_printf(pool, "%s\n", right))), "standard", "line break",
         NULL);
    says(ask(scene, b64(pool, key, length, standard_text(scene, "1761924660", data))), "standard",
         "`{id}.{timestamp}.{data}`", NULL);
    says(ask(scene, b64(pool, whsec, strlen(whsec), body)), "standard", "used as text", "`{body}`");
    says(ask(scene, b64(pool, "", 0, right)), "standard", "empty", NULL);
    /* the previous secret signs too, and its mistakes are found as well */
    says(ask(scene, b64(pool, other, strlen(other), body)), "standard", "`{body}`", "previous one");
}

static void test_a_retired_secret(void **state)
{
    struct scene *scene = play(*state, &partner_bookme, "x.y", (struct partner_secrets){ whsec, NULL, NULL });
    const char *computed = hex(*state, other, strlen(other), scene->body.data);

    computed = pool_printf(*state, "sha256=%s", computed);
    says(ask(scene, computed), NULL, "None of the usual", NULL);
    scene->question.retired = other;
    says(ask(scene, computed), "bookme", "one before", NULL);
}

static void test_bodies_written_again(void **state)
{
    static const struct {
        struct style style;
        const char *words;
    } cases[] = {
        { { .indent = 2 }, "indentation of two" },
        { { .indent = 4 }, "indentation of four" },
        { { .blanks = true, .ascii = true, .delete = true }, "Python" },
        { { .blanks = true }, "blanks after" },
        { { .slashes = true, .ascii = true }, "PHP" },
        { { .slashes = true }, "`/` escaped" },
        { { .ascii = true }, "\\u escapes" },
        { { .html = true }, "Go" },
        { { .sorted = true }, "sorted by name" },
    };
    struct scene *scene = play(*state, &partner_bookme, "x.y", (struct partner_secrets){ other, NULL, NULL });

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf text;
        buf_init(&text, *state, 1 << 20);
        restyle(&text, json_parse_stored(*state, scene->body.data), &cases[i].style);
        says(ask(scene, pool_printf(*state, "sha256=%s", hex(*state, other, strlen(other), text.data))),
             "bookme", cases[i].words, NULL);
    }
}

static void test_rarer_mistakes(void **state)
{
    struct pool *pool = *state;
    struct scene *scene = play(pool, &partner_bookme, "x.y", (struct partner_secrets){ whsec, NULL, NULL });
    const char *body = scene->body.data, *quoted;
    char *latin = pool_alloc(pool, 2 * scene->body.length + 1), *out = latin;
    struct buf text;
    size_t length;
    const uint8_t *key = crypto_base64_decode(pool, whsec + 6, strlen(whsec + 6), &length);
    const char *line = pool_printf(pool, "%s\n", whsec);

    for (const char *at = body; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte >= 0x80)
            *out++ = (char)(0xC0 | byte >> 6);
        *out++ = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3F) : byte);
    }
    buf_init(&text, pool, 1 << 20);
    restyle(&text, json_own(pool, json_object_new_string(body)), &(struct style){ 0 });
    quoted = text.data;
    const struct {
        const char *computed, *words;
    } cases[] = {
        { hex(pool, whsec, strlen(whsec), latin), "Latin-1" },
        { hex(pool, whsec, strlen(whsec), quoted), "JSON string once more" },
        { hex(pool, whsec, strlen(whsec), pool_printf(pool, "%s\r\n", body)), "CR LF" },
        { hex(pool, line, strlen(line), body), "ended with a line break" },
        { hex(pool, key, length, body), "base64-decoded" },
        { hex(pool, whsec + 6, strlen(whsec + 6), body), "left out" },
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        says(ask(scene, pool_printf(pool, "sha256=%s", cases[i].computed)), "bookme", cases[i].words, NULL);
}

static void test_therapy_bodies_and_keys(void **state)
{
    struct pool *pool = *state;
    const char *hash = partner_therapy.stored_secret(pool, "sk_live_raw"), *twice;
    struct scene *scene = play(pool, &partner_therapy, "x.y", (struct partner_secrets){ hash, NULL, NULL });
    const char *right = pool_printf(pool, "x.y.2025-10-31T15:31:00.999Z.%s", data);
    struct json_object *body = json_parse_stored(pool, scene->body.data);
    char *upper = pool_strdup(pool, hash);

    for (char *at = upper; *at; at++)
        *at = (char)(*at >= 'a' ? *at - 32 : *at);
    twice = partner_therapy.stored_secret(pool, hash);
    says(ask(scene, hex(pool, upper, 64, right)), "therapy", "upper-case hex", NULL);
    says(ask(scene, hex(pool, twice, 64, right)), "therapy", "hashed once more", NULL);
    says(ask(scene, hex(pool, hash, 64, scene->body.data)), "therapy", "`{body}`", NULL);
    json_object_object_del(body, "signature");
    says(ask(scene, hex(pool, hash, 64, json_text(pool, body))), "therapy", "`{body}`", "taken out");
}

static void test_therapy_mistakes(void **state)
{
    struct pool *pool = *state;
    const char *hash = partner_therapy.stored_secret(pool, "sk_live_raw");
    struct scene *scene = play(pool, &partner_therapy, "x.y", (struct partner_secrets){ hash, NULL, NULL });
    const char *right = pool_printf(pool, "x.y.2025-10-31T15:31:00.999Z.%s", data);
    uint8_t bytes[SHA256_SIZE];
    struct diagnosis diagnosis;

    crypto_sha256("sk_live_raw", 11, bytes);
    assert_true(ask(scene, hex(pool, hash, 64, right)).match);
    says(ask(scene, hex(pool, bytes, sizeof bytes, right)), "therapy", "bytes that the hex", NULL);
    says(ask(scene, hex(pool, hash, 64, pool_printf(pool, "x.y.2025-10-31T15:31:00Z.%s", data))), "therapy",
         "date without milliseconds", NULL);
    says(ask(scene, hex(pool, hash, 64, data)), "therapy", "`{data}`", NULL);
    says(ask(scene, pool_printf(pool, "sha256=%s", hex(pool, hash, 64, right))), "therapy", "nothing stands",
         NULL);
    /* the raw key itself cannot be known: words say so */
    diagnosis = ask(scene, hex(pool, "sk_live_raw", 11, right));
    assert_int_equal(diagnosis.count, 2);
    assert_non_null(strstr(diagnosis.lines[1], "raw key"));
}

static void test_forms(void **state)
{
    struct pool *pool = *state;
    struct scene *scene =
        play(pool, &partner_pushpress, "x.y", (struct partner_secrets){ other, NULL, NULL });
    char *upper = pool_strdup(pool, hex(pool, other, strlen(other), data));
    const char *right = pool_strdup(pool, upper);

    assert_true(ask(scene, right).match);
    for (char *at = upper; *at; at++)
        *at = (char)(*at >= 'a' ? *at - 32 : *at);
    says(ask(scene, upper), "pushpress", "upper-case hex", NULL);
    says(ask(scene, crypto_base64(pool, right, 64)), "pushpress", "base64 of the hex", NULL);
    says(ask(scene, ""), NULL, "not a SHA-256", NULL);
    says(ask(scene, "hello"), NULL, "not a SHA-256", NULL);
    says(ask(scene, "v1,aaaa v1,bbbb"), NULL, "several words", NULL);
    says(ask(scene, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= x"), NULL, "several words", NULL);
    says(ask(scene, "d41d8cd98f00b204e9800998ecf8427e"), NULL, "MD5", NULL);
    says(ask(scene, "da39a3ee5e6b4b0d3255bfef95601890afd80709"), NULL, "SHA1", NULL);
    says(ask(scene, pool_printf(pool, "sha256=%s%s", right, right)), NULL, "SHA512", NULL);
    right = pool_printf(pool, "%s%s", "0", right + 1);
    says(ask(scene, *upper == '0' ? "1" : right), NULL, *upper == '0' ? "not a" : "None of the usual", NULL);
}

static void test_no_line_holds_a_secret(void **state)
{
    struct scene *scene =
        play(*state, &partner_standard, "x.y", (struct partner_secrets){ whsec, other, NULL });
    const char *tries[] = { b64(*state, whsec, strlen(whsec), scene->body.data), "x",
                            b64(*state, "z", 1, scene->body.data) };

    for (size_t i = 0; i < COUNT(tries); i++) {
        struct diagnosis diagnosis = ask(scene, tries[i]);
        for (size_t j = 0; j < diagnosis.count; j++) {
            assert_null(strstr(diagnosis.lines[j], whsec + 6));
            assert_null(strstr(diagnosis.lines[j], other));
        }
    }
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_right_ones_match, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_signed_text_gives_the_signature, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_standard_mistakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_retired_secret, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bodies_written_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rarer_mistakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_therapy_bodies_and_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_therapy_mistakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_line_holds_a_secret, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
