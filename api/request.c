#include "api/request.h"

#include "api/field_text.h"
#include "api/idempotency.h"
#include "api/metrics.h"
#include "base/config.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/poke.h"
#include "base/text.h"

#include <unistd.h>

enum {
    TRIES = 6,
    PAUSE_FIRST_US = 2000,
    REPLY_MAX = 16 << 20,
    HEADERS_MAX = 8192,
    KEY_MAX = 255,
    PATH_MAX_LENGTH = 2048
};

static const struct field NO_FIELDS[] = { { 0 } };

static const char *param(struct request *request, const char *name)
{
    const char *value = request->exchange->param(request->exchange, name);

    return value ? value : "";
}

/* ---- reading ---- */

static void read_id(struct request *request)
{
    const char *sent = param(request, "HTTP_X_REQUEST_ID");
    size_t length = strspn(sent, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    if (length >= 8 && length < sizeof request->id && sent[length] == '\0')
        memcpy(request->id, sent, length + 1);
    else
        id_format_uuid(request->id, id_new());
}

/* The raw path and query as the client wrote them, from REQUEST_URI; plain CGI may only have the parts. */
static void read_target(struct request *request)
{
    const char *uri = param(request, "REQUEST_URI");
    size_t length = strcspn(uri, "?");

    request->method = param(request, "REQUEST_METHOD");
    request->address = param(request, "REMOTE_ADDR");
    if (length > 0) {
        request->path = pool_memdup(request->pool, uri, length);
        request->query_string = uri[length] ? uri + length + 1 : "";
    } else {
        request->path =
            pool_printf(request->pool, "%s%s", param(request, "SCRIPT_NAME"), param(request, "PATH_INFO"));
        request->query_string = param(request, "QUERY_STRING");
    }
}

static enum error_code read_announced(struct request *request, size_t length)
{
    char *body = pool_alloc(request->pool, length + 1);
    size_t used = 0;

    while (used < length) {
        int got = request->exchange->read(request->exchange, body + used, (int)(length - used));

        if (got <= 0) /* none of it: mod_fcgid keeps back what is over its own limit */
            return used == 0 ? ERROR_BODY_TOO_LARGE : ERROR_BAD_REQUEST;
        used += (size_t)got;
    }
    request->body_text = body;
    request->body_length = length;
    return ERROR_NONE;
}

/* Apache takes a chunked body apart and gives it to CGI programs without a length (RFC 3875 §4.1.2 has none).
 */
static enum error_code read_to_end(struct request *request, size_t most)
{
    struct buf body;
    char piece[8192];
    int got;

    buf_init(&body, request->pool, most);
    while ((got = request->exchange->read(request->exchange, piece, sizeof piece)) > 0) {
        buf_add(&body, piece, (size_t)got);
        if (body.overflowed)
            return ERROR_BODY_TOO_LARGE;
    }
    if (body.length > 0) {
        request->body_text = body.data;
        request->body_length = body.length;
    }
    return ERROR_NONE;
}

static enum error_code read_body(struct request *request)
{
    const char *text = param(request, "CONTENT_LENGTH");
    size_t digits = strspn(text, "0123456789"), length, most = (size_t)config_int(CONFIG_BODY_LIMIT);
    bool has_body = strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;

    if (text[digits] || digits > 18)
        return ERROR_BAD_REQUEST;
    if (digits == 0)
        return has_body ? read_to_end(request, most) : ERROR_NONE;
    length = (size_t)strtoull(text, NULL, 10);
    return length > most ? ERROR_BODY_TOO_LARGE : read_announced(request, length);
}

/* ---- checking against the route's tables ---- */

static enum outcome find_route(struct request *request)
{
    struct route_match match =
        route_match(request->pool, request->exchange->resources, request->method, request->path);
    struct problems problems = { .pool = request->pool };
    struct value *values = pool_array(request->pool, match.count + 1, sizeof *values);
    struct input *input = pool_alloc(request->pool, sizeof *input);

    if (!match.route && match.allow) {
        reply_header(request, "Allow", match.allow);
        return fail(request, ERROR_METHOD_NOT_ALLOWED);
    }
    if (!match.route)
        return fail(request, ERROR_NOT_FOUND);
    request->route = match.route;
    *input = (struct input){ match.route->params ? match.route->params : NO_FIELDS, values };
    request->params = input;
    for (size_t i = 0; i < match.count; i++) {
        char *text = pool_memdup(request->pool, match.segments[i].text, match.segments[i].length);

        if (field_take_text(request->pool, &input->fields[i], text, match.segments[i].length, &values[i]))
            problems_add(&problems, input->fields[i].name, "is malformed");
    }
    return problems.count ? fail(request, ERROR_NOT_FOUND) : OUTCOME_OK;
}

/* The route's query table, with the members behind it that choose a page. */
static const struct field *query_table(struct request *request)
{
    const struct field *own = request->route->query ? request->route->query : NO_FIELDS;
    size_t count = 0;
    struct field *table;

    if (!route_has_pages(request->route))
        return own;
    while (own[count].name)
        count++;
    table = pool_array(request->pool, count + PAGE_FIELDS + 1, sizeof *table);
    memcpy(table, own, count * sizeof *table);
    page_fields(request->pool, request->route, table + count);
    return table;
}

/* `application/json`, with no other charset than UTF-8 (RFC 8259 §8.1). */
static bool is_json(const char *type)
{
    size_t length = strcspn(type, "; ");
    const char *charset = strcasestr(type, "charset=");

    if (length != strlen("application/json") || strncasecmp(type, "application/json", length) != 0)
        return false;
    if (!charset)
        return true;
    charset += strlen("charset=");
    charset += *charset == '"';
    return strncasecmp(charset, "utf-8", 5) == 0 && strcspn(charset, "\"; ") == 5;
}

/* The published examples of the partner styles leave the type out, and curl then says it is a form. */
static bool is_taken_for_form(const char *type)
{
    static const char form[] = "application/x-www-form-urlencoded";

    return !*type || strcasecmp(type, form) == 0;
}

/* What `axios.patch(url, null)` sends: where none is taken, that is no body to the partner styles. */
static bool is_null_for_none(const struct request *request, bool strict)
{
    static const char null[] = "null";

    return !strict && !request->route->in && request->body_length == sizeof null - 1 &&
           memcmp(request->body_text, null, sizeof null - 1) == 0;
}

static struct json_object *parse_body(struct request *request, bool strict)
{
    struct json_limits limits = { (size_t)config_int(CONFIG_BODY_LIMIT), (int)config_int(CONFIG_JSON_DEPTH) };
    const char *why = NULL, *type = param(request, "CONTENT_TYPE");
    struct json_object *details, *object;

    if (request->body_length == 0)
        return json_new_object(request->pool);
    if (!is_json(type) && (strict || !is_taken_for_form(type))) {
        fail(request, ERROR_UNSUPPORTED_MEDIA);
        return NULL;
    }
    if (is_null_for_none(request, strict))
        return json_new_object(request->pool);
    object = json_parse(request->pool, request->body_text, request->body_length, limits, &why);
    if (object && json_object_is_type(object, json_type_object))
        return object;
    details = json_new_object(request->pool);
    json_set_text(details, "body", why ? why : "must be a JSON object");
    fail_with(request, ERROR_BAD_REQUEST, details);
    return NULL;
}

static enum outcome parse_fields(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    bool strict = route_is_strict(request->path);
    struct json_object *object = parse_body(request, strict);

    if (!object)
        return OUTCOME_FAILED;
    request->query =
        field_parse_query(request->pool, query_table(request), request->query_string, strict, &problems);
    request->body = field_parse_json(request->pool, request->route->in ? request->route->in : NO_FIELDS,
                                     object, strict, &problems);
    return problems.count ? fail_problems(request, &problems) : OUTCOME_OK;
}

static bool is_printable_ascii(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static enum outcome check_idempotency_key(struct request *request)
{
    const char *key = request->exchange->param(request->exchange, "HTTP_IDEMPOTENCY_KEY");
    size_t length = key ? strlen(key) : 0;

    request->idempotency_key = NULL;
    if (!key || strcmp(request->method, "POST") != 0 || request->route->unrepeated)
        return OUTCOME_OK;
    if (length == 0 || length > KEY_MAX || !is_printable_ascii(key))
        return fail_field(request, "Idempotency-Key", "must be 1 to %d printable ASCII characters", KEY_MAX);
    request->idempotency_key = key;
    return OUTCOME_OK;
}

/* ---- running ---- */

void request_keep(struct request *request)
{
    db_commit(request->db);
    db_begin(request->db);
}

void request_undo(struct request *request)
{
    if (!db_rollback(request->db)) /* what has been decided so far was decided by rows that are gone */
        fault_raise(FAULT_RETRY, "the transaction of a request has ended");
}

static void write_body(struct request *request)
{
    struct buf out;

    if (!request->reply.body)
        return;
    buf_init(&out, request->pool, REPLY_MAX);
    if (!json_write(&out, request->reply.body))
        fault_raise(FAULT_BROKEN, "the answer is larger than %d bytes", REPLY_MAX);
    request->reply.text = out.data;
    request->reply.text_length = out.length;
    request->reply.content_type = "application/json";
}

static enum outcome run_route(struct request *request)
{
    enum outcome outcome;

    if (request->idempotency_key) {
        switch (idempotency_begin(request)) {
        case IDEMPOTENCY_FRESH:
            break;
        case IDEMPOTENCY_REPLAYED:
            return OUTCOME_OK;
        default:
            return OUTCOME_FAILED;
        }
    }
    if (!rate_check(request))
        return OUTCOME_FAILED;
    outcome = request->route->run(request);
    if (outcome == OUTCOME_OK) {
        write_body(request);
        if (request->idempotency_key)
            idempotency_store(request, request->reply.text ? request->reply.text : "",
                              request->reply.text_length);
    }
    return outcome;
}

static enum outcome handle(struct request *request)
{
    enum error_code refused;
    enum outcome outcome;

    if (find_route(request) != OUTCOME_OK)
        return OUTCOME_FAILED;
    refused = request->route->own_door ? ERROR_NONE : auth_check(request, request->route->scope);
    if (refused != ERROR_NONE)
        return fail_with(request, refused, request->actor.refused_details);
    if (parse_fields(request) != OUTCOME_OK || check_idempotency_key(request) != OUTCOME_OK)
        return OUTCOME_FAILED;
    if (strcmp(request->route->method, "GET") != 0)
        db_begin(request->db);
    outcome = run_route(request);
    if (outcome == OUTCOME_OK && db_in_transaction(request->db))
        db_commit(request->db);
    return outcome;
}

static void reset_reply(struct request *request)
{
    request->reply = (struct reply){ 0 };
    buf_init(&request->reply.headers, request->pool, HEADERS_MAX);
    request->poke = request->poke_all = false;
}

static enum fault attempt(struct request *request)
{
    struct fault_frame frame;
    bool whole;

    reset_reply(request);
    switch (fault_catch(&frame)) {
    case FAULT_NONE:
        whole = handle(request) == OUTCOME_OK || db_rollback(request->db);
        fault_done(&frame);
        return whole ? FAULT_NONE : FAULT_RETRY;
    case FAULT_RETRY:
        db_rollback(request->db);
        return FAULT_RETRY;
    case FAULT_DATABASE:
        db_rollback(request->db);
        return FAULT_DATABASE;
    default: /* unless it was of a transaction that had ended under it */
        return db_rollback(request->db) ? FAULT_BROKEN : FAULT_RETRY;
    }
}

/* Rivals that met once would meet again: each stays away for another while, longer from try to try. */
static void pause_at_random(int tries)
{
    uint16_t dice;

    crypto_random(&dice, sizeof dice);
    usleep((useconds_t)(dice % (PAUSE_FIRST_US << tries)));
}

/* Whether the body could be written. */
static bool finish(struct request *request)
{
    struct fault_frame frame;

    if (fault_catch(&frame) != FAULT_NONE)
        return false;
    if (!request->reply.text)
        write_body(request);
    fault_done(&frame);
    return true;
}

/* Runs the request, again where the database asks for it; every way out leaves a reply. */
static void run(struct request *request)
{
    enum fault fault = FAULT_RETRY;

    for (int i = 0; i < TRIES && fault == FAULT_RETRY; i++) {
        if (i > 0)
            pause_at_random(i - 1);
        fault = attempt(request);
    }
    if (fault == FAULT_NONE)
        return;
    reset_reply(request);
    reply_header(request, "Retry-After", "1");
    fail(request, fault == FAULT_BROKEN ? ERROR_INTERNAL : ERROR_UNAVAILABLE);
}

/* ---- answering ---- */

/* RFC 9110 §15; the space behind the number belongs to the status line even where the phrase does not matter.
 */
static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 413, "Content Too Large" },
        { 415, "Unsupported Media Type" },
        { 422, "Unprocessable Content" },
        { 429, "Too Many Requests" },
        { 500, "Internal Server Error" },
        { 503, "Service Unavailable" },
    };

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Status";
}

