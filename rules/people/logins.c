#include "rules/people/logins.h"

#include "api/rate.h"
#include "base/crypto.h"
#include "base/id.h"

#include <arpa/inet.h>
#include <ctype.h>

/* What is counted, and what follows. */
static const struct policy {
    int64_t most;  /* from the so-manieth on, each is followed by … */
    int64_t pause; /* … so many milliseconds of refusal */
    int64_t free;  /* before that, so many without any; then 1, 2, 4 … seconds. 0: all are */
    int64_t kept;  /* the count begins anew so long after the last */
} policies[] = {
    /* wrong passwords for an e-mail address */
    [LOGIN_EMAIL] = { .most = 10, .pause = 15 * CLOCK_MINUTE, .free = 3, .kept = CLOCK_DAY },
    /* … from a network address, which many people may share, and from a site */
    [LOGIN_ADDRESS] = { .most = 50, .pause = 15 * CLOCK_MINUTE, .kept = CLOCK_DAY },
    [LOGIN_SITE] = { .most = 500, .pause = 15 * CLOCK_MINUTE, .kept = CLOCK_DAY },
    /* links to a new password that a network address, or a site, asks for */
    [LOGIN_RESETS] = { .most = 20, .pause = 15 * CLOCK_MINUTE, .kept = CLOCK_DAY },
    [LOGIN_SITE_RESETS] = { .most = 200, .pause = 15 * CLOCK_MINUTE, .kept = CLOCK_DAY },
    /* invitations to an e-mail address */
    [LOGIN_INVITATIONS] = { .most = 3, .pause = CLOCK_HOUR, .kept = CLOCK_HOUR },
};

enum {
    IPV6_NETWORK = 8, /* bytes: who has one IPv6 address has a whole /64 … */
    IPV6_SITE = 6,    /* … and often a /48 */
    TRIES_A_MINUTE = 20,
    LOGINS_KNOWN = 50, /* of a person: the newest tell from where they log in */
    SESSION_KEPT_DAYS = 30
};

static const struct statement ADD_SUBJECT = {
    "INSERT INTO login_failures (subject, failures, updated_at) VALUES (?, 0, ?)"
    " ON DUPLICATE KEY UPDATE failures = failures",
    .in = "st",
};
static const struct statement LOCK_SUBJECT = {
    "SELECT failures, blocked_until, updated_at FROM login_failures WHERE subject = ? FOR UPDATE",
    .in = "s",
};
static const struct statement COUNT_FAILURE = {
    "UPDATE login_failures SET failures = ?, blocked_until = ?, updated_at = ? WHERE subject = ?",
    .in = "itts",
};
static const struct statement TAKE_BACK = {
    "UPDATE login_failures SET failures = GREATEST(failures - 1, 0), blocked_until = NULL WHERE subject = ?",
    .in = "s",
};
static const struct statement FORGET_SUBJECT = {
    "DELETE FROM login_failures WHERE subject = ?",
    .in = "s",
};

static const struct statement FIND_LOGIN = {
    "SELECT c.user_id, c.company_id, u.role, u.name, c.email, o.name AS company_name, c.password_hash"
    " FROM credentials c JOIN users u ON u.id = c.user_id JOIN companies o ON o.id = c.company_id"
    " WHERE c.email = ? AND u.deleted_at IS NULL AND u.active",
    .in = "s",
};
static const struct statement READ_LOGIN = {
    "SELECT c.user_id, c.company_id, u.role, u.name, c.email, o.name AS company_name"
    " FROM credentials c JOIN users u ON u.id = c.user_id JOIN companies o ON o.id = c.company_id"
    " WHERE c.company_id = ? AND c.user_id = ? AND u.deleted_at IS NULL AND u.active",
    .in = "uu",
};

/*
 * The hash once more, held until the session is there: who changes the password, or puts the person to rest,
 * comes before, and is seen, or after, and ends the session with the others. The person comes first, as where
 * they are removed.
 */
