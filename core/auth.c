#include "core/auth.h"

#include "core/config.h"
#include "core/crypto.h"
#include "core/request.h"

enum { KEY_TEXT_MAX = 200, USED_EVERY = CLOCK_MINUTE };

static const struct statement FIND_KEY = {
    "SELECT id, company_id, scopes, expires_at, revoked_at, last_used_at FROM api_keys WHERE key_hash = ?",
    .in = "s",
    .out = "uusttt",
};

/* At most one write a minute and key, whatever the number of workers: no pile-up on the row's lock. */
static const struct statement TOUCH_KEY = {
    "UPDATE api_keys SET last_used_at = ? WHERE id = ? AND company_id <=> ?"
    " AND (last_used_at IS NULL OR last_used_at < ?)",
    .in = "tuut",
};

static const char SEALING[] = "idempotent replies";

static const char *header(struct request *request, const char *variable)
{
    const char *value = request->exchange->param(request->exchange, variable);

    return value && value[0] ? value : NULL;
}

/* The key as sent, and in which header: the 401 tells, so that `doctor` sees what the web server lets
 * through. */
static const char *sent_key(struct request *request, const char **where)
{
    const char *value = header(request, "HTTP_AUTHORIZATION");

    *where = "authorization";
    if (value && strncasecmp(value, "Bearer ", 7) == 0)
        return value + 7 + strspn(value + 7, " ");
    if (value && !strchr(value, ' ')) /* `Basic …` and its like are for somebody on the way */
        return value;
    *where = "api-key";
    value = header(request, "HTTP_API_KEY");
    if (value)
        return value;
    *where = "x-api-key";
    value = header(request, "HTTP_X_API_KEY");
    if (!value)
        *where = "none";
    return value;
}

static bool has_word(const char *words, const char *word, size_t length)
{
    for (const char *c = words; *c;) {
        size_t size = strcspn(c, " ");

        if (size == length && memcmp(c, word, length) == 0)
            return true;
        c += size;
        c += strspn(c, " ");
    }
    return false;
}

static bool scope_allows(const char *scopes, const char *scope)
{
    size_t length = strlen(scope), stem = strcspn(scope, ":");
    char writing[64];

    if (strcmp(scope, "platform") == 0)
        return has_word(scopes, "platform", length);
    if (has_word(scopes, "*", 1) || has_word(scopes, scope, length))
        return true;
    snprintf(writing, sizeof writing, "%.*s:write", (int)stem, scope);
    return strcmp(scope + stem, ":read") == 0 && has_word(scopes, writing, strlen(writing));
}

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
    return row_is_null(row, "expires_at") || row_time(row, "expires_at") > now;
}

static bool identify(struct request *request, const char *key)
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

static bool is_public(const char *scope)
{
    return !scope || (strcmp(scope, "platform") == 0 && config_bool(CONFIG_OPEN_SIGNUP));
}

enum error_code auth_check(struct request *request, const char *scope)
{
    const char *where, *key = sent_key(request, &where);

    if (!key && is_public(scope))
        return ERROR_NONE;
    if (!key || !identify(request, key)) {
        reply_header(request, "WWW-Authenticate", "Bearer");
        reply_header(request, "X-Slotwire-Key-Header", where);
        return ERROR_UNAUTHORIZED;
    }
    if (is_public(scope))
        return ERROR_NONE;
    if (!scope_allows(request->actor.scopes, scope))
        return ERROR_FORBIDDEN;
    return strcmp(scope, "platform") != 0 && id_is_nil(request->actor.company) ? ERROR_FORBIDDEN : ERROR_NONE;
}
