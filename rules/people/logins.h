/*
 * logins: what people log in with, and how guessing is slowed down.
 *
 * Every try is counted before the password is looked at, so that a hundred at once are not one; success takes
 * the count back. The e-mail address is counted whether or not anybody has it. Subjects are stored as
 * SHA-256.
 *
 * A network that the person has logged in from has a count of its own, so that a stranger who guesses at an
 * e-mail address locks out strangers, and not its owner. Who is elsewhere gets in by a mailed link.
 */
#ifndef RULES_PEOPLE_LOGINS_H
#define RULES_PEOPLE_LOGINS_H

#include "db/db.h"

/* A site is what one IPv6 customer is usually given: a /48, of 65,536 networks. */
enum login_subject {
    LOGIN_EMAIL,
    LOGIN_ADDRESS,
    LOGIN_SITE,
    LOGIN_RESETS,
    LOGIN_SITE_RESETS,
    LOGIN_INVITATIONS
};

/* How many milliseconds of refusal follow the n-th failure on an e-mail address, or from a network address;
 * or the n-th mail. */
int64_t login_pause(enum login_subject subject, int64_t failures);

struct login_try {
    instant blocked_until;             /* 0: go on, the try is counted */
    bool locks;                        /* this failure locks the e-mail address for long */
    struct value email, address, site; /* what was counted */
};
/*
 * In the caller's transaction, which must be committed before the password is looked at, or rolled back where
 * the try is blocked. Beside failures, tries on an e-mail address are blocked from the 21st of a minute on,
 * right or wrong: each keeps a worker busy. A stranger, whose failures are slowed down long before, cannot
 * use them up.
 */
struct login_try login_try(struct db *db, struct pool *pool, const char *email, const char *address,
                           instant now);
/* The try was good: the e-mail address is forgotten, the network address and the site get one try back. */
void login_succeeded(struct db *db, const struct login_try *attempt);
/* Forgets the failures on an e-mail address, from wherever they came. */
void login_unlock(struct db *db, struct pool *pool, const char *email);
/* A request for a password link from that address, counted; 0, or until when there are too many. */
instant login_count_reset(struct db *db, struct pool *pool, const char *address, instant now);
/*
 * An invitation to that e-mail address, counted over all people and companies that have it, so that nobody's
 * mailbox is filled by it; 0, or until when there are too many. Where the caller's transaction is rolled
 * back, none was sent and none counts.
 */
instant login_count_invitation(struct db *db, struct pool *pool, const char *email, instant now);

/*
 * The active person of the login, where the password is theirs: user_id, company_id, role, name, email,
 * company_name; else NULL. As much work for an unknown e-mail address. `*company` and `*user` name the login
 * even where the password is wrong (nil: there is none). Until the caller's transaction ends nobody changes
 * the password or puts the person to rest.
 */
const struct row *login_check(struct db *db, struct pool *pool, const char *email, const char *password,
                              struct id *company, struct id *user);
/* The same row of a person who is logged in; NULL when they are gone, inactive or without login. */
const struct row *login_of(struct db *db, struct pool *pool, struct id company, struct id user);

/* Housekeeping: old failures, dead password links, sessions that ran out long ago. A bounded bite each time.
 */
void logins_sweep(struct db *db, instant now);

#endif
