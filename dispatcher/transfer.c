#include "dispatcher/transfer.h"

#include "base/fault.h"
#include "base/log.h"
#include "rules/delivery/custom_headers.h"

#include <strings.h>

enum { BODY_LIMIT = 32 * 1024 * 1024, HEADERS_LIMIT = 64 * 1024 };

/* ---- used again and again ---- */

void transfers_init(struct transfers *transfers, struct pool *pool)
{
    transfers->pool = pool;
    TAILQ_INIT(&transfers->idle);
}

struct transfer *transfer_take(struct transfers *transfers)
{
    struct transfer *transfer = TAILQ_FIRST(&transfers->idle);
    if (transfer) {
        TAILQ_REMOVE(&transfers->idle, transfer, link);
        return transfer;
    }
    transfer = pool_alloc(transfers->pool, sizeof *transfer);
    transfer->pool = pool_new();
    return transfer;
}

void transfer_recycle(struct transfers *transfers, struct transfer *transfer)
{
    struct pool *pool = transfer->pool;
    pool_reset(pool);
    memset(transfer, 0, sizeof *transfer);
    transfer->pool = pool;
    TAILQ_INSERT_HEAD(&transfers->idle, transfer, link);
}

void transfers_release(struct transfers *transfers)
{
    struct transfer *transfer;
    TAILQ_FOREACH(transfer, &transfers->idle, link)
        pool_free(transfer->pool);
    TAILQ_INIT(&transfers->idle);
}

/* ---- before ---- */

/*
 * The endpoint's own. They were checked when they were stored; a row that came another way still never breaks
 * a header apart or takes the place of one of ours.
 */
static void add_custom_headers(struct transfer *transfer, struct buf *headers)
{
    struct json_object *custom = json_parse_stored(transfer->pool, transfer->custom_headers);
    int count = 0;
    if (!json_object_is_type(custom, json_type_object))
        return;
    json_object_object_foreach(custom, name, value) {
        const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
        if (count == CUSTOM_HEADERS_MAX || custom_header_name_problem(name) ||
            custom_header_value_problem(text, strlen(text))) {
            log_warn("a header of the endpoint's own is not sent"); /* it is not safe to write down */
            continue;
        }
        buf_printf(headers, "%s: %s\r\n", name, text);
        count++;
    }
}

void transfer_build(struct transfer *transfer)
{
    struct pool *pool = transfer->pool;
    const struct partner *partner = transfer->course.partner;
    struct partner_event *event = &transfer->event;
    struct buf headers;

    event->data = json_parse_stored(pool, event->data_text);
    buf_init(&transfer->body, pool, BODY_LIMIT);
    buf_init(&headers, pool, HEADERS_LIMIT);
    partner->envelope(pool, event, transfer->secrets, transfer->started_at, &transfer->body);
    const char *body = transfer->body.data;
    size_t length = transfer->body.length;
    buf_add_text(&headers, "Content-Type: application/json\r\nAccept: */*\r\n");
    partner_headers(pool, partner, event, transfer->secrets, transfer->started_at, body, length, &headers);
    add_custom_headers(transfer, &headers);
    if (transfer->body.overflowed || headers.overflowed || length == 0)
        fault_raise(FAULT_BROKEN, "a webhook body or its headers cannot be written format=%s", partner->name);
    transfer->errand.order = (struct order){
        .method = METHOD_POST,
        .url = transfer->url,
        .headers = headers.data,
        .body = body,
        .length = length,
        .timeout_ms = partner->timeout_seconds * 1000L,
        .most = RESPONSE_LIMIT,
    };
}

/* ---- afterwards ---- */

void transfer_read(struct transfer *transfer)
{
    const struct errand *errand = &transfer->errand;
    const struct result *result = &errand->result;
    const char *retry_after = errand_header(errand, "Retry-After");
    const char *wish = errand_header(errand, "webhook-delivery");
    transfer->answer = (struct answer){
        .kind = result->kind,
        .status = result->status,
        .retry_after = retry_after ? pool_strdup(transfer->pool, retry_after) : NULL,
        .disable = wish && strcasecmp(wish, "disable") == 0,
        .abort = wish && (strcasecmp(wish, "abort") == 0 || strcasecmp(wish, "abort-message") == 0),
    };
    transfer->error = result->error;
    /* What an allow-listed machine of the operator answers is never kept. */
    transfer->keep_response = result->status > 0 && result->is_public;
}
