#include "rules/webhooks.h"

#include "core/crypto.h"

#include <string.h>

static const char PREFIX[] = "whsec_";
enum { TOKEN_BYTES = 32, DISPLAYED = 8 /* last characters of a key */ };

const char *const webhook_formats[] = { "standard", "clientpass", "booking-api", "therapy",
                                        "bookme",   "pushpress",  NULL };
const char *const webhook_signatures[] = { "svix", "github", NULL };

static bool is_therapy(const char *format)
{
    return strcmp(format, "therapy") == 0;
}

const char *webhook_new_secret(struct pool *pool, const char *format)
{
    uint8_t token[TOKEN_BYTES];

    if (is_therapy(format))
        return crypto_api_key(pool);
    if (strcmp(format, "pushpress") != 0)
        return crypto_webhook_secret(pool);
    crypto_random(token, sizeof token);
    return crypto_hex(pool, token, sizeof token);
}

const char *webhook_stored_secret(struct pool *pool, const char *format, const char *raw)
{
    uint8_t hash[SHA256_SIZE];

    if (!is_therapy(format))
        return raw;
    crypto_sha256(raw, strlen(raw), hash);
    return crypto_hex(pool, hash, sizeof hash);
}

const char *webhook_display_key(struct pool *pool, const char *format, const char *raw)
{
    size_t length = strlen(raw);

    if (!is_therapy(format) || length < 2 * DISPLAYED)
        return NULL;
    return pool_printf(pool, "sk_live_%s", raw + length - DISPLAYED);
}

const char *webhook_secret_problem(struct pool *pool, const char *secret)
{
    size_t skip = sizeof PREFIX - 1, length;

    if (strncmp(secret, PREFIX, skip) != 0)
        return NULL;
    if (!crypto_base64_decode(pool, secret + skip, strlen(secret + skip), &length) ||
        length < WEBHOOK_SECRET_BYTES_MIN || length > WEBHOOK_SECRET_BYTES_MAX)
        return "must be base64 of 24 to 64 bytes after whsec_";
    return NULL;
}
