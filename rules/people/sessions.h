/*
 * sessions: a login at work. The client holds a short access token (base/jwt) and a refresh cookie that
 * changes at each use; the database holds the SHA-256 of the cookie.
 *
 * A cookie is `ses_….<random>.<HMAC>`: that it was once given is seen without SQL, so that one which comes
 * back after it was replaced, however long after, shows that somebody has a copy, and ends the session.
 */
#ifndef RULES_PEOPLE_SESSIONS_H
#define RULES_PEOPLE_SESSIONS_H

#include "db/db.h"

#define SESSION_TOKEN_LIFE ((instant)10 * CLOCK_MINUTE)
#define SESSION_LIFE       ((instant)30 * CLOCK_DAY) /* since the last use of the cookie */

/* False, with a line in the log, while the setting session_secret is missing or too short. */
bool sessions_are_possible(void);

struct session {
    struct id id, company, user;
    const char *cookie; /* in the pool */
};

/* `address` and `agent` may be NULL; an agent that is no printable text is not kept. */
struct session session_start(struct db *db, struct pool *pool, struct id company, struct id user,
                             const char *address, const char *agent, instant now);

enum session_refresh {
    SESSION_REFRESHED,
    SESSION_UNKNOWN, /* a forged cookie, an ended session or one that ran out */
    SESSION_RACED,   /* the cookie was replaced a moment ago: another tab of the same browser */
    SESSION_COPIED   /* a replaced cookie came back: session_end should follow */
};
/* In the caller's transaction. `*session` is whole when refreshed, without cookie when copied. */
enum session_refresh session_refresh(struct db *db, struct pool *pool, const char *cookie, instant now,
                                     struct session *session);

/* False when the person has no such open session. */
bool session_end(struct db *db, struct id company, struct id user, struct id session, instant now);
void sessions_end_all(struct db *db, struct id company, struct id user, instant now);

/* The access token of a session for its person in their present role. */
char *session_token(struct pool *pool, const struct session *session, const char *role, instant now);

#endif
