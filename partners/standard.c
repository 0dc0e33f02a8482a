/*
 * standard: the default format, as the Standard Webhooks specification proposes it. Its signature is in the
 * headers that every delivery carries.
 */
#include "base/crypto.h"
#include "partners/partner.h"

const int partner_standard_schedule[] = { 0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, -1 };

static void envelope(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body)
{
    char timestamp[CLOCK_TEXT_SIZE];

    (void)secrets, (void)attempt_at;
    buf_printf(body, "{\"type\":\"%s\",\"timestamp\":\"%s\",\"data\":", event->type,
               clock_format(timestamp, event->created_at));
    partner_data(pool, &partner_standard, event, body);
    buf_add_char(body, '}');
}

const struct partner partner_standard = {
    .name = "standard",
    .doc =
        "Standard Webhooks: `{type, timestamp, data}` with the native data, signed in `webhook-signature`.",
    .timeout_seconds = 15,
    .retry_seconds = partner_standard_schedule,
    .envelope = envelope,
    .new_secret = crypto_webhook_secret,
};
