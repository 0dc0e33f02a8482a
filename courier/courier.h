/*
 * courier: the one way out of the house. It carries errands: a webhook that is posted, a mail that is
 * handed to its server, a calendar that is fetched.
 *
 * An HTTP errand is guarded: public addresses only and https only, but for what the operator allow-lists
 * (base/guard.h), decided on the socket's real address; no redirects, no proxy, TLS 1.2 or better with
 * verification, one time-out over all of it, and no more of the answer than was asked for. A mail goes to the
 * operator's own server, which is not guarded, but has its time-out too.
 *
 * The user keeps `struct errand`, most simply as the first member of a thing of its own, fills `order` and
 * gives it to courier_send. It is the courier's until the sender's `done` has it back with its `result`.
 * What is leased, how much goes where at once, and what a result means are the users' affairs.
 *
 * Everything runs on one curl multi, on the caller's thread, but for mails (blocking.h). Nothing here touches
 * the database.
 */
#ifndef COURIER_COURIER_H
#define COURIER_COURIER_H

#include "base/buf.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum {
    COURIER_SLOW_US = 1000000, /* an errand that is under way for longer is slow */
    SMTP_VERB_SIZE = 16,
    SMTP_REPLY_SIZE = 301
};

enum method { METHOD_GET, METHOD_POST };

enum smtp_tls {
    SMTP_TLS_ALWAYS, /* or the errand is given up */
    SMTP_TLS_OFFERED,
    SMTP_TLS_NEVER
};

/* One mail: what the envelope says, and what was heard. */
struct smtp {
    const char *sender, *recipient;
    const char *user, *password; /* user NULL: no login */
    const char *authorities;     /* a file of certificates; NULL: the system's */
    enum smtp_tls tls;
    char verb[SMTP_VERB_SIZE];   /* of our last command before QUIT */
    char reply[SMTP_REPLY_SIZE]; /* the server's last line before that */
    struct buf conversation;     /* the last lines of both sides, ours without what follows AUTH */
};

/* What is asked. Pointers are the user's and stay until the errand is done. */
struct order {
    enum method method;
    const char *url;
    char *headers; /* lines, each ended by \r\n; the courier cuts them apart. NULL: none */
    const char *body;
    size_t length;
    long timeout_ms;   /* over all of it */
    size_t most;       /* bytes of the answer that are read and kept */
    bool whole;        /* a longer answer is none; else it is cut and says as much */
    bool https_only;   /* the address's being on the operator's list makes no exception */
    struct smtp *smtp; /* not NULL: `body` is a mail for the server at `url`; nothing above it counts but
                        * these and the time-out */
};

enum answer_kind {
    ANSWER_HTTP,      /* a whole answer with a status; of a mail: it was taken */
    ANSWER_NONE,      /* no answer or only part of one: refused, timed out, broken off */
    ANSWER_UNREACHED, /* the name was not looked up or no network leads there: ours or theirs */
    ANSWER_OURS       /* a fault of ours: nothing is known of the other side */
};

enum trouble { /* what went wrong, where a user may want to say it in its own words */
               TROUBLE_NONE,
               TROUBLE_NAME, /* it cannot be looked up */
               TROUBLE_CONNECTION,
               TROUBLE_TIME,
               TROUBLE_CERTIFICATE, /* it is not trusted */
               TROUBLE_AUTHORITIES, /* the file of certificates cannot be read */
               TROUBLE_NO_TLS,
               TROUBLE_LOGIN,
               TROUBLE_OTHER
};

struct timings { /* microseconds; -1: never got there */
    int64_t dns, connect, tls, first_byte, total;
};

/* What came of it. */
struct result {
    enum answer_kind kind;
    enum trouble trouble;
    int status;                     /* 0: none */
    bool capped;                    /* the answer was longer than `most` */
    bool is_public;                 /* the peer's address is: not one that the operator allow-listed */
    struct buf answer;              /* its body */
    const char *error;              /* in words, without a secret; NULL: none */
    char address[INET6_ADDRSTRLEN]; /* of the peer; "": none */
    struct timings timings;
};

struct errand {
    struct sender *sender;
    struct pool *pool; /* takes the answer and the words; nobody else's while the errand is under way */
    struct order order;
    struct result result;
    int64_t started; /* clock_monotonic() */
    bool slow;       /* was under way for more than COURIER_SLOW_US; never of a mail */
    TAILQ_ENTRY(errand) link;
    struct handle *handle; /* the courier's, while it has the errand */
};

/* Who sends: one for each kind of things that go out. */
struct sender {
    void (*done)(void *owner, struct errand *errand);
    void (*late)(void *owner, struct errand *errand); /* it became slow; may be NULL */
    void *owner;
    int flying; /* errands under way, */
    int slow;   /* … and of them the slow ones */
};

struct courier;

/* For about so many errands at once. Raises the limit of open files as far as it may. */
struct courier *courier_new(int parallel);
/* Before it, courier_abort gives back what is under way. */
void courier_free(struct courier *courier);

/* False where it could not begin, by a fault of ours that `result` tells of; `done` is not called then. */
bool courier_send(struct courier *courier, struct errand *errand);
/* Lets curl work, and calls `done` and `late`. */
void courier_perform(struct courier *courier);
/* Sleeps until there is something to perform, `fd` (-1: none) can be read, or the time is over. */
void courier_wait(struct courier *courier, int fd, int milliseconds);
/* Breaks off all that is under way as a fault of ours, within a second or two; takes nothing more. */
void courier_abort(struct courier *courier, const char *why);

/* A line of the answer's header by its name, NULL where there is none. For `done`, and gone behind it. */
const char *errand_header(const struct errand *errand, const char *name);

#endif