static const struct statement HOLD_LOGIN = {
    "SELECT c.password_hash FROM users u STRAIGHT_JOIN credentials c"
    " ON c.user_id = u.id AND c.company_id = u.company_id"
    " WHERE u.company_id = ? AND u.id = ? AND u.deleted_at IS NULL AND u.active LOCK IN SHARE MODE",
    .in = "uu",
};

/* The same for who is about to change the hash: two who had it shared would wait for each other. */
static const struct statement LOCK_LOGIN = {
    "SELECT c.password_hash FROM users u STRAIGHT_JOIN credentials c"
    " ON c.user_id = u.id AND c.company_id = u.company_id"
    " WHERE u.company_id = ? AND u.id = ? AND u.deleted_at IS NULL AND u.active FOR UPDATE",
    .in = "uu",
};
static const struct statement REPLACE_HASH = {
    "UPDATE credentials SET password_hash = ? WHERE company_id = ? AND user_id = ?",
    .in = "suu",
};

/* From where the person logged in of late, ended or not: the password was right there. */
static const struct statement FIND_KNOWN = {
    "SELECT s.address FROM credentials c"
    " JOIN sessions s ON s.user_id = c.user_id AND s.company_id = c.company_id"
    " WHERE c.email = ? AND s.address IS NOT NULL ORDER BY s.id DESC LIMIT ?",
    .in = "si",
};

/* The three bite into every company's rows: nobody's request asks for it. */
static const struct statement SWEEP_FAILURES = {
    "DELETE FROM login_failures WHERE updated_at < ? LIMIT 1000",
    .in = "t",
};
static const struct statement SWEEP_LINKS = {
    "DELETE FROM password_resets WHERE company_id IS NOT NULL AND expires_at < ? LIMIT 1000",
    .in = "t",
};
static const struct statement SWEEP_SESSIONS = {
    "DELETE FROM sessions WHERE company_id IS NOT NULL AND expires_at < ? LIMIT 1000",
    .in = "t",
};

/* ---- slowing down ---- */

int64_t login_pause(enum login_subject subject, int64_t failures)
{
    const struct policy *policy = &policies[subject];
    if (failures >= policy->most)
        return policy->pause;
    if (policy->free == 0 || failures <= policy->free)
        return 0;
    return (int64_t)CLOCK_SECOND << (failures - policy->free - 1);
}

static struct value subject_of(struct pool *pool, const char *kind, const char *text, size_t length)
{
    char *whole = pool_printf(pool, "%s %.*s", kind, (int)length, text);
    uint8_t *hash = pool_alloc(pool, SHA256_SIZE);
    crypto_sha256(whole, strlen(whole), hash);
    return value_bytes((const char *)hash, SHA256_SIZE);
}

static struct value mailbox_subject(struct pool *pool, const char *kind, const char *email)
{
    char *lower = pool_strdup(pool, email);
    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return subject_of(pool, kind, lower, strlen(lower));
}

static struct value email_subject(struct pool *pool, const char *email)
{
    return mailbox_subject(pool, "email", email);
}

static struct value address_subject(struct pool *pool, const char *kind, const char *address)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET6, address, bytes) == 1)
        address = crypto_hex(pool, bytes, IPV6_NETWORK);
    return subject_of(pool, kind, address, strlen(address));
}

/* NULL where the address is not IPv6. */
static struct value site_subject(struct pool *pool, const char *kind, const char *address)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET6, address, bytes) != 1)
        return value_null();
    const char *site = crypto_hex(pool, bytes, IPV6_SITE);
    return subject_of(pool, kind, site, strlen(site));
}

static struct rows known_addresses(struct db *db, struct pool *pool, const char *email)
{
    return db_all(db, pool, &FIND_KNOWN, BIND(value_text(email), value_int(LOGINS_KNOWN)));
}

/* The e-mail address as one network knows it. */
static struct value email_at_subject(struct pool *pool, const char *email, const char *address)
{
    struct value by_email = email_subject(pool, email), network = address_subject(pool, "address", address);
    const char *both = pool_printf(pool, "%s %s", crypto_hex(pool, by_email.text, by_email.length),
                                   crypto_hex(pool, network.text, network.length));
    return subject_of(pool, "email at", both, strlen(both));
}

