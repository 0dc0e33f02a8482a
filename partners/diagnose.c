#include "partners/diagnose.h"

#include "partners/digest.h"
#include "partners/restyle.h"

#include <string.h>

enum {
    MARGIN = 256,
    TIMES_MAX = 9,
    CONTENTS_MAX = 20,
    KEYS_MAX = 12,
    BODY_LARGE = 64 * 1024, /* of a larger body only single mistakes are tried */
};

/* One way to do it otherwise, and its words. The first of each list is the right way and has none. */
struct content {
    const char *words, *body, *data;
    size_t body_length, data_length;
};
struct time_text {
    const char *words, *text;
};
struct key {
    const char *words;
    const uint8_t *bytes;
    size_t length;
};

struct search {
    struct pool *pool;
    const struct question *question;
    struct digest digest;
    struct content contents[CONTENTS_MAX];
    struct time_text times[TIMES_MAX];
    struct key keys[KEYS_MAX];
    size_t contents_count, times_count, keys_count;
    struct buf text;
    int most; /* mistakes at once */

    const struct proof *found; /* NULL: nothing yet */
    int cost;
    const struct content *content;
    const struct time_text *time;
    const char *key, *pattern; /* the key's words */
};

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

static void add_content(struct search *search, struct content content)
{
    const struct content *right = &search->contents[0];
    bool same_body = content.body_length == right->body_length &&
                     memcmp(content.body, right->body, right->body_length) == 0;
    bool same_data = content.data_length == right->data_length &&
                     (!right->data || memcmp(content.data, right->data, right->data_length) == 0);

    if (search->contents_count == 0 || !same_body || !same_data)
        search->contents[search->contents_count++] = content;
}

