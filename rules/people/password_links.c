#include "rules/people/password_links.h"

#include "base/config.h"
#include "base/crypto.h"
#include "rules/message/messages.h"
#include "rules/people/logins.h"
#include "rules/people/people.h"
#include "rules/people/sessions.h"

enum { TOKEN_BYTES = 32, OPEN_MOST = 3 };
#define RESET_LIFE      ((instant)CLOCK_HOUR)
#define INVITATION_LIFE ((instant)72 * CLOCK_HOUR)
#define APART           ((instant)5 * CLOCK_MINUTE)

static const struct statement LOCK_PERSON = {
    "SELECT id FROM users WHERE company_id = ? AND id = ? AND deleted_at IS NULL FOR UPDATE",
    .in = "uu",
};
static const struct statement FIND_OPEN = {
    "SELECT created_at, expires_at FROM password_resets WHERE company_id = ? AND user_id = ? AND used_at IS "
    "NULL"
    " AND expires_at > ? ORDER BY created_at",
    .in = "uut",
};
static const struct statement INSERT = {
    "INSERT INTO password_resets (token_hash, company_id, user_id, email, created_at, expires_at)"
    " VALUES (?, ?, ?, ?, ?, ?)",
    .in = "suustt",
};
static const struct statement LOCK_LINK = {
    "SELECT company_id, user_id, email FROM password_resets WHERE token_hash = ? AND used_at IS NULL"
    " AND expires_at > ? FOR UPDATE",
    .in = "st",
};
static const struct statement USE_ALL = {
    "UPDATE password_resets SET used_at = ? WHERE company_id = ? AND user_id = ? AND used_at IS NULL",
    .in = "tuu",
};
static const struct statement FIND_PERSON = {
    "SELECT u.name, o.name AS company_name FROM users u JOIN companies o ON o.id = u.company_id"
    " WHERE u.company_id = ? AND u.id = ? AND u.email = ? AND u.deleted_at IS NULL AND u.active",
    .in = "uus",
};
/* Where the login's mailbox is still the person's: who has one that they left gets no key to their door. */
static const struct statement FIND_LOGIN = {
    "SELECT c.company_id, c.user_id, c.email, u.name, o.name AS company_name FROM credentials c"
    " JOIN users u ON u.id = c.user_id JOIN companies o ON o.id = c.company_id"
    " WHERE c.email = ? AND u.email = c.email AND u.deleted_at IS NULL AND u.active",
    .in = "s",
};
static const struct statement ANY_LOGIN = {
    "SELECT company_id, user_id FROM credentials WHERE email = ?",
    .in = "s",
};
static const struct statement LOCK_LOGIN = {
    "SELECT email FROM credentials WHERE company_id = ? AND user_id = ? FOR UPDATE",
    .in = "uu",
};
static const struct statement CHANGE_LOGIN = {
    "UPDATE credentials SET email = ?, password_hash = ?, updated_at = ? WHERE company_id = ? AND user_id = "
    "?",
    .in = "sstuu",
};

static struct value token_hash(struct pool *pool, const char *token)
{
    uint8_t *hash = pool_alloc(pool, SHA256_SIZE);
    crypto_sha256(token, strlen(token), hash);
    return value_bytes((const char *)hash, SHA256_SIZE);
}

/* ---- mailing ---- */

/* The token stands behind the `#`: a browser keeps that part to itself, so no server's log holds it. */
static void mail(struct db *db, struct pool *pool, const struct password_link *link, const char *token,
                 instant now)
{
    const char *url = config_text(CONFIG_PUBLIC_URL), *subject, *body;
    if (link->invitation) {
        subject = pool_printf(pool, "Your login at %s", link->company_name);
        body =
            pool_printf(pool,
                        "Hello %s,\n\n%s invites you to log in. Choose your password here:\n\n%s/reset#%s\n\n"
                        "The link works once, for three days. You log in with %s.\n",
                        link->name, link->company_name, url, token, link->email);
    } else {
        subject = "Set a new password";
        body = pool_printf(
            pool,
            "Hello %s,\n\nsomebody, hopefully you, asked for a new password of %s at %s.\n"
            "Choose it here:\n\n%s/reset#%s\n\nThe link works once, for one hour. If it was not you, "
            "do nothing: your password stays as it is.\n",
            link->name, link->email, link->company_name, url, token);
    }
    message_queue(db, link->company, link->email, subject, body, now);
}

/* 0, or before when no further link is made. */
static instant too_soon(struct rows open, instant now)
{
    if (open.count == 0)
        return 0;
    if (open.count >= OPEN_MOST)
        return row_time(&open.items[0], "expires_at");
    instant again = row_time(&open.items[open.count - 1], "created_at") + APART;
    return again > now ? again : 0;
}

void password_link_hold(struct db *db, struct pool *pool, struct id company, struct id user)
{
    db_one(db, pool, &LOCK_PERSON, BIND(value_id(company), value_id(user)));
}