/*
 * What a try on the e-mail address is counted on. Where the person has logged in from, strangers' guesses
 * from elsewhere do not count: nobody is locked out of their own office by somebody who knows their e-mail
 * address.
 */
static struct value try_subject(struct db *db, struct pool *pool, const char *email, const char *address)
{
    struct value here = email_at_subject(pool, email, address);
    struct rows known = known_addresses(db, pool, email);
    for (size_t i = 0; i < known.count; i++)
        if (value_equal(email_at_subject(pool, email, row_text(&known.items[i], "address")), here))
            return here;
    return email_subject(pool, email);
}

static const struct row *lock(struct db *db, struct pool *pool, struct value subject, instant now)
{
    db_run(db, &ADD_SUBJECT, BIND(subject, value_time(now)));
    return db_one(db, pool, &LOCK_SUBJECT, BIND(subject));
}

static instant blocked_until(const struct row *row, instant now)
{
    instant until = row_is_null(row, "blocked_until") ? 0 : row_time(row, "blocked_until");
    return until > now ? until : 0;
}

/* One more failure or mail. Returns how many there are. */
static int64_t count(struct db *db, enum login_subject kind, struct value subject, const struct row *row,
                     instant now)
{
    bool old = row_time(row, "updated_at") + policies[kind].kept <= now;
    int64_t failures = old ? 1 : row_int(row, "failures") + 1;
    int64_t pause = login_pause(kind, failures);
    db_run(db, &COUNT_FAILURE,
           BIND(value_int(failures), pause > 0 ? value_time(now + pause) : value_null(), value_time(now),
                subject));
    return failures;
}

struct tally {
    enum login_subject kind;
    struct value subject; /* NULL: there is none of this kind */
    const struct row *row;
};

/* All of them, always in one order, so that two tries never wait for each other in a circle. 0, or until when
 * one of them is blocked. */
static instant lock_all(struct db *db, struct pool *pool, struct tally *tallies, size_t tally_count,
                        instant now)
{
    instant latest = 0;
    for (size_t i = 0; i < tally_count; i++) {
        if (value_is_set(tallies[i].subject)) {
            tallies[i].row = lock(db, pool, tallies[i].subject, now);
            instant until = blocked_until(tallies[i].row, now);
            latest = until > latest ? until : latest;
        }
    }
    return latest;
}

/* Returns how many failures the first now has. */
static int64_t count_all(struct db *db, const struct tally *tallies, size_t tally_count, instant now)
{
    int64_t first = count(db, tallies[0].kind, tallies[0].subject, tallies[0].row, now);
    for (size_t i = 1; i < tally_count; i++)
        if (tallies[i].row)
            count(db, tallies[i].kind, tallies[i].subject, tallies[i].row, now);
    return first;
}

/* The right password costs a worker as much as a wrong one. Over all networks: they are one person's. */
static instant too_often(struct db *db, struct pool *pool, const char *email, instant now)
{
    struct id subject;
    memcpy(subject.bytes, email_subject(pool, email).text, sizeof subject.bytes);
    struct rate_count tries = rate_take(db, pool, RATE_LOGINS, subject, TRIES_A_MINUTE, now);
    return tries.used > tries.limit ? tries.reset_at : 0;
}

struct login_try login_try(struct db *db, struct pool *pool, const char *email, const char *address,
                           instant now)
{
    struct tally tallies[] = { { .kind = LOGIN_EMAIL, .subject = try_subject(db, pool, email, address) },
                               { .kind = LOGIN_ADDRESS,
                                 .subject = address_subject(pool, "address", address) },
                               { .kind = LOGIN_SITE, .subject = site_subject(pool, "address", address) } };
    const size_t kinds = sizeof tallies / sizeof *tallies;
    instant until = lock_all(db, pool, tallies, kinds, now);
    /* Last, and not at all where the try is blocked: guesses of strangers must not use up the owner's. */
    if (!until)
        until = too_often(db, pool, email, now);
    if (until)
        return (struct login_try){ .blocked_until = until };
    return (struct login_try){ .locks = count_all(db, tallies, kinds, now) == policies[LOGIN_EMAIL].most,
                               .email = tallies[0].subject,
                               .address = tallies[1].subject,
                               .site = tallies[2].subject };
}

