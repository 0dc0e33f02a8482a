#include "signatures/diagnose.h"

#include "signatures/digest.h"
#include "signatures/mistakes.h"

#include <string.h>

enum { MARGIN = 256, BODY_LARGE = 32 * 1024 /* of a larger body only single mistakes are tried */ };

struct search {
    struct pool *pool;
    const struct question *question;
    struct digest digest;
    struct contents contents;
    struct times times;
    struct keys keys;
    struct buf text;
    int most; /* mistakes at once */

    const struct proof *found; /* NULL: nothing yet */
    int cost;
    const struct content *content;
    const struct time_text *time;
    const char *key, *pattern; /* the key's words */
};

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

    for (size_t i = 0; i < search->contents.count; i++) {
        int all = mistakes + (i > 0), cost = 2 * all + form;

        if (all > search->most || (search->found && cost >= search->cost) ||
            !gives(search, proof, key, pattern, text, &search->contents.items[i]))
            continue;
        search->found = proof;
        search->cost = cost;
        search->key = key->words;
        search->pattern = pattern == proof->scheme->pattern ? NULL : pattern;
        search->time = time;
        search->content = i > 0 ? &search->contents.items[i] : NULL;
    }
}

static void try_times(struct search *search, const struct proof *proof, const struct key *key,
                      const char *pattern, int mistakes)
{
    try_contents(search, proof, key, pattern, NULL, mistakes);
    if (!scheme_uses(pattern, "{timestamp}"))
        return;
    for (size_t i = 0; i < search->times.count; i++)
        if (strcmp(search->times.items[i].text, proof->parts.timestamp) != 0)
            try_contents(search, proof, key, pattern, &search->times.items[i], mistakes + 1);
}

static void try_all(struct search *search, const struct proof *proof)
{
    mistakes_keys(search->pool, proof, search->question->retired, &search->keys);
    for (size_t i = 0; i < search->keys.count; i++) {
        const struct key *key = &search->keys.items[i];
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
        mistakes_contents(pool, &question->proofs[0].parts, &search->contents);
        mistakes_times(pool, question->attempt_at, question->event->created_at, &search->times);
        search->most = search->contents.items[0].body_length > BODY_LARGE ? 1 : 2;
        buf_init(&search->text, pool, 16 * search->contents.items[0].body_length + 2 * MARGIN);
    }
    for (size_t i = 0; i < question->proofs_count; i++)
        try_all(search, &question->proofs[i]);
    if (search->found)
        say_found(search, diagnosis);
    else
        say_nothing(search, diagnosis);
}
