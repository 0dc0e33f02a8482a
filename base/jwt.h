/*
 * jwt: the access tokens of logins, as JSON Web Tokens (RFC 7519) in their compact form (RFC 7515), signed
 * with HMAC-SHA-256. Header and algorithm are fixed: whatever else a token says of itself makes it no token.
 */
#ifndef BASE_JWT_H
#define BASE_JWT_H

#include "base/clock.h"
#include "base/id.h"
#include "base/pool.h"

struct jwt_claims {
    struct id user, session, company; /* sub, sid, cid */
    const char *role;                 /* as it was when the token was made: for the client to look at */
    instant issued_at, expires_at;    /* iat, exp: whole seconds in the token */
};

/* `secret` has at least JWT_SECRET_MIN characters. */
enum { JWT_SECRET_MIN = 32 };
char *jwt_write(struct pool *pool, const char *secret, const struct jwt_claims *claims);
/* Two dots between runs of base64url: what tells a token from an API key. */
bool jwt_is_plausible(const char *text);
/* False where the token was not made by jwt_write with this secret, or has expired. */
bool jwt_read(struct pool *pool, const char *secret, const char *token, instant now,
              struct jwt_claims *claims);

#endif