static void send_reply(struct request *request)
{
    struct reply *reply = &request->reply;
    bool empty = reply->status == 204 || reply->status == 304;
    struct buf out;

    buf_init(&out, request->pool, HEADERS_MAX + 1024);
    buf_printf(&out, "Status: %d %s\r\nX-Request-Id: %s\r\n", reply->status, reason_of(reply->status),
               request->id);
    buf_add(&out, reply->headers.data, reply->headers.length);
    if (!reply->cacheable)
        buf_add_text(&out, "Cache-Control: no-store\r\n");
    if (!empty)
        buf_printf(&out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                   reply->content_type ? reply->content_type : "application/json", reply->text_length);
    buf_add_text(&out, "\r\n");
    request->exchange->write(request->exchange, out.data, (int)out.length);
    if (!empty && strcmp(request->method, "HEAD") != 0 && reply->text_length > 0)
        request->exchange->write(request->exchange, reply->text, (int)reply->text_length);
}

static void log_request(const struct request *request, int64_t started, uint64_t trips)
{
    char key[ID_TEXT_SIZE] = "-";

    if (!id_is_nil(request->actor.key))
        id_format(key, "key", request->actor.key);
    else if (!id_is_nil(request->actor.user))
        id_format(key, "usr", request->actor.user);
    log_info("request method=%.16s path=%.200s status=%d code=%s bytes=%zu us=%lld trips=%llu key=%s "
             "address=%.64s",
             request->method, request->path, request->reply.status, error_table[request->reply.error].code,
             request->reply.text_length, (long long)(clock_monotonic() - started),
             (unsigned long long)(db_round_trips(request->db) - trips), key, request->address);
}

void request_serve(struct request *request, struct exchange *exchange, struct pool *pool, struct db *db)
{
    int64_t started = clock_monotonic();
    uint64_t trips = db_round_trips(db);
    enum error_code unreadable;

    *request =
        (struct request){ .pool = pool, .db = db, .exchange = exchange, .now = clock_now(), .body_text = "" };
    reset_reply(request);
    read_id(request);
    log_set_request(request->id);
    read_target(request);
    unreadable = strlen(request->path) > PATH_MAX_LENGTH ? ERROR_NOT_FOUND : read_body(request);
    if (unreadable != ERROR_NONE)
        fail(request, unreadable);
    else
        run(request);
    if (!finish(request)) {
        reset_reply(request);
        fail(request, ERROR_INTERNAL);
        write_body(request);
    }
    /* Before the bytes go, so that whoever has the answer finds it counted. */
    metrics_count(request->route, request->method, request->reply.status, clock_monotonic() - started);
    send_reply(request);
    if (request->poke && request->reply.error == ERROR_NONE)
        poke_dispatcher(request->poke_all ? (struct id){ 0 } : request->actor.company);
    log_request(request, started, trips);
    log_set_request(NULL);
}
