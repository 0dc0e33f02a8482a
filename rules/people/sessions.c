#include "rules/people/sessions.h"

#include "base/config.h"
#include "base/crypto.h"
#include "base/jwt.h"
#include "base/log.h"
#include "base/text.h"

enum { RANDOM_BYTES = 32, COOKIE_MAX = 200, AGENT_MAX = 200 };
#define RACE_GRACE ((instant)10 * CLOCK_SECOND)

static const struct statement INSERT = {
    "INSERT INTO sessions (id, company_id, user_id, refresh_hash, address, user_agent, created_at, "
    "refreshed_at,"
    " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uuusssttt",
};
static const struct statement LOCK = {
    "SELECT company_id, user_id, refresh_hash, previous_hash, refreshed_at FROM sessions"
    " WHERE id = ? AND ended_at IS NULL AND expires_at > ? FOR UPDATE",
    .in = "ut",
};
static const struct statement REPLACE = {
    "UPDATE sessions SET previous_hash = refresh_hash, refresh_hash = ?, refreshed_at = ?, expires_at = ?"
    " WHERE company_id = ? AND id = ?",
    .in = "sttuu",
};
static const struct statement END = {
    "UPDATE sessions SET ended_at = ? WHERE company_id = ? AND user_id = ? AND id = ? AND ended_at IS NULL"
    " AND expires_at > ?",
    .in = "tuuut",
};
static const struct statement END_ALL = {
    "UPDATE sessions SET ended_at = ? WHERE company_id = ? AND user_id = ? AND ended_at IS NULL",
    .in = "tuu",
};

bool sessions_are_possible(void)
{
    if (strlen(config_text(CONFIG_SESSION_SECRET)) >= JWT_SECRET_MIN)
        return true;
    log_error("nobody can log in: the setting session_secret has fewer than %d characters", JWT_SECRET_MIN);
    return false;
}

/* ---- the cookie ---- */

/* The part that only we can write: over everything before the last dot. */
static char *cookie_mac(struct pool *pool, const char *text, size_t length)
{
    const char *secret = config_text(CONFIG_SESSION_SECRET);
    const char *whole = pool_printf(pool, "refresh cookie %.*s", (int)length, text);
    uint8_t mac[SHA256_SIZE];
    crypto_hmac_sha256(secret, strlen(secret), whole, strlen(whole), mac);
    return crypto_base64url(pool, mac, sizeof mac);
}

static const char *cookie_new(struct pool *pool, struct id session)
{
    char id[ID_TEXT_SIZE];
    uint8_t random[RANDOM_BYTES];
    crypto_random(random, sizeof random);
    const char *stem = pool_printf(pool, "%s.%s", id_format(id, "ses", session),
                                   crypto_base64url(pool, random, sizeof random));
    return pool_printf(pool, "%s.%s", stem, cookie_mac(pool, stem, strlen(stem)));
}

static bool cookie_read(struct pool *pool, const char *cookie, struct id *session)
{
    const char *mac = strrchr(cookie, '.');
    if (!mac || strlen(cookie) > COOKIE_MAX)
        return false;
    const char *wanted = cookie_mac(pool, cookie, (size_t)(mac - cookie));
    return crypto_equal(mac + 1, strlen(mac + 1), wanted, strlen(wanted)) &&
           id_parse(session, "ses", cookie, strcspn(cookie, "."));
}

static struct value cookie_hash(struct pool *pool, const char *cookie)
{
    uint8_t *hash = pool_alloc(pool, SHA256_SIZE);
    crypto_sha256(cookie, strlen(cookie), hash);
    return value_bytes((const char *)hash, SHA256_SIZE);
}

static bool hashes_equal(const struct value *stored, struct value sent)
{
    return value_is_set(*stored) && crypto_equal(stored->text, stored->length, sent.text, sent.length);
}

/* ---- life ---- */

static const char *kept_agent(struct pool *pool, const char *agent)
{
    if (!agent || !text_is_utf8(agent, strlen(agent)) || !text_is_printable(agent, strlen(agent), false))
        return NULL;
    char *kept = pool_strdup(pool, agent);
    size_t length = strlen(kept) < AGENT_MAX ? strlen(kept) : AGENT_MAX;
    while (length > 0 && ((unsigned char)kept[length] & 0xc0) == 0x80)
        length--; /* not in the middle of a character */
    kept[length] = '\0';
    return kept;
}

struct session session_start(struct db *db, struct pool *pool, struct id company, struct id user,
                             const char *address, const char *agent, instant now)
{
    struct session session = { .id = id_new(), .company = company, .user = user };
    session.cookie = cookie_new(pool, session.id);
    db_run(db, &INSERT,
           BIND(value_id(session.id), value_id(company), value_id(user), cookie_hash(pool, session.cookie),
                value_text(address), value_text(kept_agent(pool, agent)), value_time(now), value_time(now),
                value_time(now + SESSION_LIFE)));
    return session;
}

enum session_refresh session_refresh(struct db *db, struct pool *pool, const char *cookie, instant now,
                                     struct session *session)
{
    *session = (struct session){ .cookie = NULL };
    if (!cookie_read(pool, cookie, &session->id))
        return SESSION_UNKNOWN;
    struct value hash = cookie_hash(pool, cookie);
    const struct row *row = db_one(db, pool, &LOCK, BIND(value_id(session->id), value_time(now)));
    if (!row)
        return SESSION_UNKNOWN;
    session->company = row_id(row, "company_id");
    session->user = row_id(row, "user_id");
    if (!hashes_equal(row_value(row, "refresh_hash"), hash)) {
        bool previous = hashes_equal(row_value(row, "previous_hash"), hash);
        return previous && now < row_time(row, "refreshed_at") + RACE_GRACE ? SESSION_RACED : SESSION_COPIED;
    }
    session->cookie = cookie_new(pool, session->id);
    db_run(db, &REPLACE,
           BIND(cookie_hash(pool, session->cookie), value_time(now), value_time(now + SESSION_LIFE),
                value_id(session->company), value_id(session->id)));
    return SESSION_REFRESHED;
}

bool session_end(struct db *db, struct id company, struct id user, struct id session, instant now)
{
    return db_run(db, &END,
                  BIND(value_time(now), value_id(company), value_id(user), value_id(session),
                       value_time(now))) > 0;
}

void sessions_end_all(struct db *db, struct id company, struct id user, instant now)
{
    db_run(db, &END_ALL, BIND(value_time(now), value_id(company), value_id(user)));
}

char *session_token(struct pool *pool, const struct session *session, const char *role, instant now)
{
    struct jwt_claims claims = { .user = session->user,
                                 .session = session->id,
                                 .company = session->company,
                                 .role = role,
                                 .issued_at = now,
                                 .expires_at = now + SESSION_TOKEN_LIFE };
    return jwt_write(pool, config_text(CONFIG_SESSION_SECRET), &claims);
}
