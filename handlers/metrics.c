/* What Prometheus asks: the figures of all workers and of the outbox. */
#include "api/metrics.h"
#include "api/request.h"
#include "base/config.h"
#include "base/fault.h"
#include "rules/delivery/backlog.h"

#include <unistd.h>

enum { METRICS_LIMIT = 8 << 20 };

static const struct statement COUNTERS = { "SELECT name, value FROM counters ORDER BY name" };
static const struct statement ALARMS = {
    "SELECT name, raised_at IS NOT NULL AS raised FROM alarms ORDER BY name"
};
static const struct statement DISPATCHERS = {
    "SELECT (SELECT seen_at FROM heartbeats WHERE name = 'dispatcher') AS seen_at, "
    "(SELECT COUNT(*) FROM dispatchers WHERE seen_at > ?) AS alive, "
    "(SELECT MAX(version) FROM schema_version) AS version",
    .in = "t"
};

enum { ALIVE = CLOCK_MINUTE };

/* ---- who may ask ---- */

static bool has_header(struct request *request, const char *variable)
{
    const char *value = request->exchange->param(request->exchange, variable);
    return value && *value;
}

/* The machine itself, not one that a proxy on it speaks for. */
static bool is_local(struct request *request)
{
    const char *address = request->address;
    bool loopback =
        strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 || strncmp(address, "unix:", 5) == 0;
    return loopback && !has_header(request, "HTTP_X_FORWARDED_FOR") && !has_header(request, "HTTP_FORWARDED");
}

static bool has_token(struct request *request)
{
    const char *token = config_text(CONFIG_METRICS_TOKEN);
    const char *sent = request->exchange->param(request->exchange, "HTTP_AUTHORIZATION");
    if (!*token || !sent || strncasecmp(sent, "Bearer ", 7) != 0)
        return false;
    sent += 7 + strspn(sent + 7, " ");
    return crypto_equal(sent, strlen(sent), token, strlen(token));
}

static enum outcome refuse(struct request *request)
{
    if (!*config_text(CONFIG_METRICS_TOKEN))
        return fail(request, ERROR_FORBIDDEN);
    reply_header(request, "WWW-Authenticate", "Bearer");
    return fail(request, ERROR_UNAUTHORIZED);
}

/* ---- figures ---- */

