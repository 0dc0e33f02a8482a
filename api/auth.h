/*
 * auth: who asks. API keys from `Authorization: Bearer <key>` or a bare key there, `API-KEY`, or `X-API-Key`;
 * people by the access token of their login (base/jwt) in `Authorization: Bearer <token>`.
 *
 * Of a key the checksum is tested before SQL is; the SHA-256 is looked up; revoked and expired keys are
 * refused at once. Of a token the signature is tested before SQL is; ended logins and removed people are
 * refused at once.
 */
#ifndef API_AUTH_H
#define API_AUTH_H

#include "api/error.h"
#include "base/crypto.h"
#include "base/id.h"

#include "base/clock.h"

#include <stdbool.h>

struct json_object;
struct request;

struct actor {
    struct id key;                    /* nil: a person, or nobody */
    struct id user;                   /* nil: a key, or nobody */
    struct id session;                /* of the person */
    struct id company;                /* nil: a platform key */
    const char *role;                 /* of the person; NULL: a key */
    uint8_t sealing_key[SHA256_SIZE]; /* of what the database does not hold (the raw key, the setting's
                                         secret): what it seals, the database cannot read */
    const char *scopes;    /* space-separated; `*` is everything of the company, `platform` is the operator */
    bool fading;           /* by a secret of the key that another has replaced, and that ends soon */
    bool spans;            /* a key of several companies; `company` is the one that this request names */
    const char *addresses; /* the ranges that the key is bound to; NULL: anywhere */
    instant expires_at;    /* of the key; 0: never */
    int64_t booking_limit, calendar_limit; /* of the key; 0: the settings' */
    struct id counted_with; /* the limited key that it comes from, whose count it shares; nil: none */
    enum error_code
        refused; /* why a key or login that lives opens nothing here: from where, or for which company */
    struct json_object *refused_details; /* of the pool, or NULL */
};

/*
 * Fills request->actor. ERROR_NONE, ERROR_UNAUTHORIZED (no credentials, wrong ones, revoked, expired) or
 * ERROR_FORBIDDEN (scope missing). `a:write` includes `a:read`; `session` is held by every person who is
 * logged in and by no key. A public route takes any caller; credentials that are sent there are checked all
 * the same. Every other scope than `platform` needs a caller that is bound to a company.
 */
enum error_code auth_check(struct request *request, const char *scope);

/*
 * auth_key.c: fills request->actor by an API key; false where the key opens nothing anywhere. A key that
 * lives but is refused here (actor.refused) has no scopes.
 *
 * A key of several companies needs the header `company-id` (400 without it, 403 with one that it does not
 * span); a key of one company takes only its own there, and so does a login.
 */
bool auth_key(struct request *request, const char *key);
/* auth_session.c: fills request->actor by an access token; false where it opens nothing. */
bool auth_session(struct request *request, const char *token);

#endif
