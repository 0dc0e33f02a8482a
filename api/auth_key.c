#include "api/auth.h"
#include "api/permissions.h"
#include "api/request.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/range.h"

enum { KEY_TEXT_MAX = 200, USED_EVERY = CLOCK_MINUTE };

/* The key by its secret and, of a key of several companies, the one that the request names. */
static const struct statement FIND_KEY = {
    "SELECT k.id, k.company_id, c.company_id AS named_id, k.scopes, k.allowed_addresses, k.booking_limit,"
    " k.calendar_limit, k.expires_at, k.revoked_at, k.last_used_at, s.good_until, k.counted_with"
    " FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id"
    " LEFT JOIN api_key_companies c ON c.key_id = k.id AND c.company_id = ? WHERE s.key_hash = ?",
    .in = "us",
};

/*
 * At most one write a minute and key, whatever the number of workers; and whoever finds the row locked goes
 * on without: no request waits for a note.
 */
static const struct statement TOUCH_KEY = {
    "SET STATEMENT innodb_lock_wait_timeout = 0 FOR"
    " UPDATE api_keys SET last_used_at = ? WHERE id = ? AND company_id <=> ?"
    " AND (last_used_at IS NULL OR last_used_at < ?)",
    .in = "tuut",
};

static const char SEALING[] = "idempotent replies";

static void touch(struct request *request, const struct row *row)
{
    instant used = row_time(row, "last_used_at");
    bool locked;

    if (row_is_null(row, "last_used_at") || used + USED_EVERY <= request->now)
        db_try_now(request->db, &TOUCH_KEY,
                   BIND(value_time(request->now), *row_value(row, "id"), *row_value(row, "company_id"),
                        value_time(request->now - USED_EVERY + 1)),
                   &locked);
}

static bool key_lives(const struct row *row, instant now)
{
    if (!row || !row_is_null(row, "revoked_at"))
        return false;
    if (!row_is_null(row, "good_until") && row_time(row, "good_until") <= now)
        return false;
    return row_is_null(row, "expires_at") || row_time(row, "expires_at") > now;
}

static void refuse(struct request *request, enum error_code code, const char *member, const char *reason)
{
    request->actor.refused = code;
    request->actor.refused_details = json_new_object(request->pool);
    json_set_text(request->actor.refused_details, member, reason);
}

/* Which company it is, by the key and the header; a malformed id is the id of none. */
static void choose_company(struct request *request, const struct row *row, const char *header,
                           struct id named)
{
    struct actor *actor = &request->actor;

    if (!row_is_null(row, "company_id")) {
        if (header && !id_equal(named, actor->company))
            refuse(request, ERROR_FORBIDDEN, "company-id", "the key belongs to another company");
    } else if (!permission_granted(actor->scopes, "platform")) {
        actor->spans = true;
        actor->company = row_id(row, "named_id");
        if (!header)
            refuse(request, ERROR_BAD_REQUEST, "company-id",
                   "this key spans several companies: the header must name one");
        else if (id_is_nil(actor->company))
            refuse(request, ERROR_FORBIDDEN, "company-id", "the key does not span this company");
    }
}

static void fill_actor(struct request *request, const struct row *row)
{
    request->actor = (struct actor){ .key = row_id(row, "id"),
                                     .company = row_id(row, "company_id"),
                                     .scopes = row_text(row, "scopes"),
                                     .addresses = row_text(row, "allowed_addresses"),
                                     .expires_at = row_time(row, "expires_at"),
                                     .fading = !row_is_null(row, "good_until"),
                                     .counted_with = row_id(row, "counted_with"),
                                     .booking_limit = row_int(row, "booking_limit"),
                                     .calendar_limit = row_int(row, "calendar_limit") };
}

bool auth_key(struct request *request, const char *key)
{
    const char *header = request->exchange->param(request->exchange, "HTTP_COMPANY_ID");
    uint8_t hash[SHA256_SIZE];
    struct id named = { { 0 } };
    const struct row *row;

    if (strlen(key) > KEY_TEXT_MAX || !crypto_api_key_is_plausible(key, strlen(key)))
        return false;
    if (header && header[0])
        id_parse(&named, "cli", header, strlen(header));
    else
        header = NULL;
    crypto_sha256(key, strlen(key), hash);
    row = db_one(request->db, request->pool, &FIND_KEY,
                 BIND(value_id(named), value_bytes((const char *)hash, sizeof hash)));
    if (!key_lives(row, request->now))
        return false;
    fill_actor(request, row);
    crypto_hmac_sha256(key, strlen(key), SEALING, sizeof SEALING - 1, request->actor.sealing_key);
    choose_company(request, row, header, named);
    if (request->actor.addresses && !range_list_holds(request->actor.addresses, request->address))
        refuse(request, ERROR_FORBIDDEN, "address", "the key may not be used from here");
    if (request->actor.refused != ERROR_NONE)
        request->actor.scopes = "";
    else
        touch(request, row);
    return true;
}
