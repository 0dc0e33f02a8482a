#include "partners/partner.h"

#include "base/crypto.h"

#include <string.h>

enum { MAX_JITTER_PERCENT = 10, DATA_LIMIT = 32 * 1024 * 1024 };
enum { SECRET_BYTES_MIN = 24, SECRET_BYTES_MAX = 64, SECRET_MIN = 16 };

const char *const partner_families[] = { "svix", "github", NULL };

/* ---- events ---- */

static const struct partner_shape *shape_of(const struct partner *partner, const char *native)
{
    for (const struct partner_shape *at = partner->shapes; at && at->event; at++)
        if (strcmp(at->event, native) == 0)
            return at;
    return NULL;
}

void partner_data(struct pool *pool, const struct partner *partner, const struct partner_event *event,
                  struct buf *out)
{
    const struct partner_shape *shape = shape_of(partner, event->type);

    if (!shape || !shape->project) {
        buf_add_text(out, event->data_text);
        return;
    }
    if (shape->member)
        buf_printf(out, "{\"%s\":", shape->member);
    json_write(out, shape->project(pool, event->data));
    if (shape->member)
        buf_add_char(out, '}');
}

const char *partner_event_name(const struct partner *partner, const char *native)
{
    const struct partner_shape *shape = shape_of(partner, native);

    return shape && shape->name ? shape->name : native;
}

bool partner_is_apart(const struct partner *partner, const char *native)
{
    return partner->apart && strncmp(native, partner->apart, strlen(partner->apart)) == 0;
}

const char *partner_events_problem(const struct partner *partner, const char *const *events)
{
    for (size_t i = 0; events[i]; i++)
        if (partner_is_apart(partner, events[i]) != partner_is_apart(partner, events[0]))
            return "must hold either events of an app or others, not both, in this format";
    return NULL;
}

/* ---- secrets ---- */

struct partner_secret partner_secret(struct pool *pool, const struct partner *partner, const char *wanted)
{
    const char *raw = wanted ? wanted : partner->new_secret(pool);

    return (struct partner_secret){
        .raw = raw,
        .stored = partner->stored_secret ? partner->stored_secret(pool, raw) : raw,
        .display_key = partner->display_key ? partner->display_key(pool, raw) : NULL,
    };
}

static const char *length_problem(struct pool *pool, const struct partner *partner, const char *secret)
{
    int least = partner->scheme ? PARTNER_SECRET_MIN : SECRET_MIN;

    return strlen(secret) < (size_t)least
               ? pool_printf(pool, "must be at least %d characters long in this format", least)
               : NULL;
}

const char *partner_secret_problem(struct pool *pool, const struct partner *partner, const char *secret)
{
    static const char prefix[] = "whsec_";
    const size_t skip = sizeof prefix - 1;
    size_t length;

    if (strncmp(secret, prefix, skip) != 0)
        return length_problem(pool, partner, secret);
    if (!crypto_base64_decode(pool, secret + skip, strlen(secret + skip), &length) ||
        length < SECRET_BYTES_MIN || length > SECRET_BYTES_MAX)
        return "must be base64 of 24 to 64 bytes after whsec_";
    return NULL;
}

/* ---- signatures ---- */

static bool has_family(const char *families, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = families; at && *at; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");

        if (size == length && memcmp(at, name, length) == 0)
            return true;
        at += size;
    }
    return false;
}

size_t partner_schemes(const struct partner *partner, const char *families,
                       const struct scheme *schemes[PARTNER_SCHEMES_MAX])
{
    static const struct scheme *const optional[] = { &scheme_svix, &scheme_github };
    size_t count = 0;

    if (!partner->owns_signature)
        schemes[count++] = &scheme_standard;
    if (partner->scheme)
        schemes[count++] = partner->scheme;
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        if (has_family(families, optional[i]->name))
            schemes[count++] = optional[i];
    return count;
}

struct parts partner_parts(struct pool *pool, const struct partner *partner,
                           const struct partner_event *event, const char *body, size_t length, bool with_data)
{
    char id[ID_TEXT_SIZE];
    struct parts parts = {
        .id = pool_strdup(pool, id_format(id, "evt", event->id)),
        .event = partner_event_name(partner, event->type),
        .body = body,
        .body_length = length,
    };

    if (with_data) {
        struct buf data;

        buf_init(&data, pool, DATA_LIMIT);
        partner_data(pool, partner, event, &data);
        parts.data = data.data;
        parts.data_length = data.length;
    }
    return parts;
}

static void add_scheme(struct pool *pool, const struct scheme *scheme, struct partner_secrets secrets,
                       const struct parts *parts, struct buf *headers)
{
    if (scheme->family)
        buf_printf(headers, "%s-id: %s\r\n%s-timestamp: %s\r\n", scheme->family, parts->id, scheme->family,
                   parts->timestamp);
    buf_printf(headers, "%s: %s", scheme->header, scheme_sign(pool, scheme, secrets.current, parts));
    if (scheme->several && secrets.previous)
        buf_printf(headers, " %s", scheme_sign(pool, scheme, secrets.previous, parts));
    buf_add_text(headers, "\r\n");
}

void partner_headers(struct pool *pool, const struct partner *partner, const struct partner_event *event,
                     struct partner_secrets secrets, instant attempt_at, const char *body, size_t length,
                     struct buf *headers)
{
    const struct scheme *schemes[PARTNER_SCHEMES_MAX];
    size_t all = partner_schemes(partner, secrets.families, schemes), count = 0;
    bool with_data = false;
    struct parts parts;

    for (size_t i = 0; i < all; i++) {
        if (!schemes[i]->header)
            continue; /* stands in the body already */
        with_data |= scheme_uses(schemes[i]->pattern, "{data}");
        schemes[count++] = schemes[i];
    }
    parts = partner_parts(pool, partner, event, body, length, with_data);
    if (partner->owns_signature)
        buf_printf(headers, "webhook-id: %s\r\nwebhook-timestamp: %s\r\n", parts.id,
                   scheme_timestamp(pool, &scheme_standard, attempt_at));
    for (size_t i = 0; i < count; i++) {
        parts.timestamp = scheme_timestamp(pool, schemes[i], attempt_at);
        add_scheme(pool, schemes[i], secrets, &parts, headers);
    }
}

/* ---- retries ---- */

int64_t partner_retry_delay(const struct partner *partner, int number)
{
    int64_t delay, span;
    uint64_t chance;
    int at = 0;

    if (number < 1)
        return -1;
    while (at < number - 1 && partner->retry_seconds[at] >= 0)
        at++;
    if (partner->retry_seconds[at] < 0)
        return -1;
    delay = (int64_t)partner->retry_seconds[at] * CLOCK_SECOND;
    span = delay * MAX_JITTER_PERCENT / 100;
    crypto_random(&chance, sizeof chance);
    return delay - span + (int64_t)(chance % (uint64_t)(2 * span + 1));
}