static void add_changed(struct search *search, const char *words,
                        void (*change)(struct buf *out, const char *text, size_t length, const void *how),
                        const void *how)
{
    const struct content *right = &search->contents[0];
    struct buf body, data;

    buf_init(&body, search->pool, 8 * right->body_length + MARGIN);
    buf_init(&data, search->pool, 8 * right->data_length + MARGIN);
    change(&body, right->body, right->body_length, how);
    if (right->data)
        change(&data, right->data, right->data_length, how);
    if (!body.overflowed && !data.overflowed && body.data)
        add_content(search, (struct content){ words, body.data, data.data, body.length, data.length });
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

static void list_contents(struct search *search)
{
    const struct parts *parts = &search->question->proofs[0].parts;

    add_content(search,
                (struct content){ NULL, parts->body, parts->data, parts->body_length, parts->data_length });
    add_changed(search, "A line break was added at the end of the text.", change_end, "\n");
    add_changed(search, "A line break (CR LF) was added at the end of the text.", change_end, "\r\n");
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        add_changed(search, styles[i].words, change_style, &styles[i].style);
    add_changed(search, "The text was made into a JSON string once more, in quotes.", change_quoted, NULL);
    add_changed(search, "The bytes were read as Latin-1; they are UTF-8.", change_latin, NULL);
    add_changed(search, "The member `signature` was taken out of the body, but the rest was signed whole.",
                change_unsigned, NULL);
}

/* ---- other times ---- */

static void list_times(struct search *search)
{
    const struct question *question = search->question;
    const instant moments[] = { question->attempt_at, question->event->created_at };
    static const char *const attempt_words[] = {
        "The timestamp was in seconds.", "The timestamp was in milliseconds.",
        "The timestamp was written as a date with milliseconds.",
        "The timestamp was written as a date without milliseconds."
    };
    static const char event_words[] = "The timestamp was that of the event, not that of this attempt.";
    char text[CLOCK_TEXT_SIZE];

    for (size_t i = 0; i < 2; i++) {
        instant at = moments[i];
        const char *texts[] = { pool_printf(search->pool, "%lld", (long long)(at / CLOCK_SECOND)),
                                pool_printf(search->pool, "%lld", (long long)at),
                                pool_strdup(search->pool, clock_format(text, at)),
                                pool_strdup(search->pool, clock_format_seconds(text, at)) };

        for (size_t j = 0; j < 4; j++)
            search->times[search->times_count++] =
                (struct time_text){ i == 0 ? attempt_words[j] : event_words, texts[j] };
    }
}

/* ---- other keys ---- */

static void add_key(struct search *search, const char *words, const void *bytes, size_t length)
{
    if (bytes)
        search->keys[search->keys_count++] = (struct key){ words, bytes, length };
}

static void add_hex_keys(struct search *search, const char *secret)
{
    uint8_t digest[SHA256_SIZE];
    const char *hash;

    crypto_sha256(secret, strlen(secret), digest);
    hash = crypto_hex(search->pool, digest, sizeof digest);
    add_key(search, "The key was hashed once more before it was used.", hash, strlen(hash));
    if (strlen(secret) != 2 * SHA256_SIZE || strspn(secret, "0123456789abcdef") != 2 * SHA256_SIZE)
        return;
    struct digest *bytes = pool_alloc(search->pool, sizeof *bytes);
    char *upper = pool_strdup(search->pool, secret);

    digest_read(search->pool, secret, bytes, &hash);
    for (char *at = upper; *at; at++)
        *at = (char)(*at >= 'a' ? *at - 'a' + 'A' : *at);
    add_key(search, "The key was the bytes that the hex stands for; it is the hex text itself.", bytes->bytes,
            SHA256_SIZE);
    add_key(search, "The key was in upper-case hex; it is in lower case.", upper, 2 * SHA256_SIZE);
}

static void list_keys(struct search *search, const struct proof *proof)
{
    const struct scheme plain = { .decoded = false }, decoded = { .decoded = true };
    const char *secret = proof->secret, *retired = search->question->retired;
    bool is_whsec = strncmp(secret, "whsec_", 6) == 0;
    size_t length;
    const uint8_t *key = scheme_key(search->pool, proof->scheme, secret, &length);

    search->keys_count = 0;
    add_key(search, NULL, key, length);
    if (is_whsec && proof->scheme->decoded) {
        key = scheme_key(search->pool, &plain, secret, &length);
        add_key(search, "The secret was used as text; what follows `whsec_` is base64 of the key.", key,
                length);
    }
    if (is_whsec && !proof->scheme->decoded) {
        key = scheme_key(search->pool, &decoded, secret, &length);
        add_key(search, "The secret was base64-decoded; here it is used as text, with `whsec_`.", key,
                length);
    }
    if (is_whsec)
        add_key(search,
                proof->scheme->decoded
                    ? "The secret was used as text without `whsec_`; that text is base64 of the key."
                    : "`whsec_` was left out of the secret; here it belongs to it.",
                secret + 6, strlen(secret + 6));
    add_hex_keys(search, secret);
    add_key(search, "The secret ended with a line break, perhaps from the file that it was read from.",
            pool_printf(search->pool, "%s\n", secret), strlen(secret) + 1);
    add_key(search, "The key was empty: the secret was not there.", "", 0);
    if (retired) {
        key = scheme_key(search->pool, proof->scheme, retired, &length);
        add_key(search, "The secret was the one before, which does not sign here any more.", key, length);
    }
}

/* ---- the search ---- */

static const char *const patterns[] = {
    "{id}.{timestamp}.{body}",
    "{timestamp}.{body}",
    "{id}.{body}",
    "{body}",
    "{data}",
    "{event}.{timestamp}.{data}",
    "{event}.{timestamp}.{body}",
    "{timestamp}.{data}",
    "{event}.{data}",
    "{id}.{timestamp}.{data}",
    "{id}{timestamp}{body}",
    "{timestamp}{body}",
    "{event}{timestamp}{data}",
    "{timestamp}.{id}.{body}",
    NULL,
};

static bool gives(struct search *search, const struct proof *proof, const struct key *key,
                  const char *pattern, const char *time, const struct content *content)
{
    uint8_t digest[SHA256_SIZE];
    struct parts parts = {
        .id = proof->parts.id,
        .event = proof->parts.event,
        .timestamp = time,
        .body = content->body,
        .body_length = content->body_length,
        .data = content->data,
        .data_length = content->data_length,
    };

    buf_clear(&search->text);
    scheme_text(pattern, &parts, &search->text);
    crypto_hmac_sha256(key->bytes, key->length, search->text.data, search->text.length, digest);
    return crypto_equal(digest, sizeof digest, search->digest.bytes, sizeof digest);
}

/* Of two schemes that explain it as well, it is the one whose way of writing was followed. */
static bool is_written_so(const struct digest *digest, const struct scheme *scheme)
{
    return strcmp(digest->form, scheme->base64 ? "base64" : "lower-case hex") == 0 &&
           strcmp(digest->prefix, scheme->prefix) == 0;
}

/* Tries every content with what was chosen before it, which holds that many mistakes. */
static void try_contents(struct search *search, const struct proof *proof, const struct key *key,
                         const char *pattern, const struct time_text *time, int mistakes)
{
    const char *text = time ? time->text : proof->parts.timestamp;
    int form = is_written_so(&search->digest, proof->scheme) ? 0 : 1;

    for (size_t i = 0; i < search->contents_count; i++) {
        int all = mistakes + (i > 0), cost = 2 * all + form;

        if (all > search->most || (search->found && cost >= search->cost) ||
            !gives(search, proof, key, pattern, text, &search->contents[i]))
            continue;
        search->found = proof;
        search->cost = cost;
        search->key = key->words;
        search->pattern = pattern == proof->scheme->pattern ? NULL : pattern;
        search->time = time;
        search->content = i > 0 ? &search->contents[i] : NULL;
    }
}

static void try_times(struct search *search, const struct proof *proof, const struct key *key,
                      const char *pattern, int mistakes)
{
    try_contents(search, proof, key, pattern, NULL, mistakes);
    if (!scheme_uses(pattern, "{timestamp}"))
        return;
    for (size_t i = 0; i < search->times_count; i++)
        if (strcmp(search->times[i].text, proof->parts.timestamp) != 0)
            try_contents(search, proof, key, pattern, &search->times[i], mistakes + 1);
}

static void try_all(struct search *search, const struct proof *proof)
{
    list_keys(search, proof);
    for (size_t i = 0; i < search->keys_count; i++) {
        const struct key *key = &search->keys[i];
        int mistakes = i > 0;

        try_times(search, proof, key, proof->scheme->pattern, mistakes);
        for (const char *const *pattern = patterns; *pattern; pattern++)
            if (mistakes < search->most && strcmp(*pattern, proof->scheme->pattern) != 0)
                try_times(search, proof, key, *pattern, mistakes + 1);
    }
}

/* ---- words ---- */

static void say(struct diagnosis *diagnosis, const char *line)
{
    if (line && diagnosis->count < DIAGNOSIS_LINES_MAX)
        diagnosis->lines[diagnosis->count++] = line;
}

static void say_form(struct search *search, struct diagnosis *diagnosis)
{
    const struct scheme *scheme = search->found->scheme;
    const struct digest *digest = &search->digest;
    const char *form = scheme->base64 ? "base64" : "lower-case hex";

    if (strcmp(digest->form, form) != 0)
        say(diagnosis,
            pool_printf(search->pool, "The digest was written in %s; here it is %s.", digest->form, form));
    if (strcmp(digest->prefix, scheme->prefix) == 0)
        return;
    if (*scheme->prefix)
        say(diagnosis,
            pool_printf(search->pool, "In the message `%s` stands in front of the digest.", scheme->prefix));
    else
        say(diagnosis,
            pool_printf(search->pool, "In the message nothing stands in front of the digest, not `%s`.",
                        digest->prefix));
}

static void say_found(struct search *search, struct diagnosis *diagnosis)
{
    const struct proof *found = search->found;

    diagnosis->scheme = found->scheme->name;
    say(diagnosis, search->key);
    if (search->pattern)
        say(diagnosis, pool_printf(search->pool, "The text that was signed was `%s`; here it is `%s`.",
                                   search->pattern, found->scheme->pattern));
    if (search->time)
        say(diagnosis, search->time->words);
    if (search->content)
        say(diagnosis, search->content->words);
    say_form(search, diagnosis);
    if (found->previous)
        say(diagnosis, "The secret was the previous one, which still signs beside the current one.");
}

static void say_nothing(struct search *search, struct diagnosis *diagnosis)
{
    say(diagnosis, "None of the usual mistakes gives this signature: compare what was signed with "
                   "`signedText`, byte by byte, and the secret with the endpoint's own.");
    if (search->question->partner->stored_secret)
        say(diagnosis, "Only the hash of the raw key is kept, so what the raw key itself would sign is not "
                       "known here: the key is the lower-case hex SHA-256 of the raw key, as text.");
}

static bool matches(const struct question *question, const char *computed, struct diagnosis *diagnosis)
{
    for (size_t i = 0; i < question->proofs_count; i++) {
        const struct proof *proof = &question->proofs[i];

        if (!crypto_equal(computed, strlen(computed), proof->signature, strlen(proof->signature)))
            continue;
        diagnosis->match = true;
        diagnosis->scheme = proof->scheme->name;
        if (proof->previous)
            say(diagnosis, "The secret was the previous one, which still signs beside the current one.");
        return true;
    }
    return false;
}

void partner_diagnose(struct pool *pool, const struct question *question, struct diagnosis *diagnosis)
{
    struct search *search = pool_alloc(pool, sizeof *search);
    const char *why;

    *diagnosis = (struct diagnosis){ 0 };
    if (matches(question, question->computed, diagnosis))
        return;
    if (!digest_read(pool, question->computed, &search->digest, &why)) {
        say(diagnosis, why);
        return;
    }
    search->pool = pool;
    search->question = question;
    if (question->proofs_count > 0) {
        list_contents(search);
        list_times(search);
        search->most = search->contents[0].body_length > BODY_LARGE ? 1 : 2;
        buf_init(&search->text, pool, 16 * search->contents[0].body_length + 2 * MARGIN);
    }
    for (size_t i = 0; i < question->proofs_count; i++)
        try_all(search, &question->proofs[i]);
    if (search->found)
        say_found(search, diagnosis);
    else
        say_nothing(search, diagnosis);
}
