/* null: an empty body without a signature, sent once. A test double; no API client may choose it. */
#include "base/crypto.h"
#include "partners/partner.h"

static const int retry_seconds[] = { 0, -1 };

static void envelope(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body)
{
    (void)pool, (void)event, (void)secrets, (void)attempt_at;
    buf_add_text(body, "{}");
}

const struct partner partner_null = {
    .name = "null",
    .doc = "Only for tests: `{}`, unsigned.",
    .timeout_seconds = 5,
    .retry_seconds = retry_seconds,
    .envelope = envelope,
    .owns_signature = true,
    .new_secret = crypto_webhook_secret,
};
