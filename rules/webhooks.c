#include "rules/webhooks.h"

#include "core/crypto.h"
#include "core/text.h"

static const char PREFIX[] = "whsec_";

/* How far a worker's clock may be ahead of a dispatcher's; more than any that works. */
enum { CLOCKS_APART = CLOCK_HOUR };

const char *const webhook_formats[] = { "standard", "bookme", NULL };

const char *webhook_new_secret(struct pool *pool)
{
    return crypto_webhook_secret(pool);
}

const char *webhook_secret_problem(struct pool *pool, const char *secret)
{
    size_t skip = sizeof PREFIX - 1, length;

    if (strncmp(secret, PREFIX, skip) != 0)
        return NULL;
    if (!crypto_base64_decode(pool, secret + skip, strlen(secret + skip), &length) ||
        length < WEBHOOK_SECRET_BYTES_MIN || length > WEBHOOK_SECRET_BYTES_MAX)
        return "must be base64 of 24 to 64 bytes after whsec_";
    return NULL;
}

/* ---- the record of deliveries ---- */

/* Without the index being forced, a cursor deep in a long list would be reached by reading all before it. */
static const struct statement DELIVERIES = {
    "SELECT d.id, d.event_id, v.type AS event_type, d.state, d.attempts, d.due_at, d.settled_at, d.created_at"
    " FROM deliveries d FORCE INDEX (deliveries_endpoint)"
    " JOIN events v ON v.company_id = d.company_id AND v.id = d.event_id"
    " WHERE d.company_id = ? AND d.endpoint_id = ? AND (? IS NULL OR d.id < ?) ORDER BY d.id DESC LIMIT ?",
    .in = "uuuui",
    .out = "uussittt",
};

/* Of the deliveries of one page, whose ids lie between the last and the first of it. No attempt is older than
 * they are: the bound spares the partitions of all days before. */
static const struct statement ATTEMPTS = {
    "SELECT a.delivery_id, a.number, a.started_at, a.address, a.status, a.error,"
    " LEFT(a.response, ?) AS response, a.dns_us / 1000e0 AS timings_dns_ms,"
    " a.connect_us / 1000e0 AS timings_connect_ms, a.tls_us / 1000e0 AS timings_tls_ms,"
    " a.first_byte_us / 1000e0 AS timings_first_byte_ms, a.total_us / 1000e0 AS timings_total_ms"
    " FROM (SELECT b.id, ROW_NUMBER() OVER (PARTITION BY b.delivery_id ORDER BY b.id DESC) AS place"
    " FROM deliveries d JOIN attempts b FORCE INDEX (attempts_delivery) ON b.company_id = d.company_id AND "
    "b.delivery_id = d.id"
    " WHERE d.company_id = ? AND d.endpoint_id = ? AND d.id BETWEEN ? AND ? AND b.id >= ?) newest"
    " JOIN attempts a ON a.id = newest.id WHERE a.company_id = ? AND newest.place <= ?"
    " ORDER BY a.delivery_id DESC, a.id",
    .in = "iuuuuuui",
    .out = "uitsissnnnnn",
};

static const char *const states[] = { "pending", "delivered", "failed", "held", NULL };