void login_succeeded(struct db *db, const struct login_try *attempt)
{
    db_run(db, &FORGET_SUBJECT, BIND(attempt->email));
    db_run(db, &TAKE_BACK, BIND(attempt->address));
    if (value_is_set(attempt->site))
        db_run(db, &TAKE_BACK, BIND(attempt->site));
}

void login_unlock(struct db *db, struct pool *pool, const char *email)
{
    struct rows known = known_addresses(db, pool, email);
    db_run(db, &FORGET_SUBJECT, BIND(email_subject(pool, email)));
    for (size_t i = 0; i < known.count; i++) {
        db_run(db, &FORGET_SUBJECT,
               BIND(email_at_subject(pool, email, row_text(&known.items[i], "address"))));
    }
}

instant login_count_reset(struct db *db, struct pool *pool, const char *address, instant now)
{
    struct tally tallies[] = { { .kind = LOGIN_RESETS, .subject = address_subject(pool, "reset", address) },
                               { .kind = LOGIN_SITE_RESETS,
                                 .subject = site_subject(pool, "reset", address) } };
    const size_t kinds = sizeof tallies / sizeof *tallies;
    instant until = lock_all(db, pool, tallies, kinds, now);
    if (!until)
        count_all(db, tallies, kinds, now);
    return until;
}

instant login_count_invitation(struct db *db, struct pool *pool, const char *email, instant now)
{
    struct value subject = mailbox_subject(pool, "invitation", email);
    const struct row *row = lock(db, pool, subject, now);
    instant until = blocked_until(row, now);
    if (!until)
        count(db, LOGIN_INVITATIONS, subject, row, now);
    return until;
}

/* ---- looking ---- */

/*
 * Whether the password, which was that of `checked`, still is: a new hash may be of the same one. This is the
 * one moment where the password is there, so where the hash's cost is not what it should be, it is made anew.
 */
static bool hold(struct db *db, struct pool *pool, const struct row *checked, const char *password)
{
    const char *hash = row_text(checked, "password_hash");
    const char *fresh = crypto_password_is_stale(hash) ? crypto_password_hash(pool, password) : NULL;
    struct value company = *row_value(checked, "company_id"), user = *row_value(checked, "user_id");
    const struct row *held = db_one(db, pool, fresh ? &LOCK_LOGIN : &HOLD_LOGIN, BIND(company, user));
    if (!held)
        return false;
    if (strcmp(row_text(held, "password_hash"), hash) != 0)
        return crypto_password_matches(pool, password, row_text(held, "password_hash"));
    if (fresh)
        db_run(db, &REPLACE_HASH, BIND(value_text(fresh), company, user));
    return true;
}

const struct row *login_check(struct db *db, struct pool *pool, const char *email, const char *password,
                              struct id *company, struct id *user)
{
    const struct row *row = db_one(db, pool, &FIND_LOGIN, BIND(value_text(email)));
    bool right = crypto_password_matches(pool, password, row ? row_text(row, "password_hash") : NULL);
    *company = row ? row_id(row, "company_id") : (struct id){ { 0 } };
    *user = row ? row_id(row, "user_id") : (struct id){ { 0 } };
    return row && right && hold(db, pool, row, password) ? row : NULL;
}

const struct row *login_of(struct db *db, struct pool *pool, struct id company, struct id user)
{
    return db_one(db, pool, &READ_LOGIN, BIND(value_id(company), value_id(user)));
}

void logins_sweep(struct db *db, instant now)
{
    db_run(db, &SWEEP_FAILURES, BIND(value_time(now - CLOCK_DAY)));
    db_run(db, &SWEEP_LINKS, BIND(value_time(now - CLOCK_DAY)));
    db_run(db, &SWEEP_SESSIONS, BIND(value_time(now - SESSION_KEPT_DAYS * CLOCK_DAY)));
}
