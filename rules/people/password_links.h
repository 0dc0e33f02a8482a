/*
 * password_links: one-time links that set a password, mailed to the person: for who forgot theirs, and as an
 * invitation for staff without login, or whose e-mail address is not their login's any more.
 *
 * A login stays at its e-mail address while the person gets another one, and is opened from there with the
 * password, but no reset is mailed to either: the one before is not theirs any more, the new one has proven
 * nothing yet. An invitation proves it, and moves the login there. A link is good as long as its address is
 * the person's. Only the SHA-256 of what is in the link is stored; the mail's own row is emptied once it is
 * sent.
 */
#ifndef RULES_PEOPLE_PASSWORD_LINKS_H
#define RULES_PEOPLE_PASSWORD_LINKS_H

#include "db/db.h"

enum { PASSWORD_MIN_LENGTH = 10, PASSWORD_MAX_LENGTH = 200 }; /* characters */

struct password_link {
    struct id company, user;
    const char *email, *name, *company_name;
    bool invitation;
};

/*
 * Until the transaction ends nobody changes the person's role or e-mail address, or puts them to rest: what
 * the caller reads of them from here on is what the link is for.
 */
void password_link_hold(struct db *db, struct pool *pool, struct id company, struct id user);

/*
 * Mails a link, in the caller's transaction: a reset is good for an hour, an invitation for 72, and makes the
 * older ones useless. 0, or the time before which another is refused: five minutes lie between two links, and
 * a person has at most three open ones. `*expires_at` may be NULL. The caller wakes the dispatcher.
 */
instant password_link_send(struct db *db, struct pool *pool, const struct password_link *link, instant now,
                           instant *expires_at);

/* The reset link of whoever logs in with the address and has it still; nothing where nobody does, or it is
 * too soon. */
void password_link_send_reset(struct db *db, struct pool *pool, const char *email, instant now);

enum password_outcome {
    PASSWORD_CHANGED, /* of a login that was there: all sessions of the person ended */
    PASSWORD_MOVED,   /* the same, and it has another e-mail address now; the one before was told */
    PASSWORD_MADE,    /* the login is new */
    PASSWORD_NO_LINK, /* unknown, used, run out, or the person is gone or has another e-mail address */
    PASSWORD_NOT_FREE /* another login has taken the e-mail address meanwhile */
};
/* In the caller's transaction; `*company` and `*user` tell whose it was. */
enum password_outcome password_link_use(struct db *db, struct pool *pool, const char *token,
                                        const char *password, instant now, struct id *company,
                                        struct id *user);

/* Whether anybody logs in with that e-mail address. */
bool login_exists(struct db *db, struct pool *pool, const char *email);

#endif
