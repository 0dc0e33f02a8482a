/*
 * partner: one webhook format. Each is one file with one const struct; a format only projects the native
 * snapshot.
 *
 * The dispatcher calls `envelope` and partner_headers for each attempt and sends exactly those bytes. Headers
 * come in schemes (partners/scheme.h): the Standard Webhooks family, the format's own, and the families that
 * the endpoint asks for.
 */
#ifndef PARTNERS_PARTNER_H
#define PARTNERS_PARTNER_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "partners/scheme.h"

struct partner_event {
    struct id id;
    const char *type; /* native: booking.created */
    instant created_at;
    struct json_object *data; /* the native snapshot */
    const char *data_text;    /* the same as stored */
};

struct partner_secrets {
    const char *current;
    const char *previous; /* NULL, or also good until the rotation's overlap ends */
    const char
        *families; /* what signs beside the format's own: space-separated, of svix and github; or NULL */
};

/* One secret in the shapes that it has. */
struct partner_secret {
    const char *raw;         /* what the receiver needs */
    const char *stored;      /* what is kept of it, and signs */
    const char *display_key; /* how people tell keys apart; NULL: the format has none */
};

/* One event that the format's specification names, and how it shows it. */
struct partner_shape {
    const char *event;  /* native */
    const char *name;   /* the format's; NULL: the native one */
    const char *member; /* that holds the projection; NULL: the projection is the whole of the data */
    struct json_object *(*project)(struct pool *pool, struct json_object *data); /* NULL: as it is stored */
};

struct partner {
    const char *name;
    const char *doc;
    const struct partner_shape *shapes; /* ended by a NULL event; others go out in its envelope with the
                                           native data. NULL: all do */
    int timeout_seconds;                /* the whole transfer, the answer's body included */
    const int *retry_seconds; /* delay before attempt n, from the attempt before; [0] is 0; ended by -1 */
    const char *apart;        /* how events begin that have endpoints to themselves; NULL: none */
    int rate_limit;           /* deliveries an hour where the endpoint names none; 0: all that there are */

    /* Writes the body of one attempt. */
    void (*envelope)(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body);
    const struct scheme *scheme; /* its own signature; NULL: none but those of the families */
    bool owns_signature; /* it has a `webhook-signature` of its own: the Standard Webhooks one is left out */
    /* A fresh secret in the format's own shape. */
    char *(*new_secret)(struct pool *pool);
    /* What is kept of a secret that is only shown once, and signs; NULL: the secret as it is. */
    const char *(*stored_secret)(struct pool *pool, const char *raw);
    const char *(*display_key)(struct pool *pool, const char *raw); /* NULL: it has none */
};

extern const struct partner partner_standard, partner_clientpass, partner_booking_api, partner_therapy,
    partner_bookme, partner_pushpress, partner_null;
extern const struct partner *const partners[]; /* NULL-terminated; partner_null is last and only for tests */
extern const char *const partner_choices[];    /* names that an API client may choose; the default first */
extern const char *const partner_families[];   /* signatures that can be had beside the format's own */
extern const int partner_standard_schedule[];  /* retry_seconds of the standard format */

const struct partner *partner_find(const char *name); /* or NULL */

/* Writes the event's data as the format shows it, the same at every attempt. */
void partner_data(struct pool *pool, const struct partner *partner, const struct partner_event *event,
                  struct buf *out);

/* The format's name of a native type; the native one where it has none. */
const char *partner_event_name(const struct partner *partner, const char *native);

/* Whether the format keeps this type (native, or `*`) apart from others. */
bool partner_is_apart(const struct partner *partner, const char *native);
/* NULL where one endpoint of the format may receive these types (native, or `*`; NULL-terminated), else what
 * is wrong with them, as "must …". */
const char *partner_events_problem(const struct partner *partner, const char *const *events);

/* `wanted` is the client's own secret, which must have no problem; NULL: a fresh one. */
struct partner_secret partner_secret(struct pool *pool, const struct partner *partner, const char *wanted);
enum {
    PARTNER_SECRET_MIN = 8 /* of a client's own, in any format */
};
/*
 * NULL where a client's own secret can sign for the format, else what is wrong with it, as "must be …": one
 * that begins with `whsec_` must be base64 of 24 to 64 bytes, as the Standard Webhooks specification has it.
 * Where a format has a scheme of its own its integrations have their secrets already, short ones too; the
 * others' must be 16 characters.
 */
const char *partner_secret_problem(struct pool *pool, const struct partner *partner, const char *secret);

/* The schemes that sign an attempt, in the order of their headers; returns how many. */
enum { PARTNER_SCHEMES_MAX = 4 };
size_t partner_schemes(const struct partner *partner, const char *families,
                       const struct scheme *schemes[PARTNER_SCHEMES_MAX]);

/* What the patterns stand for; `timestamp` is left to the scheme, `data` NULL unless it is asked for. */
struct parts partner_parts(struct pool *pool, const struct partner *partner,
                           const struct partner_event *event, const char *body, size_t length,
                           bool with_data);

/* Adds the header lines of one attempt, each `Name: value\r\n`: webhook-id and webhook-timestamp always, and
 * every signature that stands in a header. */
void partner_headers(struct pool *pool, const struct partner *partner, const struct partner_event *event,
                     struct partner_secrets secrets, instant attempt_at, const char *body, size_t length,
                     struct buf *headers);

/* The delay in milliseconds before attempt `number` (1 is the first), with up to ±10 % jitter inside the
 * schedule; -1: no more. */
int64_t partner_retry_delay(const struct partner *partner, int number);

#endif
