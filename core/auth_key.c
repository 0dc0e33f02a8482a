#include "core/auth.h"
#include "core/crypto.h"
#include "core/request.h"

enum { KEY_TEXT_MAX = 200, USED_EVERY = CLOCK_MINUTE };

static const struct statement FIND_KEY = {
    "SELECT k.id, k.company_id, k.scopes, k.expires_at, k.revoked_at, k.last_used_at, s.good_until"
    " FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id WHERE s.key_hash = ?",
    .in = "s",
    .out = "uustttt",
};

/* At most one write a minute and key, whatever the number of workers: no pile-up on the row's lock. */
static const struct statement TOUCH_KEY = {
    "UPDATE api_keys SET last_used_at = ? WHERE id = ? AND company_id <=> ?"
    " AND (last_used_at IS NULL OR last_used_at < ?)",
    .in = "tuut",
};

static const char SEALING[] = "idempotent replies";

static void touch(struct request *request, const struct row *row)
{
    instant used = row_time(row, "last_used_at");

    if (row_is_null(row, "last_used_at") || used + USED_EVERY <= request->now)
        db_run(request->db, &TOUCH_KEY,
               BIND(value_time(request->now), *row_value(row, "id"), *row_value(row, "company_id"),
                    value_time(request->now - USED_EVERY + 1)));
}

static bool key_lives(const struct row *row, instant now)
{
    if (!row || !row_is_null(row, "revoked_at"))
        return false;
    if (!row_is_null(row, "good_until") && row_time(row, "good_until") <= now)
        return false;
    return row_is_null(row, "expires_at") || row_time(row, "expires_at") > now;
}

bool auth_key(struct request *request, const char *key)
{
    uint8_t hash[SHA256_SIZE];
    const struct row *row;

    if (strlen(key) > KEY_TEXT_MAX || !crypto_api_key_is_plausible(key, strlen(key)))
        return false;
    crypto_sha256(key, strlen(key), hash);
    row = db_one(request->db, request->pool, &FIND_KEY, BIND(value_bytes((const char *)hash, sizeof hash)));
    if (!key_lives(row, request->now))
        return false;
    request->actor = (struct actor){ .key = row_id(row, "id"),
                                     .company = row_id(row, "company_id"),
                                     .scopes = row_text(row, "scopes") };
    crypto_hmac_sha256(key, strlen(key), SEALING, sizeof SEALING - 1, request->actor.sealing_key);
    touch(request, row);
    return true;
}