instant password_link_send(struct db *db, struct pool *pool, const struct password_link *link, instant now,
                           instant *expires_at)
{
    struct value company = value_id(link->company), user = value_id(link->user);
    instant expires = now + (link->invitation ? INVITATION_LIFE : RESET_LIFE);
    /* Two requests at once count one after the other. */
    password_link_hold(db, pool, link->company, link->user);
    struct rows open = db_all(db, pool, &FIND_OPEN, BIND(company, user, value_time(now)));
    /* An invitation replaces the older ones, so only the time between two matters. */
    instant again = too_soon(
        link->invitation && open.count > 0 ? (struct rows){ 1, &open.items[open.count - 1] } : open, now);
    if (again)
        return again;
    if (link->invitation)
        db_run(db, &USE_ALL, BIND(value_time(now), company, user));
    uint8_t random[TOKEN_BYTES];
    crypto_random(random, sizeof random);
    const char *token = crypto_base64url(pool, random, sizeof random);
    db_run(db, &INSERT,
           BIND(token_hash(pool, token), company, user, value_text(link->email), value_time(now),
                value_time(expires)));
    mail(db, pool, link, token, now);
    if (expires_at)
        *expires_at = expires;
    return 0;
}

void password_link_send_reset(struct db *db, struct pool *pool, const char *email, instant now)
{
    const struct row *row = db_one(db, pool, &FIND_LOGIN, BIND(value_text(email)));
    if (!row)
        return;
    password_link_hold(db, pool, row_id(row, "company_id"), row_id(row, "user_id"));
    row = db_one(db, pool, &FIND_LOGIN, BIND(value_text(email)));
    if (!row)
        return;
    struct password_link link = { .company = row_id(row, "company_id"),
                                  .user = row_id(row, "user_id"),
                                  .email = row_text(row, "email"),
                                  .name = row_text(row, "name"),
                                  .company_name = row_text(row, "company_name") };
    password_link_send(db, pool, &link, now, NULL);
}

bool login_exists(struct db *db, struct pool *pool, const char *email)
{
    return db_one(db, pool, &ANY_LOGIN, BIND(value_text(email))) != NULL;
}

/* ---- using ---- */

static void tell_of_change(struct db *db, struct pool *pool, struct id company, const char *email,
                           const struct row *person, instant now)
{
    message_queue(
        db, company, email, "Your password was changed",
        pool_printf(pool,
                    "Hello %s,\n\nyour password at %s was changed a moment ago, and every login of yours "
                    "was ended.\nIf it was not you, ask for a new one at once: %s/reset\n",
                    row_text(person, "name"), row_text(person, "company_name"),
                    config_text(CONFIG_PUBLIC_URL)),
        now);
}

/* To the mailbox that was theirs: it opens nothing any more, and learns nothing of the new one. */
static void tell_of_move(struct db *db, struct pool *pool, struct id company, const char *email,
                         const struct row *person, instant now)
{
    const char *name = row_text(person, "company_name");
    message_queue(
        db, company, email, "Your login was moved",
        pool_printf(pool,
                    "Hello %s,\n\nyour login at %s has another e-mail address since a moment ago, and a "
                    "new password; every\nlogin of yours was ended. If you did not expect this, ask the "
                    "people of %s.\n",
                    row_text(person, "name"), name, name),
        now);
}

/* Makes the login, or gives it the password and the address: only a mailbox that was proven gets here. */
static enum password_outcome set_login(struct db *db, struct pool *pool, const struct row *link,
                                       const struct row *before, const char *password, instant now)
{
    struct value company = *row_value(link, "company_id"), user = *row_value(link, "user_id");
    const char *email = row_text(link, "email");
    if (!before) {
        return person_add_login(db, pool, company.id, user.id, email, password, now) ? PASSWORD_MADE
                                                                                     : PASSWORD_NOT_FREE;
    }
    const char *hash = crypto_password_hash(pool, password);
    if (!db_try(db, &CHANGE_LOGIN, BIND(value_text(email), value_text(hash), value_time(now), company, user)))
        return PASSWORD_NOT_FREE;
    return strcasecmp(row_text(before, "email"), email) == 0 ? PASSWORD_CHANGED : PASSWORD_MOVED;
}

enum password_outcome password_link_use(struct db *db, struct pool *pool, const char *token,
                                        const char *password, instant now, struct id *company,
                                        struct id *user)
{
    const struct row *link = db_one(db, pool, &LOCK_LINK, BIND(token_hash(pool, token), value_time(now)));
    if (!link)
        return PASSWORD_NO_LINK;
    *company = row_id(link, "company_id");
    *user = row_id(link, "user_id");
    const char *email = row_text(link, "email");
    const struct row *person =
        db_one(db, pool, &FIND_PERSON, BIND(value_id(*company), value_id(*user), value_text(email)));
    if (!person)
        return PASSWORD_NO_LINK;
    const struct row *before = db_one(db, pool, &LOCK_LOGIN, BIND(value_id(*company), value_id(*user)));
    enum password_outcome outcome = set_login(db, pool, link, before, password, now);
    if (outcome == PASSWORD_NOT_FREE)
        return outcome;
    db_run(db, &USE_ALL, BIND(value_time(now), value_id(*company), value_id(*user)));
    sessions_end_all(db, *company, *user, now);
    login_unlock(db, pool, email);
    if (outcome == PASSWORD_CHANGED)
        tell_of_change(db, pool, *company, email, person, now);
    else if (outcome == PASSWORD_MOVED)
        tell_of_move(db, pool, *company, row_text(before, "email"), person, now);
    return outcome;
}
