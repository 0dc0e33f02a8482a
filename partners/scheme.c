#include "partners/scheme.h"

#include "base/crypto.h"
#include "base/fault.h"

#include <string.h>

enum { MARGIN = 256 }; /* ids, event names, times and dots */

#define WHSEC_KEY                                                                                            \
    "the bytes that the base64 text after `whsec_` stands for; a secret without `whsec_` is used as its "    \
    "own bytes"

const struct scheme scheme_standard = {
    .name = "standard",
    .header = "webhook-signature",
    .family = "webhook",
    .pattern = "{id}.{timestamp}.{body}",
    .prefix = "v1,",
    .base64 = true,
    .decoded = true,
    .several = true,
    .key_doc = WHSEC_KEY,
};

const struct scheme scheme_svix = {
    .name = "svix",
    .header = "svix-signature",
    .family = "svix",
    .pattern = "{id}.{timestamp}.{body}",
    .prefix = "v1,",
    .base64 = true,
    .decoded = true,
    .several = true,
    .key_doc = WHSEC_KEY,
};

const struct scheme scheme_github = {
    .name = "github",
    .header = "X-Hub-Signature-256",
    .pattern = "{body}",
    .prefix = "sha256=",
    .key_doc = "the secret's own bytes as text, with `whsec_` where it begins so",
};

bool scheme_uses(const char *pattern, const char *part)
{
    return strstr(pattern, part) != NULL;
}

const char *scheme_timestamp(struct pool *pool, const struct scheme *scheme, instant at)
{
    char text[CLOCK_TEXT_SIZE];

    if (scheme->full_time)
        return pool_strdup(pool, clock_format(text, at));
    return pool_printf(pool, "%lld", (long long)(at / CLOCK_SECOND));
}

static size_t length_of(const char *text)
{
    return text ? strlen(text) : 0;
}

/* Adds the part that the pattern names at `at` and returns what follows it; NULL: none is named there. */
static const char *add_part(const char *at, const struct parts *parts, struct buf *text)
{
    const struct {
        const char *name, *text;
        size_t length;
    } known[] = {
        { "{id}", parts->id, length_of(parts->id) },
        { "{event}", parts->event, length_of(parts->event) },
        { "{timestamp}", parts->timestamp, length_of(parts->timestamp) },
        { "{body}", parts->body, parts->body_length },
        { "{data}", parts->data, parts->data_length },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t length = strlen(known[i].name);

        if (strncmp(at, known[i].name, length) != 0)
            continue;
        if (known[i].text)
            buf_add(text, known[i].text, known[i].length);
        return at + length;
    }
    return NULL;
}

void scheme_text(const char *pattern, const struct parts *parts, struct buf *text)
{
    for (const char *at = pattern; *at;) {
        const char *next = *at == '{' ? add_part(at, parts, text) : NULL;

        if (!next)
            buf_add_char(text, *at++);
        else
            at = next;
    }
}

const uint8_t *scheme_key(struct pool *pool, const struct scheme *scheme, const char *secret, size_t *length)
{
    static const char prefix[] = "whsec_";
    const size_t skip = sizeof prefix - 1;

    if (scheme->decoded && strncmp(secret, prefix, skip) == 0) {
        const uint8_t *bytes = crypto_base64_decode(pool, secret + skip, strlen(secret + skip), length);
        if (bytes)
            return bytes;
    }
    *length = strlen(secret);
    return (const uint8_t *)secret;
}

char *scheme_sign(struct pool *pool, const struct scheme *scheme, const char *secret,
                  const struct parts *parts)
{
    uint8_t digest[SHA256_SIZE];
    size_t length;
    const uint8_t *key = scheme_key(pool, scheme, secret, &length);
    struct buf text;

    buf_init(&text, pool, parts->body_length + parts->data_length + MARGIN);
    scheme_text(scheme->pattern, parts, &text);
    if (text.overflowed)
        fault_raise(FAULT_BROKEN, "what the scheme %s signs cannot be written", scheme->name);
    crypto_hmac_sha256(key, length, text.data ? text.data : "", text.length, digest);
    return pool_printf(pool, "%s%s", scheme->prefix,
                       scheme->base64 ? crypto_base64(pool, digest, sizeof digest)
                                      : crypto_hex(pool, digest, sizeof digest));
}
