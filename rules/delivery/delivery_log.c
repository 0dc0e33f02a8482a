#include "rules/delivery/delivery_log.h"

#include "base/text.h"

/*
 * Of the deliveries of one page. An attempt is younger than its delivery, which lets the lower bound of its
 * id leave out the partitions of the days before.
 */
static const struct statement ATTEMPTS = {
    "SELECT a.delivery_id, a.number, a.started_at, a.address, a.status, a.error,"
    " LEFT(a.response, ?) AS response, a.dns_us / 1000e0 AS timings_dns_ms,"
    " a.connect_us / 1000e0 AS timings_connect_ms, a.tls_us / 1000e0 AS timings_tls_ms,"
    " a.first_byte_us / 1000e0 AS timings_first_byte_ms, a.total_us / 1000e0 AS timings_total_ms"
    " FROM (SELECT b.id, ROW_NUMBER() OVER (PARTITION BY b.delivery_id ORDER BY b.id DESC) AS place"
    " FROM attempts b FORCE INDEX (attempts_delivery)"
    " WHERE b.company_id = ? AND b.id >= ? AND b.delivery_id IN ("
    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) newest"
    " JOIN attempts a ON a.id = newest.id WHERE a.company_id = ? AND newest.place <= ?"
    " ORDER BY a.delivery_id DESC, a.id",
    .in = "iuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"
          "uuuuuuui",
};
enum { ATTEMPTS_VALUES = DELIVERY_LOGS_MOST + 5 };

static const struct field timings_out[] = {
    { "dnsMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "Until the name was looked up" },
    { "connectMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "Until connected" },
    { "tlsMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "Until TLS stood" },
    { "firstByteMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "Until the answer began" },
    { "totalMs", FIELD_NUMBER, .required = true, .nullable = true, .doc = "The whole attempt" },
    { 0 }
};
const struct field attempt_out[] = {
    { "number", FIELD_INT, .required = true, .doc = "Counts every request of this delivery from 1" },
    { "startedAt", FIELD_TIME, .required = true, .doc = "When it began" },
    { "address", FIELD_TEXT, .required = true, .nullable = true, .doc = "IP address that was connected to" },
    { "status", FIELD_INT, .required = true, .nullable = true,
      .doc = "HTTP status; null: no answer, or none on record" },
    { "error", FIELD_TEXT, .max = 500, .required = true, .nullable = true, .doc = "What went wrong" },
    { "response", FIELD_LINES, .max = 20000, .required = true, .nullable = true,
      .doc =
          "How the answer's body begins: 16 KiB of it, 4 KiB in a list, less where there are many; what is "
          "not readable text in it is replaced; null for an address of the operator's own network" },
    { "timings", FIELD_OBJECT, .fields = timings_out, .required = true,
      .doc = "Milliseconds since it began" },
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

/* How much of each answer is shown, so that those of one page are DELIVERY_LOG_BYTES bytes at most. */
static size_t response_share(struct rows attempts)
{
    size_t answers = 1;

    for (size_t i = 0; i < attempts.count; i++)
        answers += !row_is_null(&attempts.items[i], "response");
    return DELIVERY_LOG_BYTES / answers;
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

/* An id that none of a day before has: clocks of hosts differ, but not by so much. */
static struct id day_before(struct id id)
{
    instant born = id_time(id);

    return id_first_of(born > CLOCK_DAY ? born - CLOCK_DAY : 1);
}

/* A short list is filled up with its last id. */
static struct rows read_attempts(struct db *db, struct pool *pool, struct id company, struct rows rows,
                                 struct log_size size)
{
    struct value values[ATTEMPTS_VALUES], *value = values;
    struct id last = row_id(&rows.items[rows.count - 1], "id");

    *value++ = value_int(size.response);
    *value++ = value_id(company);
    *value++ = value_id(day_before(last));
    for (size_t i = 0; i < DELIVERY_LOGS_MOST; i++)
        *value++ = value_id(i < rows.count ? row_id(&rows.items[i], "id") : last);
    *value++ = value_id(company);
    *value++ = value_int(size.attempts);
    return db_all(db, pool, &ATTEMPTS, values, ATTEMPTS_VALUES);
}

struct rows delivery_logs(struct db *db, struct pool *pool, struct id company, struct rows rows,
                          struct log_size size)
{
    struct row *items = pool_array(pool, rows.count + 1, sizeof *items);
    struct rows attempts;
    size_t at = 0, most;

    if (rows.count == 0)
        return rows;
    attempts = read_attempts(db, pool, company, rows, size);
    most = response_share(attempts);
    for (size_t i = 0; i < rows.count; i++) {
        const char *log = log_text(pool, attempts, most, &at, row_id(&rows.items[i], "id"));

        items[i] = row_with(pool, &rows.items[i], "attempt_log", value_text(log));
    }
    return (struct rows){ rows.count, items };
}
