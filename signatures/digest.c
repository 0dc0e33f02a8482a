#include "signatures/digest.h"

#include <string.h>

static const char HEX[] = "0123456789abcdefABCDEF";

static bool is_hex(const char *text, size_t length)
{
    return strspn(text, HEX) >= length;
}

static uint8_t nibble(char character)
{
    const char *at = strchr(HEX, character);
    size_t place = (size_t)(at - HEX);

    return (uint8_t)(place > 15 ? place - 6 : place);
}

static void read_hex(const char *text, uint8_t out[SHA256_SIZE])
{
    for (size_t i = 0; i < SHA256_SIZE; i++)
        out[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
}

/* Base64 of either alphabet, padded or not. */
static const uint8_t *decode(struct pool *pool, const char *text, size_t *length, bool *is_url)
{
    size_t size = strcspn(text, "=");
    char *plain = pool_alloc(pool, size + 5);

    if (text[size + strspn(text + size, "=")] != '\0')
        return NULL;
    *is_url = strpbrk(text, "-_") != NULL;
    memcpy(plain, text, size);
    for (size_t i = 0; i < size; i++)
        plain[i] = plain[i] == '-' ? '+' : plain[i] == '_' ? '/' : plain[i];
    for (; size % 4 != 0; size++)
        plain[size] = '=';
    return crypto_base64_decode(pool, plain, size, length);
}

static const char *skip_prefix(const char *text, struct digest *digest)
{
    static const char *const prefixes[] = { "v1,", "v1=", "v0=", "sha256=", "sha-256=", NULL };

    digest->prefix = "";
    for (const char *const *at = prefixes; *at; at++) {
        if (strncmp(text, *at, strlen(*at)) == 0) {
            digest->prefix = *at;
            return text + strlen(*at);
        }
    }
    return text;
}

static const char *shape(const char *text)
{
    size_t length = strlen(text);

    if (is_hex(text, length) && length == 32)
        return "This is as long as an MD5 digest; the algorithm is HMAC-SHA256.";
    if (is_hex(text, length) && length == 40)
        return "This is as long as an HMAC-SHA1; the algorithm is HMAC-SHA256.";
    if (is_hex(text, length) && length == 128)
        return "This is as long as an HMAC-SHA512; the algorithm is HMAC-SHA256.";
    if (strchr(text, ' '))
        return "These are several words; compare with one signature at a time.";
    return "This is not a SHA-256 digest: 32 bytes, as 64 characters of hex or 44 of base64.";
}

bool digest_read(struct pool *pool, const char *text, struct digest *digest, const char **why)
{
    const char *bare = skip_prefix(text, digest);
    const uint8_t *bytes;
    size_t length;
    bool is_url;

    if (strlen(bare) == 2 * SHA256_SIZE && is_hex(bare, 2 * SHA256_SIZE)) {
        digest->form = strpbrk(bare, "ABCDEF") ? "upper-case hex" : "lower-case hex";
        read_hex(bare, digest->bytes);
        return true;
    }
    bytes = decode(pool, bare, &length, &is_url);
    if (bytes && length == SHA256_SIZE) {
        digest->form = is_url || !strchr(bare, '=') ? "base64 for URLs or without padding" : "base64";
        memcpy(digest->bytes, bytes, SHA256_SIZE);
        return true;
    }
    if (bytes && length == 2 * SHA256_SIZE && is_hex((const char *)bytes, length)) {
        digest->form = "base64 of the hex text";
        read_hex((const char *)bytes, digest->bytes);
        return true;
    }
    *why = shape(bare);
    return false;
}
