#include "partners/partner.h"

#include "core/crypto.h"

enum { MAX_JITTER_PERCENT = 10 };

const struct partner *const partners[] = { &partner_standard, &partner_bookme, &partner_null, NULL };
const char *const partner_choices[] = { "standard", "bookme", NULL };

const struct partner *partner_find(const char *name)
{
    for (const struct partner *const *at = partners; *at; at++) {
        if (strcmp((*at)->name, name) == 0)
            return *at;
    }
    return NULL;
}

/* The bytes that a secret stands for: what `whsec_` encodes, or else the text itself. */
static const uint8_t *secret_bytes(struct pool *pool, const char *secret, size_t *length)
{
    static const char prefix[] = "whsec_";
    const size_t skip = sizeof prefix - 1;

    if (strncmp(secret, prefix, skip) == 0) {
        const uint8_t *bytes = crypto_base64_decode(pool, secret + skip, strlen(secret + skip), length);
        if (bytes)
            return bytes;
    }
    *length = strlen(secret);
    return (const uint8_t *)secret;
}

static void add_signature(struct pool *pool, const char *secret, const struct buf *content,
                          struct buf *headers)
{
    uint8_t digest[SHA256_SIZE];
    size_t length;
    const uint8_t *key = secret_bytes(pool, secret, &length);

    crypto_hmac_sha256(key, length, content->data, content->length, digest);
    buf_printf(headers, " v1,%s", crypto_base64(pool, digest, sizeof digest));
}

void partner_standard_headers(struct pool *pool, const struct partner *partner,
                              const struct partner_event *event, struct partner_secrets secrets,
                              instant attempt_at, const char *body, size_t length, struct buf *headers)
{
    char id[ID_TEXT_SIZE];
    long long seconds = attempt_at / CLOCK_SECOND;
    struct buf content;

    id_format(id, "evt", event->id);
    buf_printf(headers, "webhook-id: %s\r\nwebhook-timestamp: %lld\r\n", id, seconds);
    if (partner->owns_signature)
        return;
    buf_init(&content, pool, length + sizeof id + 32);
    buf_printf(&content, "%s.%lld.", id, seconds);
    buf_add(&content, body, length);
    buf_add_text(headers, "webhook-signature:");
    add_signature(pool, secrets.current, &content, headers);
    if (secrets.previous)
        add_signature(pool, secrets.previous, &content, headers);
    buf_add_text(headers, "\r\n");
}

int64_t partner_retry_delay(const struct partner *partner, int number)
{
    int64_t delay, span;
    uint64_t chance;
    int at = 0;

    if (number < 1)
        return -1;
    while (at < number - 1 && partner->retry_seconds[at] >= 0)
        at++;
    if (partner->retry_seconds[at] < 0)
        return -1;
    delay = (int64_t)partner->retry_seconds[at] * CLOCK_SECOND;
    span = delay * MAX_JITTER_PERCENT / 100;
    crypto_random(&chance, sizeof chance);
    return delay - span + (int64_t)(chance % (uint64_t)(2 * span + 1));
}
