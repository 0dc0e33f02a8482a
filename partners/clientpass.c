/*
 * clientpass: the format of the ClientPass integration guide. Its payloads hold exactly the guide's members;
 * it names no signature, so those of the Standard Webhooks headers stand alone.
 */
#include "base/crypto.h"
#include "partners/partner.h"
#include "partners/project.h"

static struct json_object *referral_created(struct pool *pool, struct json_object *data)
{
    static const char *const client[] = { "name", "phone", NULL };
    struct json_object *payload = json_new_object(pool);

    project_as(payload, "referralId", data, "id");
    project_as(payload, "senderId", json_get(data, "sender"), "id");
    json_set(payload, "clientInfo", project_pick(json_get(data, "client"), client));
    project_copy(payload, "serviceType", data);
    project_copy(payload, "status", data);
    return payload;
}

static struct json_object *referral_accepted(struct pool *pool, struct json_object *data)
{
    struct json_object *payload = json_new_object(pool);

    project_as(payload, "referralId", data, "id");
    project_as(payload, "receiverId", json_get(data, "receiver"), "id");
    project_copy(payload, "acceptedAt", data);
    return payload;
}

static struct json_object *referral_completed(struct pool *pool, struct json_object *data)
{
    struct json_object *payload = json_new_object(pool);

    project_as(payload, "referralId", data, "id");
    project_copy(payload, "finalAmount", data);
    project_copy(payload, "commission", data);
    project_copy(payload, "fees", data);
    return payload;
}

static struct json_object *open_chair_posted(struct pool *pool, struct json_object *data)
{
    static const char *const window[] = { "startsAt", "endsAt", NULL };
    struct json_object *payload = json_new_object(pool);

    project_as(payload, "openChairId", data, "id");
    project_as(payload, "hostId", json_get(data, "host"), "id");
    project_copy(payload, "location", data);
    json_set(payload, "timeWindow", project_pick(json_get(data, "timeWindow"), window));
    project_copy(payload, "commissionPct", data);
    return payload;
}

static struct json_object *user_created(struct pool *pool, struct json_object *data)
{
    struct json_object *payload = json_new_object(pool);

    project_as(payload, "userId", data, "id");
    project_as(payload, "fullName", data, "name");
    project_copy(payload, "role", data);
    return payload;
}

static const struct partner_shape shapes[] = { { "referral.created", .project = referral_created },
                                               { "referral.accepted", .project = referral_accepted },
                                               { "referral.completed", .project = referral_completed },
                                               { "open_chair.posted", .project = open_chair_posted },
                                               { "user.created", .project = user_created },
                                               { 0 } };

static void envelope(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body)
{
    char id[ID_TEXT_SIZE], timestamp[CLOCK_TEXT_SIZE];

    (void)secrets, (void)attempt_at;
    buf_printf(body, "{\"id\":\"%s\",\"event\":\"%s\",\"timestamp\":\"%s\",\"payload\":",
               id_format(id, "evt", event->id), event->type, clock_format(timestamp, event->created_at));
    partner_data(pool, &partner_clientpass, event, body);
    buf_add_char(body, '}');
}

const struct partner partner_clientpass = {
    .name = "clientpass",
    .doc = "ClientPass: `{id, event, timestamp, payload}`, signed in `webhook-signature` as standard is.",
    .shapes = shapes,
    .timeout_seconds = 15,
    .retry_seconds = partner_standard_schedule,
    .envelope = envelope,
    .new_secret = crypto_webhook_secret,
};
