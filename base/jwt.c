#include "base/jwt.h"

#include "base/crypto.h"
#include "base/json.h"

#include <string.h>

enum { TOKEN_MAX = 1024, CLAIMS_MAX = 512 };
static const char HEADER[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *signature_of(struct pool *pool, const char *secret, const char *text, size_t length)
{
    uint8_t mac[SHA256_SIZE];

    crypto_hmac_sha256(secret, strlen(secret), text, length, mac);
    return crypto_base64url(pool, mac, sizeof mac);
}

char *jwt_write(struct pool *pool, const char *secret, const struct jwt_claims *claims)
{
    struct json_object *body = json_new_object(pool);
    const char *text, *signed_part;

    json_set_id(body, "sub", "usr", claims->user);
    json_set_id(body, "sid", "ses", claims->session);
    json_set_id(body, "cid", "cli", claims->company);
    json_set_text(body, "role", claims->role);
    json_set_int(body, "iat", claims->issued_at / CLOCK_SECOND);
    json_set_int(body, "exp", claims->expires_at / CLOCK_SECOND);
    text = json_text(pool, body);
    signed_part = pool_printf(pool, "%s.%s", crypto_base64url(pool, HEADER, sizeof HEADER - 1),
                              crypto_base64url(pool, text, strlen(text)));
    return pool_printf(pool, "%s.%s", signed_part,
                       signature_of(pool, secret, signed_part, strlen(signed_part)));
}

bool jwt_is_plausible(const char *text)
{
    for (int part = 0; part < 3; part++) {
        size_t length = strspn(text, BASE64URL);

        if (length == 0 || text[length] != (part < 2 ? '.' : '\0'))
            return false;
        text += length + 1;
    }
    return true;
}

/* RFC 4648 §5 without padding, as strict as crypto_base64_decode; NULL when malformed. */
static const char *decode(struct pool *pool, const char *text, size_t length, size_t *out_length)
{
    char *padded = pool_alloc(pool, length + 4);
    size_t used;

    for (used = 0; used < length; used++)
        padded[used] = text[used] == '-' ? '+' : text[used] == '_' ? '/' : text[used];
    while (used % 4 != 0)
        padded[used++] = '=';
    return (const char *)crypto_base64_decode(pool, padded, used, out_length);
}

static bool read_id(struct json_object *body, const char *name, const char *prefix, struct id *id)
{
    const char *text = json_get_text(body, name);

    return text && id_parse(id, prefix, text, strlen(text)) && !id_is_nil(*id);
}

static bool read_claims(struct pool *pool, const char *text, size_t length, struct jwt_claims *claims)
{
    const char *why;
    size_t size;
    const char *bytes = decode(pool, text, length, &size);
    struct json_object *body =
        bytes ? json_parse(pool, bytes, size, (struct json_limits){ CLAIMS_MAX, 1 }, &why) : NULL;

    if (!body || !json_object_is_type(body, json_type_object))
        return false;
    claims->role = json_get_text(body, "role");
    claims->issued_at = json_get_int(body, "iat", 0) * CLOCK_SECOND;
    claims->expires_at = json_get_int(body, "exp", 0) * CLOCK_SECOND;
    return claims->role && read_id(body, "sub", "usr", &claims->user) &&
           read_id(body, "sid", "ses", &claims->session) && read_id(body, "cid", "cli", &claims->company);
}

bool jwt_read(struct pool *pool, const char *secret, const char *token, instant now,
              struct jwt_claims *claims)
{
    const char *header = crypto_base64url(pool, HEADER, sizeof HEADER - 1), *body, *mac, *wanted;

    if (strlen(secret) < JWT_SECRET_MIN || strlen(token) > TOKEN_MAX || !jwt_is_plausible(token))
        return false;
    body = strchr(token, '.') + 1;
    mac = strrchr(token, '.') + 1;
    wanted = signature_of(pool, secret, token, (size_t)(mac - 1 - token));
    if (!crypto_equal(mac, strlen(mac), wanted, strlen(wanted)))
        return false;
    if ((size_t)(body - 1 - token) != strlen(header) || memcmp(token, header, strlen(header)) != 0)
        return false;
    *claims = (struct jwt_claims){ 0 };
    return read_claims(pool, body, (size_t)(mac - 1 - body), claims) && claims->expires_at > now;
}
