#include "rules/keys.h"

#include "core/crypto.h"
#include "core/permissions.h"

static const struct statement INSERT = {
    "INSERT INTO api_keys (id, company_id, name, display_key, scopes, expires_at, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)",
    .in = "uussstt"
};

static const struct statement INSERT_SECRET = {
    "INSERT INTO api_key_secrets (key_hash, key_id) VALUES (?, ?)", .in = "su"
};

static bool is_known(const char *word, size_t length, bool platform)
{
    static const char PLATFORM[] = "platform";
    if (platform) {
        return length == sizeof PLATFORM - 1 && memcmp(word, PLATFORM, length) == 0;
    }
    for (const struct permission *at = permissions; at->scope; at++) {
        if (strlen(at->scope) == length && memcmp(at->scope, word, length) == 0) {
            return true;
        }
    }
    return length == 1 && *word == '*';
}

bool keys_scopes_are_known(const char *scopes, bool platform)
{
    size_t words = 0;
    for (const char *at = scopes; *at;) {
        size_t length = strcspn(at, " ");
        if (!is_known(at, length, platform)) {
            return false;
        }
        words++;
        at += length;
        if (*at == ' ' && *++at == '\0') {
            return false;
        }
    }
    return words > 0;
}

struct id key_create(struct db *db, struct pool *pool, struct id company, const char *name,
                     const char *scopes, instant expires_at, instant now, char **raw)
{
    enum { SHOWN = 8 };
    struct id key = id_new();
    uint8_t hash[SHA256_SIZE];
    *raw = crypto_api_key(pool);
    size_t length = strlen(*raw);
    crypto_sha256(*raw, length, hash);
    const char *display = pool_printf(pool, "sk_live_…%s", *raw + length - SHOWN);
    db_run(db, &INSERT,
           BIND(value_id(key), value_id(company), value_text(name), value_text(display), value_text(scopes),
                expires_at ? value_time(expires_at) : value_null(), value_time(now)));
    db_run(db, &INSERT_SECRET, BIND(value_bytes((const char *)hash, sizeof hash), value_id(key)));
    return key;
}
