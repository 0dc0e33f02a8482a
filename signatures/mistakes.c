#include "signatures/mistakes.h"

#include "signatures/digest.h"
#include "signatures/restyle.h"

#include <string.h>

enum { MARGIN = 256 };

/* ---- other contents ---- */

static const struct {
    const char *words;
    struct style style;
} styles[] = {
    { "The JSON was parsed and written again with an indentation of two; sign the bytes as they came.",
      { .indent = 2 } },
    { "The JSON was parsed and written again with an indentation of four; sign the bytes as they came.",
      { .indent = 4 } },
    { "The JSON was parsed and written again with blanks after `:` and `,` and with \\u escapes, as Python's "
      "json.dumps does; sign the bytes as they came.",
      { .blanks = true, .ascii = true, .delete = true } },
    { "The JSON was parsed and written again with blanks after `:` and `,`; sign the bytes as they came.",
      { .blanks = true } },
    { "The JSON was parsed and written again with `/` and all but ASCII escaped, as PHP's json_encode does; "
      "sign the bytes as they came, or use JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE.",
      { .slashes = true, .ascii = true } },
    { "The JSON was parsed and written again with `/` escaped; sign the bytes as they came.",
      { .slashes = true } },
    { "The JSON was parsed and written again with \\u escapes for all but ASCII; sign the bytes as they "
      "came.",
      { .ascii = true } },
    { "The JSON was parsed and written again with `<`, `>` and `&` escaped, as Go's json.Marshal does; sign "
      "the bytes as they came.",
      { .html = true } },
    { "The JSON was parsed and written again with its members sorted by name; sign the bytes as they came.",
      { .sorted = true } },
    { "The JSON was parsed and written again with sorted members, blanks and \\u escapes; sign the bytes as "
      "they came.",
      { .sorted = true, .blanks = true, .ascii = true, .delete = true } },
};

static void add_content(struct contents *contents, struct content content)
{
    const struct content *right = &contents->items[0];
    bool same_body = content.body_length == right->body_length &&
                     memcmp(content.body, right->body, right->body_length) == 0;
    bool same_data = content.data_length == right->data_length &&
                     (!right->data || memcmp(content.data, right->data, right->data_length) == 0);

    if (!same_body || !same_data)
        contents->items[contents->count++] = content;
}

static void add_changed(struct pool *pool, struct contents *contents, const char *words,
                        void (*change)(struct buf *out, const char *text, size_t length, const void *how),
                        const void *how)
{
    const struct content *right = &contents->items[0];
    struct buf body, data;

    buf_init(&body, pool, 8 * right->body_length + MARGIN);
    buf_init(&data, pool, 8 * right->data_length + MARGIN);
    change(&body, right->body, right->body_length, how);
    if (right->data)
        change(&data, right->data, right->data_length, how);
    if (!body.overflowed && !data.overflowed && body.data)
        add_content(contents, (struct content){ words, body.data, data.data, body.length, data.length });
}

static void change_style(struct buf *out, const char *text, size_t length, const void *how)
{
    (void)length;
    restyle(out, json_parse_stored(out->pool, text), how);
}

static void change_end(struct buf *out, const char *text, size_t length, const void *how)
{
    buf_add(out, text, length);
    buf_add_text(out, how);
}

static void change_quoted(struct buf *out, const char *text, size_t length, const void *how)
{
    struct json_object *quoted = json_own(out->pool, json_object_new_string_len(text, (int)length));

    (void)how;
    json_write(out, quoted);
}

static void change_latin(struct buf *out, const char *text, size_t length, const void *how)
{
    (void)how;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte >= 0x80)
            buf_add_char(out, (char)(0xC0 | byte >> 6));
        buf_add_char(out, (char)(byte >= 0x80 ? 0x80 | (byte & 0x3F) : byte));
    }
}

static void change_unsigned(struct buf *out, const char *text, size_t length, const void *how)
{
    struct json_object *object = json_parse_stored(out->pool, text);

    (void)length, (void)how;
    json_object_object_del(object, "signature");
    json_write(out, object);
}

void mistakes_contents(struct pool *pool, const struct parts *parts, struct contents *contents)
{
    contents->count = 1;
    contents->items[0] =
        (struct content){ NULL, parts->body, parts->data, parts->body_length, parts->data_length };
    add_changed(pool, contents, "A line break was added at the end of the text.", change_end, "\n");
    add_changed(pool, contents, "A line break (CR LF) was added at the end of the text.", change_end, "\r\n");
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        add_changed(pool, contents, styles[i].words, change_style, &styles[i].style);
    add_changed(pool, contents, "The text was made into a JSON string once more, in quotes.", change_quoted,
                NULL);
    add_changed(pool, contents, "The bytes were read as Latin-1; they are UTF-8.", change_latin, NULL);
    add_changed(pool, contents,
                "The member `signature` was taken out of the body, but the rest was signed whole.",
                change_unsigned, NULL);
}