static const struct field timings_out[] = {
    { "dnsMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "Until the name was looked up" },
    { "connectMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "Until connected" },
    { "tlsMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "Until TLS stood" },
    { "firstByteMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "Until the answer began" },
    { "totalMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "The whole attempt" },
    { 0 }
};
static const struct field attempt_out[] = {
    { "number", FIELD_INT, .required = true, .doc = "Counts every request of this delivery from 1" },
    { "startedAt", FIELD_TIME, .required = true, .doc = "When it began" },
    { "address", FIELD_TEXT, .required = true, .nullable = true, .doc = "IP address that was connected to" },
    { "status", FIELD_INT, .required = true, .nullable = true, .doc = "HTTP status; null: no answer" },
    { "error", FIELD_TEXT, .max = 500, .required = true, .nullable = true, .doc = "What went wrong" },
    { "response", FIELD_LINES, .required = true, .nullable = true,
      .doc = "The first 4 KiB of the answer's body, less on a page with many of them; what is not readable "
             "text in "
             "it is replaced" },
    { "timings", FIELD_OBJECT, .fields = timings_out, .required = true,
      .doc = "Milliseconds since it began" },
    { 0 }
};
const struct field delivery_out[] = {
    { "id", FIELD_ID, .prefix = "dlv", .required = true, .doc = "The delivery" },
    { "eventId", FIELD_ID, .prefix = "evt", .required = true,
      .doc = "The event: `webhook-id` of its requests" },
    { "eventType", FIELD_TEXT, .required = true, .doc = "What happened", .example = "\"booking.created\"" },
    { "state", FIELD_ENUM, .choices = states, .required = true,
      .doc = "Waiting, taken, given up, or held while the endpoint is off" },
    { "attempts", FIELD_INT, .required = true, .doc = "Those that count against the format's schedule" },
    { "dueAt", FIELD_TIME, .required = true, .doc = "When the next attempt is or was due" },
    { "settledAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When it was taken or given up" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When the event happened" },
    { "attemptLog", FIELD_LIST, .element = FIELD_OBJECT, .fields = attempt_out, .required = true,
      .max = WEBHOOK_ATTEMPTS_SHOWN, .doc = "The latest requests of this delivery, in order" },
    { 0 }
};

/* The length of the well-formed character at `text`, 0 where there is none that people could read: a control
 * character would take six bytes of the answer. */
static size_t character(const char *text, size_t length)
{
    if ((unsigned char)*text < ' ' && *text != '\n' && *text != '\r' && *text != '\t')
        return 0;
    for (size_t size = 1; size <= 4 && size <= length; size++)
        if (text_is_utf8(text, size))
            return size;
    return 0;
}

/* A receiver may answer with any bytes: each that is not part of readable UTF-8 text becomes U+FFFD. Up to
 * `most` bytes are looked at, and no character is cut in two there. */
static struct value readable(struct pool *pool, const struct value *response, size_t most)
{
    struct buf out;
    size_t end = response->length < most ? response->length : most;

    if (response->type != VALUE_TEXT)
        return *response;
    buf_init(&out, pool, end * 3 + 1);
    buf_add(&out, "", 0);
    for (size_t i = 0; i < end;) {
        size_t size = character(response->text + i, response->length - i);

        if (i + size > end)
            break;
        if (size > 0)
            buf_add(&out, response->text + i, size);
        else
            buf_add_text(&out, "\xEF\xBF\xBD");
        i += size > 0 ? size : 1;
    }
    return value_bytes(out.data, out.length);
}

static struct json_object *attempt_json(struct pool *pool, const struct row *row, size_t most)
{
    struct value *values = pool_array(pool, row->count, sizeof *values);
    struct row clean = { row->count, values, row->names };

    for (size_t i = 0; i < row->count; i++)
        values[i] =
            strcmp(row->names[i], "response") == 0 ? readable(pool, &row->values[i], most) : row->values[i];
    return json_object_get(field_render(pool, attempt_out, &clean));
}

/* How much of each answer is shown, so that those of one page are WEBHOOK_RESPONSES_PAGE bytes at most. */
static size_t response_share(struct rows attempts)
{
    size_t answers = 1;

    for (size_t i = 0; i < attempts.count; i++)
        answers += !row_is_null(&attempts.items[i], "response");
    return WEBHOOK_RESPONSES_PAGE / answers;
}

/* The attempts from `*at` on that belong to the delivery, as one JSON text; moves `*at` behind them. */
static const char *log_text(struct pool *pool, struct rows attempts, size_t most, size_t *at,
                            struct id delivery)
{
    struct json_object *log = json_new_array(pool);

    while (*at < attempts.count && id_compare(row_id(&attempts.items[*at], "delivery_id"), delivery) > 0)
        (*at)++; /* of a delivery that came after the page was read */
    for (; *at < attempts.count && id_equal(row_id(&attempts.items[*at], "delivery_id"), delivery); (*at)++)
        json_object_array_add(log, attempt_json(pool, &attempts.items[*at], most));
    return json_text(pool, log);
}

static struct row with_log(struct pool *pool, const struct row *row, const char *log)
{
    struct value *values = pool_array(pool, row->count + 1, sizeof *values);
    const char **names = pool_array(pool, row->count + 1, sizeof *names);

    memcpy(values, row->values, row->count * sizeof *values);
    memcpy(names, row->names, row->count * sizeof *names);
    values[row->count] = value_text(log);
    names[row->count] = "attempt_log";
    return (struct row){ row->count + 1, values, names };
}

struct rows webhook_deliveries(struct db *db, struct pool *pool, struct id company, struct id endpoint,
                               struct id before, int64_t limit)
{
    struct rows rows = db_all(
        db, pool, &DELIVERIES,
        BIND(value_id(company), value_id(endpoint), value_id(before), value_id(before), value_int(limit)));
    struct row *items = pool_array(pool, rows.count + 1, sizeof *items);
    struct id oldest;
    struct rows attempts;
    size_t at = 0, most;

    if (rows.count == 0)
        return rows;
    oldest = row_id(&rows.items[rows.count - 1], "id");
    attempts = db_all(db, pool, &ATTEMPTS,
                      BIND(value_int(WEBHOOK_RESPONSE_SHOWN), value_id(company), value_id(endpoint),
                           value_id(oldest), *row_value(&rows.items[0], "id"),
                           value_id(id_first_of(id_time(oldest) - CLOCKS_APART)), value_id(company),
                           value_int(WEBHOOK_ATTEMPTS_SHOWN)));
    most = response_share(attempts);
    for (size_t i = 0; i < rows.count; i++)
        items[i] =
            with_log(pool, &rows.items[i], log_text(pool, attempts, most, &at, row_id(&rows.items[i], "id")));
    return (struct rows){ rows.count, items };
}