static void begin(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_figure(struct buf *out, const char *name, const char *help, int64_t value)
{
    begin(out, name, "gauge", help);
    buf_printf(out, "%s %lld\n", name, (long long)value);
}

static void print_seconds(struct buf *out, const char *name, const char *help, int64_t milliseconds)
{
    long long shown = milliseconds > 0 ? milliseconds : 0;
    begin(out, name, "gauge", help);
    buf_printf(out, "%s %lld.%03lld\n", name, shown / 1000, shown % 1000);
}

static void print_deliveries(struct request *request, struct buf *out)
{
    struct backlog backlog = backlog_deliveries(request->db, request->pool, request->now,
                                                config_int(CONFIG_LAG_ALARM) * CLOCK_SECOND);
    print_figure(out, "slotwire_deliveries_due", "Deliveries that may be sent now, counted up to 10000.",
                 backlog.due);
    print_figure(out, "slotwire_deliveries_overdue",
                 "Deliveries due for longer than lag_alarm, counted up to 10000.", backlog.overdue);
    print_seconds(out, "slotwire_delivery_oldest_due_age_seconds",
                  "How long the longest waiting delivery has been due.",
                  backlog.oldest_due_at ? request->now - backlog.oldest_due_at : 0);
}

static void print_messages(struct request *request, struct buf *out)
{
    struct backlog backlog = backlog_messages(request->db, request->pool, request->now,
                                              config_int(CONFIG_LAG_ALARM) * CLOCK_SECOND);
    print_figure(out, "slotwire_messages_waiting",
                 "Mails not sent yet, those that wait for another try too, counted up to 10000.",
                 backlog_messages(request->db, request->pool, INSTANT_MAX, 0).due);
    print_figure(out, "slotwire_messages_due", "Mails that may be sent now, counted up to 10000.",
                 backlog.due);
    print_seconds(out, "slotwire_message_oldest_due_age_seconds",
                  "How long the longest waiting mail has been due.",
                  backlog.oldest_due_at ? request->now - backlog.oldest_due_at : 0);
}

static void print_dispatchers(struct request *request, struct buf *out)
{
    const struct row *row =
        db_one(request->db, request->pool, &DISPATCHERS, BIND(value_time(clock_real() - ALIVE)));
    if (!row_is_null(row, "seen_at"))
        print_seconds(out, "slotwire_dispatcher_last_seen_age_seconds",
                      "Since a dispatcher last gave a sign of life; absent: never.",
                      request->now - row_time(row, "seen_at"));
    print_figure(out, "slotwire_dispatchers", "Dispatchers that gave a sign of life in the last minute.",
                 row_int(row, "alive"));
    print_figure(out, "slotwire_schema_version", "Version of the database's schema.",
                 row_int(row, "version"));
}

/* The names are the dispatcher's own; only plain ones may become labels. */
static bool is_plain(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static void print_counters(struct buf *out, struct rows rows, const char *prefix, const char *name,
                           const char *help)
{
    size_t length = strlen(prefix);
    begin(out, name, "counter", help);
    for (size_t i = 0; i < rows.count; i++) {
        const char *counter = row_text(&rows.items[i], "name");
        if (strncmp(counter, prefix, length) == 0 && is_plain(counter))
            buf_printf(out, "%s{outcome=\"%s\"} %lld\n", name, counter + length,
                       (long long)row_int(&rows.items[i], "value"));
    }
}

static void print_alarms(struct request *request, struct buf *out)
{
    struct rows rows = db_all(request->db, request->pool, &ALARMS, BIND_NONE);
    begin(out, "slotwire_alarm", "gauge", "1 while the alarm stands.");
    for (size_t i = 0; i < rows.count; i++)
        buf_printf(out, "slotwire_alarm{name=\"%s\"} %lld\n", row_text(&rows.items[i], "name"),
                   (long long)row_int(&rows.items[i], "raised"));
}

static void print_outbox(struct request *request, struct buf *out)
{
    struct rows counters = db_all(request->db, request->pool, &COUNTERS, BIND_NONE);
    print_deliveries(request, out);
    print_messages(request, out);
    print_dispatchers(request, out);
    print_counters(out, counters, "attempts_", "slotwire_attempts_total",
                   "Attempts to deliver, by what came of them.");
    print_counters(out, counters, "reminders_", "slotwire_reminders_total",
                   "Reminders settled, by what came of them.");
    print_counters(out, counters, "mails_", "slotwire_mails_total", "Mails settled, by what came of them.");
    print_alarms(request, out);
}

/* Without a database the workers' own figures are still worth having. */
static bool print_outbox_safely(struct request *request, struct buf *out)
{
    struct fault_frame frame;
    struct buf outbox;
    buf_init(&outbox, request->pool, METRICS_LIMIT);
    if (fault_catch(&frame) != FAULT_NONE)
        return false;
    print_outbox(request, &outbox);
    fault_done(&frame);
    buf_add(out, outbox.data, outbox.length);
    return true;
}

static void print_memory(struct buf *out)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%*u %llu", &pages) == 1)
        print_figure(out, "process_resident_memory_bytes", "Resident memory of the worker that answers.",
                     (int64_t)pages * sysconf(_SC_PAGESIZE));
    if (file)
        fclose(file);
}

static enum outcome show(struct request *request)
{
    struct buf out;
    if (!is_local(request) && !has_token(request))
        return refuse(request);
    buf_init(&out, request->pool, METRICS_LIMIT);
    metrics_print(&out);
    print_memory(&out);
    print_figure(&out, "slotwire_database_up", "1 while the worker can read the database.",
                 print_outbox_safely(request, &out));
    reply_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.length);
    return OUTCOME_OK;
}

static const enum error_code errors[] = { ERROR_UNAUTHORIZED, ERROR_FORBIDDEN, ERROR_NONE };

static const struct route routes[] = {
    { "GET", "/metrics", .own_door = true, .shape = SHAPE_FREE, .errors = errors, .run = show,
      .summary = "Figures for Prometheus: from the machine itself, or with the operator's token" },
    { 0 },
};
const struct resource metrics_resource = { "system", routes };