/* ---- other times ---- */

void mistakes_times(struct pool *pool, instant attempt_at, instant created_at, struct times *times)
{
    const instant moments[] = { attempt_at, created_at };
    static const char *const attempt_words[] = {
        "The timestamp was in seconds.", "The timestamp was in milliseconds.",
        "The timestamp was written as a date with milliseconds.",
        "The timestamp was written as a date without milliseconds.",
        "The timestamp was multiplied to milliseconds; it is signed as it stands in the header."
    };
    static const char event_words[] = "The timestamp was that of the event, not that of this attempt.";
    char text[CLOCK_TEXT_SIZE];

    times->count = 0;
    for (size_t i = 0; i < 2; i++) {
        instant at = moments[i];
        const char *texts[] = { pool_printf(pool, "%lld", (long long)(at / CLOCK_SECOND)),
                                pool_printf(pool, "%lld", (long long)at),
                                pool_strdup(pool, clock_format(text, at)),
                                pool_strdup(pool, clock_format_seconds(text, at)),
                                pool_printf(pool, "%lld000", (long long)(at / CLOCK_SECOND)) };

        for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
            times->items[times->count++] =
                (struct time_text){ i == 0 ? attempt_words[j] : event_words, texts[j] };
    }
}

/* ---- other keys ---- */

static void add_key(struct keys *keys, const char *words, const void *bytes, size_t length)
{
    if (bytes)
        keys->items[keys->count++] = (struct key){ words, bytes, length };
}

static void add_hex_keys(struct pool *pool, const char *secret, struct keys *keys)
{
    uint8_t digest[SHA256_SIZE];
    const char *hash;

    crypto_sha256(secret, strlen(secret), digest);
    hash = crypto_hex(pool, digest, sizeof digest);
    add_key(keys, "The key was hashed once more before it was used.", hash, strlen(hash));
    if (strlen(secret) != 2 * SHA256_SIZE || strspn(secret, "0123456789abcdef") != 2 * SHA256_SIZE)
        return;
    struct digest *bytes = pool_alloc(pool, sizeof *bytes);
    char *upper = pool_strdup(pool, secret);

    digest_read(pool, secret, bytes, &hash);
    for (char *at = upper; *at; at++)
        *at = (char)(*at >= 'a' ? *at - 'a' + 'A' : *at);
    add_key(keys, "The key was the bytes that the hex stands for; it is the hex text itself.", bytes->bytes,
            SHA256_SIZE);
    add_key(keys, "The key was in upper-case hex; it is in lower case.", upper, 2 * SHA256_SIZE);
}

void mistakes_keys(struct pool *pool, const struct proof *proof, const char *retired, struct keys *keys)
{
    const struct scheme plain = { .decoded = false }, decoded = { .decoded = true };
    const char *secret = proof->secret;
    bool is_whsec = strncmp(secret, "whsec_", 6) == 0;
    size_t length;
    const uint8_t *key = scheme_key(pool, proof->scheme, secret, &length);

    keys->count = 0;
    add_key(keys, NULL, key, length);
    if (is_whsec && proof->scheme->decoded) {
        key = scheme_key(pool, &plain, secret, &length);
        add_key(keys, "The secret was used as text; what follows `whsec_` is base64 of the key.", key,
                length);
    }
    if (is_whsec && !proof->scheme->decoded) {
        key = scheme_key(pool, &decoded, secret, &length);
        add_key(keys, "The secret was base64-decoded; here it is used as text, with `whsec_`.", key, length);
    }
    if (is_whsec)
        add_key(keys,
                proof->scheme->decoded
                    ? "The secret was used as text without `whsec_`; that text is base64 of the key."
                    : "`whsec_` was left out of the secret; here it belongs to it.",
                secret + 6, strlen(secret + 6));
    add_hex_keys(pool, secret, keys);
    add_key(keys, "The secret ended with a line break, perhaps from the file that it was read from.",
            pool_printf(pool, "%s\n", secret), strlen(secret) + 1);
    add_key(keys, "The key was empty: the secret was not there.", "", 0);
    if (retired) {
        key = scheme_key(pool, proof->scheme, retired, &length);
        add_key(keys, "The secret was the one before, which does not sign here any more.", key, length);
    }
}
