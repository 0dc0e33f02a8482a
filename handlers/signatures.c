/* Why a signature does not verify: how one was made, and what a receiver did otherwise. */
#include "api/request.h"
#include "signatures/diagnose.h"

enum { BODY_LIMIT = 32 * 1024 * 1024, COMPUTED_MAX = 500 };

static const struct statement DELIVERY = {
    "SELECT d.endpoint_id, d.event_id, e.type AS event_type, e.payload, e.created_at AS happened_at"
    " FROM deliveries d LEFT JOIN events e ON e.company_id = d.company_id AND e.id = d.event_id"
    " WHERE d.company_id = ? AND d.id = ?",
    .in = "uu",
};

static const struct statement ENDPOINT = {
    "SELECT format, secret, previous_secret, previous_until, signatures FROM webhook_endpoints"
    " WHERE company_id = ? AND id = ?",
    .in = "uu",
};

static const struct statement ATTEMPT = {
    "SELECT number, started_at, total_us > 0 AS timed FROM attempts WHERE company_id = ? AND delivery_id = ?"
    " AND (number = ? OR (? IS NULL AND total_us > 0)) ORDER BY id DESC LIMIT 1",
    .in = "uuii",
};

static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "dlv", .doc = "The delivery" }, { 0 } };
static const struct field attempt_query[] = { { "attempt", FIELD_INT, .min = 1, .max = INT32_MAX,
                                                .doc = "Number of the attempt; the latest when left out" },
                                              { 0 } };

static const struct field signature_out[] = {
    { "scheme", FIELD_TEXT, .required = true, .doc = "Whose way of signing it is",
      .example = "\"standard\"" },
    { "place", FIELD_TEXT, .required = true, .doc = "Where it stands in the message",
      .example = "\"header webhook-signature\"" },
    { "algorithm", FIELD_TEXT, .required = true, .doc = "How it is computed and written",
      .example = "\"HMAC-SHA256, base64\"" },
    { "key", FIELD_TEXT, .max = 500, .required = true, .doc = "How the key is made from the secret" },
    { "secret", FIELD_ENUM, .choices = (const char *const[]){ "current", "previous", NULL }, .required = true,
      .doc = "By which of the endpoint's secrets; the previous one signs as well while it is replaced" },
    { "pattern", FIELD_TEXT, .required = true,
      .doc = "What is signed: `{body}` is the body as it was sent, `{data}` the part of it that tells of the "
             "event, `{timestamp}` that of the attempt",
      .example = "\"{id}.{timestamp}.{body}\"" },
    { "signedText", FIELD_LINES, .max = BODY_LIMIT, .required = true,
      .doc = "Exactly the text that was signed" },
    { "signature", FIELD_TEXT, .required = true, .doc = "As it stands in the message" },
    { 0 }
};
static const struct field explanation_out[] = {
    { "attempt", FIELD_INT, .required = true, .doc = "Number of the attempt" },
    { "startedAt", FIELD_TIME, .required = true, .doc = "When it began" },
    { "format", FIELD_TEXT, .required = true, .doc = "The endpoint's format", .example = "\"standard\"" },
    { "body", FIELD_LINES, .max = BODY_LIMIT, .required = true, .doc = "The body that was sent" },
    { "bytes", FIELD_INT, .required = true, .doc = "How long it is in UTF-8" },
    { "signatures", FIELD_LIST, .element = FIELD_OBJECT, .fields = signature_out, .max = PROOFS_MAX,
      .required = true,
      .doc =
          "Each signature of the attempt, by the endpoint's secrets of today: after a secret was replaced, "
          "an older attempt was signed by the one before" },
    { 0 }
};
static const struct field check_in[] = { { "computed", FIELD_TEXT, .required = true, .min = 1,
                                           .max = COMPUTED_MAX,
                                           .doc = "The signature that the receiver computed",
                                           .example = "\"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\"" },
                                         { 0 } };
static const struct field check_out[] = {
    { "match", FIELD_BOOL, .required = true, .doc = "Whether it is a signature of the attempt, to the byte" },
    { "scheme", FIELD_TEXT, .required = true, .nullable = true,
      .doc = "Whose way of signing was followed; null where nobody can tell", .example = "\"standard\"" },
    { "diagnosis", FIELD_LIST, .element = FIELD_TEXT, .max = DIAGNOSIS_LINES_MAX, .required = true,
      .doc = "What was done otherwise, in words" },
    { 0 }
};

/* One attempt, made again. */
struct sent {
    const struct partner *partner;
    struct partner_event event;
    struct partner_secrets secrets;
    const char *retired;
    int64_t number;
    instant started_at;
    struct buf body;
    struct proof proofs[PROOFS_MAX];
    size_t count;
};

static void read_secrets(struct sent *sent, const struct row *endpoint)
{
    const char *previous = row_text(endpoint, "previous_secret");
    bool signs = previous && row_time(endpoint, "previous_until") > sent->started_at;

    sent->secrets = (struct partner_secrets){
        .current = row_text(endpoint, "secret"),
        .previous = signs ? previous : NULL,
        .families = row_text(endpoint, "signatures"),
    };
    sent->retired = previous;
}

static void read_event(struct request *request, struct sent *sent, const struct row *delivery)
{
    const char *payload = row_text(delivery, "payload");

    sent->event = (struct partner_event){
        .id = row_id(delivery, "event_id"),
        .type = row_text(delivery, "event_type"),
        .created_at = row_time(delivery, "happened_at"),
        .data = json_parse_stored(request->pool, payload),
        .data_text = payload,
    };
}

