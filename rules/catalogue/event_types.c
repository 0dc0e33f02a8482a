/*
 * The list of native event types, and what the data of each holds.
 */
#include "rules/catalogue/event_types.h"
#include "api/openapi_schema.h"
#include "rules/booking/bookings.h"
#include "rules/booking/services.h"
#include "rules/catalogue/event_fields.h"
#include "rules/people/companies.h"
#include "rules/people/people.h"

const struct event_type event_types[] = {
    { "business.created", "A company was created.", { company_out, company_snapshot } },
    { "business.updated",
      "A company's details changed; `updatedFields` names them.",
      { company_out, company_snapshot, event_updated_fields } },
    { "service.created", "A service was added.", { service_out, service_snapshot } },
    { "service.updated",
      "A service changed; `updatedFields` names what.",
      { service_out, service_snapshot, event_updated_fields } },
    { "service.deleted", "A service was removed.", { service_out, service_snapshot } },
    { "user.created", "A person was added.", { user_out } },
    { "user.updated",
      "A person's details changed; `updatedFields` names them.",
      { user_out, event_updated_fields } },
    { "user.deleted", "A person was removed.", { user_out } },
    { "booking.created", "A booking was made; it is pending.", { booking_out, company_member } },
    { "booking.confirmed", "The business confirmed a booking.", { booking_out, company_member } },
    { "booking.payment_verified",
      "The payment of a booking was found to have come.",
      { booking_out, company_member, event_room_fields } },
    { "booking.cancelled", "A booking was cancelled.", { booking_out, company_member } },
    { "booking.completed", "A booking took place.", { booking_out, company_member } },
    { "booking.rescheduled",
      "A booking moved to another time or person; `previousStartsAt` says from when.",
      { booking_out, company_member, event_rescheduled_fields } },
    { "booking.no_show", "The customer did not come.", { booking_out, company_member } },
    { "booking.updated", "A booking's notes changed.", { booking_out, company_member } },
    { "booking.reminder",
      "A booking starts in 24 hours, 1 hour or 15 minutes.",
      { reminder_fields, company_member } },
    { "customer.created", "A customer or lead was added.", { customer_out } },
    { "customer.details.changed", "A customer's name, mailbox or phone changed.", { customer_out } },
    { "customer.status.changed",
      "A customer became something else to the company: a lead a member.",
      { customer_out } },
    { "customer.deleted", "A customer was removed.", { customer_deleted } },
    { "referral.created", "Somebody refers a client.", { referral_fields } },
    { "referral.accepted", "Somebody took a referred client.", { referral_fields } },
    { "referral.completed", "A referred client was served.", { referral_fields } },
    { "open_chair.posted", "A host offers a chair for a time.", { open_chair_fields } },
    { "checkin.created", "Somebody checked in.", { checkin_fields } },
    { "checkin.updated", "A check-in changed.", { checkin_fields } },
    { "checkin.failed", "Somebody was not let in.", { checkin_fields } },
    { "checkin.deleted", "A check-in was removed.", { deleted_checkin_fields } },
    { "class.canceled", "A class does not take place.", { class_fields } },
    { "enrollment.created", "Somebody enrolled in a plan.", { enrollment_fields } },
    { "enrollment.status.changed", "An enrollment became active, paused, canceled.", { enrollment_fields } },
    { "enrollment.deleted", "An enrollment was removed.", { deleted_enrollment_fields } },
    { "reservation.created", "Somebody reserved a place.", { reservation_fields } },
    { "reservation.waitlisted", "Somebody waits for a place.", { reservation_fields } },
    { "reservation.canceled", "Somebody gave a place back.", { reservation_fields } },
    { "reservation.noshowed", "Somebody reserved a place and did not come.", { reservation_fields } },
    { "memberapp.updated", "The members' app changed.", { memberapp_fields } },
    { "app.installed", "An app was installed.", { app_install_fields } },
    { "app.uninstalled", "An app was removed.", { app_install_fields } },
    { "webhook.failing",
      "A webhook endpoint fails and is on its way to being switched off.",
      { endpoint_health_fields, company_member } },
    { "webhook.disabled",
      "A webhook endpoint was switched off; what it would have received is held.",
      { endpoint_health_fields, company_member } },
    { "webhook.recovered",
      "A webhook endpoint that failed takes events again.",
      { endpoint_health_fields, company_member } },
    { "delivery.lagging", "Deliveries leave later than they should.", { lagging_fields, company_member } },
    { 0 }
};

const char *const event_type_choices[] = {
    "*",
    "business.created",
    "business.updated",
    "service.created",
    "service.updated",
    "service.deleted",
    "user.created",
    "user.updated",
    "user.deleted",
    "booking.created",
    "booking.confirmed",
    "booking.payment_verified",
    "booking.cancelled",
    "booking.completed",
    "booking.rescheduled",
    "booking.no_show",
    "booking.updated",
    "booking.reminder",
    "customer.created",
    "customer.details.changed",
    "customer.status.changed",
    "customer.deleted",
    "referral.created",
    "referral.accepted",
    "referral.completed",
    "open_chair.posted",
    "checkin.created",
    "checkin.updated",
    "checkin.failed",
    "checkin.deleted",
    "class.canceled",
    "enrollment.created",
    "enrollment.status.changed",
    "enrollment.deleted",
    "reservation.created",
    "reservation.waitlisted",
    "reservation.canceled",
    "reservation.noshowed",
    "memberapp.updated",
    "app.installed",
    "app.uninstalled",
    "webhook.failing",
    "webhook.disabled",
    "webhook.recovered",
    "delivery.lagging",
    NULL,
};

const struct event_type *event_type_find(const char *type)
{
    for (const struct event_type *at = event_types; at->type; at++)
        if (strcmp(at->type, type) == 0)
            return at;
    return NULL;
}

const struct field *event_fields(struct pool *pool, const struct event_type *type)
{
    size_t count = 0;
    for (size_t part = 0; part < EVENT_PARTS && type->parts[part]; part++)
        for (const struct field *field = type->parts[part]; field->name; field++)
            count++;
    struct field *all = pool_array(pool, count + 1, sizeof *all);
    count = 0;
    for (size_t part = 0; part < EVENT_PARTS && type->parts[part]; part++)
        for (const struct field *field = type->parts[part]; field->name; field++)
            all[count++] = *field;
    all[count] = (struct field){ 0 };
    return all;
}

struct json_object *event_schema(struct pool *pool, const struct event_type *type)
{
    struct json_object *schema = json_new_object(pool);
    json_set_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_set_text(schema, "title", type->type);
    struct json_object *object = json_own(pool, openapi_object_schema(event_fields(pool, type), OPENAPI_OUT));
    json_object_object_foreach(object, name, member)
        json_set(schema, name, json_object_get(member));
    return schema;
}
