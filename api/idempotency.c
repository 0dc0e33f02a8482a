#include "api/idempotency.h"

#include "base/crypto.h"

/* No waiting: a rival that holds the row has not ended, and the client is told so. */
static const struct statement TAKE = {
    "SET STATEMENT innodb_lock_wait_timeout = 0 FOR"
    " INSERT INTO idempotency_keys (scope, company_id, fingerprint, created_at) VALUES (?, ?, ?, ?)",
    .in = "sust",
};
static const struct statement RECALL = {
    "SELECT fingerprint, status, response, created_at FROM idempotency_keys WHERE scope = ? AND company_id "
    "<=> ?",
    .in = "su",
};
static const struct statement FORGET = {
    "DELETE FROM idempotency_keys WHERE scope = ? AND company_id <=> ? AND created_at <= ?",
    .in = "sut",
};
static const struct statement STORE = {
    "UPDATE idempotency_keys SET status = ?, response = ? WHERE scope = ? AND company_id <=> ?",
    .in = "issu",
};

/*
 * Whom a key belongs to. Callers without credentials are told apart by address and body: one must not be
 * given another's answer because both chose the same key.
 */
static const char *caller_of(struct request *request)
{
    char key[ID_TEXT_SIZE], company[ID_TEXT_SIZE];

    if (request->actor.spans)
        return pool_printf(request->pool, "%s %s", id_format(key, "key", request->actor.key),
                           id_format(company, "cli", request->actor.company));
    if (!id_is_nil(request->actor.key))
        return pool_strdup(request->pool, id_format(key, "key", request->actor.key));
    if (!id_is_nil(request->actor.user))
        return pool_strdup(request->pool, id_format(key, "usr", request->actor.user));
    return pool_printf(request->pool, "%s %s", request->address, request->body_text);
}

static struct value scope_of(struct request *request)
{
    const char *text = pool_printf(request->pool, "%s %s %s %s", request->method, request->path,
                                   request->idempotency_key, caller_of(request));
    uint8_t *hash = pool_alloc(request->pool, SHA256_SIZE);

    crypto_sha256(text, strlen(text), hash);
    return value_bytes((const char *)hash, SHA256_SIZE);
}

static struct value fingerprint_of(struct request *request)
{
    uint8_t *hash = pool_alloc(request->pool, SHA256_SIZE);
    const char *query = request->query_string;

    if (!*query)
        crypto_sha256(request->body_text, request->body_length, hash);
    else /* it is as much of the question as the body is */
        crypto_hmac_sha256(query, strlen(query), request->body_text, request->body_length, hash);
    return value_bytes((const char *)hash, SHA256_SIZE);
}

/* A reply may hold a secret that is shown once, so it is sealed with what only the request itself brings. */
static void reply_key(struct request *request, uint8_t key[SHA256_SIZE])
{
    const char *text = pool_printf(request->pool, "%s %s", request->idempotency_key, caller_of(request));

    crypto_hmac_sha256(request->actor.sealing_key, SHA256_SIZE, text, strlen(text), key);
}

/* The key was rotated, or the logins' secret changed: what was done stays done, its answer is closed for
 * good. */
static enum idempotency closed(struct request *request)
{
    struct json_object *details = json_new_object(request->pool);

    json_set_text(details, "reason",
                  "the first request was answered to other credentials of the same caller");
    fail_with(request, ERROR_IDEMPOTENCY_MISMATCH, details);
    return IDEMPOTENCY_REFUSED;
}

static enum idempotency replay(struct request *request, const struct row *row)
{
    const struct value *sealed = row_value(row, "response");
    uint8_t key[SHA256_SIZE];
    size_t length;
    const char *text;

    if (!value_equal(*row_value(row, "fingerprint"), fingerprint_of(request))) {
        fail(request, ERROR_IDEMPOTENCY_MISMATCH);
        return IDEMPOTENCY_REFUSED;
    }
    reply_key(request, key);
    text = crypto_open(request->pool, key, sealed->text, sealed->length, &length);
    if (!text)
        return closed(request);
    reply_header(request, "Idempotent-Replayed", "true");
    reply_text(request, (int)row_int(row, "status"), "application/json", text, length);
    return IDEMPOTENCY_REPLAYED;
}

static bool take(struct request *request, bool *locked)
{
    return db_try_now(request->db, &TAKE,
                      BIND(scope_of(request), value_id(request->actor.company), fingerprint_of(request),
                           value_time(request->now)),
                      locked);
}

enum idempotency idempotency_begin(struct request *request)
{
    struct value scope = scope_of(request), company = value_id(request->actor.company);
    bool locked = false;
    const struct row *row;

    if (take(request, &locked))
        return IDEMPOTENCY_FRESH;
    if (!locked) {
        row = db_one(request->db, request->pool, &RECALL, BIND(scope, company));
        if (row && row_time(row, "created_at") + CLOCK_DAY > request->now)
            return replay(request, row);
        db_run(request->db, &FORGET, BIND(scope, company, value_time(request->now - CLOCK_DAY)));
        if (take(request, &locked))
            return IDEMPOTENCY_FRESH;
    }
    reply_header(request, "Retry-After", "1");
    fail(request, ERROR_IDEMPOTENCY_RUNNING);
    return IDEMPOTENCY_REFUSED;
}

void idempotency_store(struct request *request, const char *body, size_t length)
{
    uint8_t key[SHA256_SIZE];
    size_t sealed_length;
    const uint8_t *sealed;

    reply_key(request, key);
    sealed = crypto_seal(request->pool, key, body, length, &sealed_length);
    db_run(request->db, &STORE,
           BIND(value_int(request->reply.status), value_bytes((const char *)sealed, sealed_length),
                scope_of(request), value_id(request->actor.company)));
}