static void make_again(struct request *request, struct sent *sent)
{
    buf_init(&sent->body, request->pool, BODY_LIMIT);
    sent->partner->envelope(request->pool, &sent->event, sent->secrets, sent->started_at, &sent->body);
    sent->count = partner_prove(request->pool, sent->partner, &sent->event, sent->secrets, sent->started_at,
                                sent->body.data, sent->body.length, sent->proofs);
}

static enum outcome load(struct request *request, struct sent *sent)
{
    struct value company = value_id(request->actor.company), id = input_value(request->params, "id");
    int64_t number = input_int(request->query, "attempt", 0);
    struct value wanted = number > 0 ? value_int(number) : value_null();
    const struct row *delivery = db_one(request->db, request->pool, &DELIVERY, BIND(company, id));
    const struct row *attempt, *endpoint;

    if (!delivery)
        return fail(request, ERROR_NOT_FOUND);
    attempt = db_one(request->db, request->pool, &ATTEMPT, BIND(company, id, wanted, wanted));
    if (!attempt && number > 0)
        return fail_field(request, "attempt", "must be the number of one of its attempts");
    if (!attempt)
        return fail_because(request, ERROR_CONFLICT,
                            "no attempt at this delivery is on record, so nothing was signed");
    if (!row_int(attempt, "timed"))
        return fail_because(request, ERROR_CONFLICT, "when this attempt was signed was not recorded");
    endpoint =
        db_one(request->db, request->pool, &ENDPOINT, BIND(company, *row_value(delivery, "endpoint_id")));
    sent->partner = endpoint ? partner_find(row_text(endpoint, "format")) : NULL;
    if (!sent->partner)
        return fail_because(request, ERROR_CONFLICT, "the endpoint is gone, and its secret with it");
    if (row_is_null(delivery, "payload"))
        return fail_because(request, ERROR_CONFLICT, "the event is not stored any more");
    sent->number = row_int(attempt, "number");
    sent->started_at = row_time(attempt, "started_at");
    read_secrets(sent, endpoint);
    read_event(request, sent, delivery);
    make_again(request, sent);
    return OUTCOME_OK;
}

static struct json_object *signature_json(struct pool *pool, const struct proof *proof)
{
    const struct scheme *scheme = proof->scheme;
    struct json_object *shown = json_object_new_object();
    size_t length;
    const char *text = proof_text(pool, proof, &length);

    json_set_text(shown, "scheme", scheme->name);
    json_set_text(shown, "place",
                  scheme->header ? pool_printf(pool, "header %s", scheme->header) : "member signature");
    json_set_text(shown, "algorithm", scheme->base64 ? "HMAC-SHA256, base64" : "HMAC-SHA256, lower-case hex");
    json_set_text(shown, "key", scheme->key_doc);
    json_set_text(shown, "secret", proof->previous ? "previous" : "current");
    json_set_text(shown, "pattern", scheme->pattern);
    json_set(shown, "signedText", json_object_new_string_len(text, (int)length));
    json_set_text(shown, "signature", proof->signature);
    return shown;
}

static enum outcome explain(struct request *request)
{
    struct sent *sent = pool_alloc(request->pool, sizeof *sent);
    struct json_object *answer, *list = json_object_new_array();

    json_own(request->pool, list);
    if (load(request, sent) != OUTCOME_OK)
        return OUTCOME_FAILED;
    answer = json_new_object(request->pool);
    json_set_int(answer, "attempt", sent->number);
    json_set_time(answer, "startedAt", sent->started_at);
    json_set_text(answer, "format", sent->partner->name);
    json_set_text(answer, "body", sent->body.data);
    json_set_int(answer, "bytes", (int64_t)sent->body.length);
    for (size_t i = 0; i < sent->count; i++)
        json_object_array_add(list, signature_json(request->pool, &sent->proofs[i]));
    json_set(answer, "signatures", json_object_get(list));
    return reply_json(request, answer);
}

static enum outcome check(struct request *request)
{
    struct sent *sent = pool_alloc(request->pool, sizeof *sent);
    struct json_object *answer = json_new_object(request->pool), *lines;
    struct diagnosis diagnosis;

    if (load(request, sent) != OUTCOME_OK)
        return OUTCOME_FAILED;
    partner_diagnose(request->pool,
                     &(struct question){ .partner = sent->partner,
                                         .event = &sent->event,
                                         .attempt_at = sent->started_at,
                                         .proofs = sent->proofs,
                                         .proofs_count = sent->count,
                                         .retired = sent->retired,
                                         .computed = input_text(request->body, "computed") },
                     &diagnosis);
    json_set_bool(answer, "match", diagnosis.match);
    json_set_text(answer, "scheme", diagnosis.scheme);
    lines = json_object_new_array();
    for (size_t i = 0; i < diagnosis.count; i++)
        json_object_array_add(lines, json_object_new_string(diagnosis.lines[i]));
    json_set(answer, "diagnosis", lines);
    return reply_json(request, answer);
}

static const enum error_code errors[] = { ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_NONE };

static const struct route routes[] = {
    { "GET", "/api/v1/deliveries/{id}/signature", .scope = "webhooks:read", .params = id_param,
      .query = attempt_query, .out = explanation_out, .errors = errors, .run = explain,
      .summary = "Show what was sent at one attempt and how each signature of it was made" },
    { "POST", "/api/v1/deliveries/{id}/signature", .scope = "webhooks:read", .params = id_param,
      .query = attempt_query, .in = check_in, .out = check_out, .errors = errors, .run = check,
      .summary = "Compare a signature that a receiver computed, and tell what it did otherwise" },
    { 0 }
};
const struct resource signatures_resource = { "signatures", routes };
