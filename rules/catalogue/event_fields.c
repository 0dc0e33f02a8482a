#include "rules/catalogue/event_fields.h"

/* ---- bookings ---- */

const struct field event_updated_fields[] = { { "updatedFields", FIELD_LIST, .element = FIELD_TEXT,
                                                .required = true,
                                                .doc = "Names of the members that changed" },
                                              { 0 } };

const struct field event_rescheduled_fields[] = {
    { "previousStartsAt", FIELD_TIME, .required = true, .doc = "When it was to start before" }, { 0 }
};

const struct field event_room_fields[] = {
    { "secureCallLink", FIELD_URL, .required = true, .nullable = true,
      .doc = "Signed link to the call; null where the operator runs no conference server" },
    { "roomId", FIELD_TEXT, .required = true, .doc = "The call's room" },
    { 0 }
};

static const char *const reminder_types[] = { "24h", "1h", "15m", NULL };

static const struct field client[] = {
    { "id", FIELD_ID, .prefix = "usr", .required = true, .nullable = true, .doc = "Null for a guest" },
    { "name", FIELD_TEXT, .required = true, .doc = "Their name" },
    { "email", FIELD_EMAIL, .required = true, .nullable = true, .doc = "Their mailbox" },
    { 0 }
};

static const struct field staff[] = {
    { "id", FIELD_ID, .prefix = "usr", .required = true, .doc = "Who does it" },
    { "name", FIELD_TEXT, .required = true, .doc = "Their name" },
    { "email", FIELD_EMAIL, .required = true, .nullable = true, .doc = "Their mailbox" },
    { 0 }
};

static const struct field service[] = { { "id", FIELD_ID, .prefix = "srv", .required = true,
                                          .doc = "The booked service" },
                                        { "name", FIELD_TEXT, .required = true, .doc = "Its name" },
                                        { 0 } };

const struct field reminder_fields[] = {
    { "bookingId", FIELD_ID, .prefix = "bk", .required = true, .doc = "The booking" },
    { "confirmationNumber", FIELD_TEXT, .required = true, .doc = "What a customer reads out" },
    { "reminderType", FIELD_ENUM, .choices = reminder_types, .required = true, .doc = "Which reminder" },
    { "reminderLabel", FIELD_TEXT, .required = true, .doc = "The same in words" },
    { "timeUntilSession", FIELD_TEXT, .required = true, .doc = "How long until it starts" },
    { "client", FIELD_OBJECT, .fields = client, .required = true, .doc = "Who it is for" },
    { "staff", FIELD_OBJECT, .fields = staff, .required = true, .doc = "Who does it" },
    { "service", FIELD_OBJECT, .fields = service, .required = true, .doc = "What was booked" },
    { "startsAt", FIELD_TIME, .required = true, .doc = "When it starts" },
    { "endsAt", FIELD_TIME, .required = true, .doc = "When it ends" },
    { "timeZone", FIELD_ZONE, .required = true, .doc = "The customer's wall clock" },
    { "secureCallLink", FIELD_URL, .required = true, .nullable = true,
      .doc = "Signed link to the call; null where the operator runs no conference server" },
    { "roomId", FIELD_TEXT, .required = true, .doc = "The call's room" },
    { 0 }
};

/* ---- referrals and chairs ---- */

static const struct field person[] = { { "id", FIELD_ID, .prefix = "usr", .required = true,
                                         .doc = "The person" },
                                       { "name", FIELD_TEXT, .required = true, .doc = "Their name" },
                                       { 0 } };

static const struct field referred_client[] = { { "name", FIELD_TEXT, .required = true, .doc = "Their name" },
                                                { "phone", FIELD_PHONE, .required = true, .nullable = true,
                                                  .doc = "Their phone" },
                                                { 0 } };

const struct field referral_fields[] = {
    { "id", FIELD_ID, .prefix = "ref", .required = true, .doc = "The referral" },
    { "status", FIELD_TEXT, .required = true, .doc = "Where it is in its life" },
    { "sender", FIELD_OBJECT, .fields = person, .required = true, .doc = "Who refers" },
    { "receiver", FIELD_OBJECT, .fields = person, .required = true, .nullable = true,
      .doc = "Who takes it; null until then" },
    { "client", FIELD_OBJECT, .fields = referred_client, .required = true, .doc = "Who is referred" },
    { "serviceType", FIELD_TEXT, .required = true, .doc = "What they want" },
    { "commissionPct", FIELD_NUMBER, .required = true, .doc = "The sender's share in percent" },
    { "notes", FIELD_LINES, .required = true, .nullable = true, .doc = "For the receiver" },
    { "finalAmount", FIELD_NUMBER, .required = true, .nullable = true,
      .doc = "In major units; null until it is known" },
    { "commission", FIELD_NUMBER, .required = true, .nullable = true, .doc = "The sender's share" },
    { "fees", FIELD_NUMBER, .required = true, .nullable = true, .doc = "What the platform takes" },
    { "currency", FIELD_CURRENCY, .required = true, .nullable = true, .doc = "ISO 4217" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was made" },
    { "acceptedAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When somebody took it" },
    { "completedAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When the service was done" },
    { 0 }
};

static const struct field time_window[] = { { "startsAt", FIELD_TIME, .required = true,
                                              .doc = "From then on" },
                                            { "endsAt", FIELD_TIME, .required = true, .doc = "Until then" },
                                            { 0 } };

const struct field open_chair_fields[] = {
    { "id", FIELD_ID, .prefix = "och", .required = true, .doc = "The chair's offer" },
    { "host", FIELD_OBJECT, .fields = person, .required = true, .doc = "Whose chair it is" },
    { "location", FIELD_TEXT, .required = true, .doc = "Where it stands" },
    { "timeWindow", FIELD_OBJECT, .fields = time_window, .required = true, .doc = "When it is free" },
    { "commissionPct", FIELD_NUMBER, .required = true, .doc = "The host's share in percent" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was offered" },
    { 0 }
};

/* ---- the state of deliveries ---- */

static const struct field endpoint[] = {
    { "id", FIELD_ID, .prefix = "whk", .required = true, .doc = "The webhook endpoint" },
    { "url", FIELD_URL, .required = true,
      .doc = "To whom it leads: scheme and host, as what follows is often a secret" },
    { "format", FIELD_TEXT, .required = true, .doc = "Envelope and signature" },
    { "name", FIELD_TEXT, .required = true, .nullable = true, .doc = "What people call it" },
    { 0 }
};

const struct field endpoint_health_fields[] = {
    { "endpoint", FIELD_OBJECT, .fields = endpoint, .required = true, .doc = "Which it is" },
    { "reason", FIELD_TEXT, .max = 500, .required = true, .nullable = true, .doc = "Why, in words" },
    { "failingSince", FIELD_TIME, .required = true, .nullable = true,
      .doc = "The first failure since the last success" },
    { "percent", FIELD_INT, .required = true, .nullable = true,
      .doc = "How much of the time until it is switched off has passed" },
    { "lastStatus", FIELD_INT, .required = true, .nullable = true, .doc = "HTTP status of the last attempt" },
    { 0 }
};

const struct field lagging_fields[] = {
    { "oldestDueAt", FIELD_TIME, .required = true, .doc = "When the oldest of them was due" },
    { "overdueSeconds", FIELD_INT, .required = true, .doc = "How long ago that is" },
    { "overdue", FIELD_INT, .required = true, .doc = "How many deliveries are overdue" },
    { 0 }
};

/* ---- the objects of the PushPress API ---- */

static const char *const checkin_kinds[] = { "class", "event", "appointment", "open", NULL };
static const char *const checkin_roles[] = { "staff", "coach", "assistant", "attendee", NULL };
static const char *const checkin_results[] = { "success", "failure", NULL };

static const struct field checkin_type[] = { { "id", FIELD_TEXT, .required = true,
                                               .doc = "The kind of class or event" },
                                             { "name", FIELD_TEXT, .required = true, .doc = "Its name" },
                                             { 0 } };

const struct field checkin_fields[] = {
    { "id", FIELD_ID, .prefix = "chk", .required = true, .doc = "The check-in" },
    { "name", FIELD_TEXT, .doc = "What was checked into" },
    { "customer", FIELD_ID, .prefix = "usr", .required = true, .doc = "Who came" },
    { "company", FIELD_ID, .prefix = "cli", .required = true, .doc = "Where they came to" },
    { "kind", FIELD_ENUM, .choices = checkin_kinds, .required = true, .doc = "What it was for" },
    { "timestamp", FIELD_INT, .required = true, .doc = "Unix milliseconds" },
    { "enrollmentId", FIELD_TEXT, .required = true, .nullable = true, .doc = "The plan that paid for it" },
    { "source", FIELD_TEXT, .doc = "How they checked in: kiosk, staff app" },
    { "role", FIELD_ENUM, .choices = checkin_roles, .doc = "As whom they came" },
    { "typeId", FIELD_TEXT, .doc = "The kind of class, event or appointment" },
    { "classId", FIELD_TEXT, .doc = "Of a class" },
    { "eventId", FIELD_TEXT, .doc = "Of an event" },
    { "appointmentId", FIELD_TEXT, .doc = "Of an appointment" },
    { "staffId", FIELD_TEXT, .doc = "Of an appointment: with whom" },
    { "result", FIELD_ENUM, .choices = checkin_results, .doc = "Whether they were let in" },
    { "failureReason", FIELD_TEXT, .doc = "Why they were not" },
    { "type", FIELD_OBJECT, .fields = checkin_type, .doc = "The kind of class or event, by name" },
    { 0 }
};

const struct field deleted_checkin_fields[] = {
    { "id", FIELD_ID, .prefix = "chk", .required = true, .doc = "What was deleted" },
    { "customerId", FIELD_ID, .prefix = "usr", .required = true, .doc = "Whose it was" },
    { "companyId", FIELD_ID, .prefix = "cli", .required = true, .doc = "The company" },
    { 0 }
};

static const struct field location[] = { { "name", FIELD_TEXT, .required = true, .doc = "Its name" }, { 0 } };

const struct field class_fields[] = {
    { "id", FIELD_TEXT, .required = true, .doc = "The class" },
    { "coachUuid", FIELD_TEXT, .required = true, .nullable = true, .doc = "Who leads it" },
    { "assistantCoachUuid", FIELD_TEXT, .required = true, .nullable = true, .doc = "Who helps" },
    { "company", FIELD_TEXT, .required = true, .nullable = true, .doc = "The company" },
    { "title", FIELD_TEXT, .required = true, .nullable = true, .doc = "Its title in the calendar" },
    { "classTypeName", FIELD_TEXT, .required = true, .nullable = true, .doc = "The kind of class" },
    { "locationUuid", FIELD_TEXT, .required = true, .nullable = true, .doc = "Where it takes place" },
    { "location", FIELD_OBJECT, .fields = location, .doc = "The same by name" },
    { "start", FIELD_INT, .required = true, .doc = "Unix seconds" },
    { "end", FIELD_INT, .required = true, .doc = "Unix seconds" },
    { 0 }
};

static const char *const billing_periods[] = { "day", "week", "month", "year", "once", NULL };
static const char *const enrollment_states[] = { "active", "alert",          "canceled",   "completed",
                                                 "paused", "pendactivation", "pendcancel", NULL };

static const struct field billing_schedule[] = {
    { "period", FIELD_ENUM, .choices = billing_periods, .required = true, .doc = "The unit" },
    { "interval", FIELD_INT, .required = true, .doc = "How many of them" },
    { 0 }
};

static const struct field checkin_details[] = { { "checkins", FIELD_INT, .required = true, .doc = "Used" },
                                                { "limit", FIELD_INT, .required = true, .doc = "Allowed" },
                                                { 0 } };

static const struct field entitlement[] = { { "type", FIELD_TEXT, .required = true, .doc = "What for" },
                                            { "id", FIELD_TEXT, .required = true, .doc = "Of which" },
                                            { "interval", FIELD_TEXT, .required = true, .doc = "How often" },
                                            { "quantity", FIELD_INT, .required = true, .doc = "How many" },
                                            { "metadata", FIELD_JSON, .required = true, .doc = "More" },
                                            { 0 } };

const struct field enrollment_fields[] = {
    { "id", FIELD_TEXT, .required = true, .doc = "The enrollment" },
    { "customerId", FIELD_ID, .prefix = "usr", .required = true, .doc = "Whose it is" },
    { "companyId", FIELD_ID, .prefix = "cli", .required = true, .doc = "The company" },
    { "planId", FIELD_TEXT, .required = true, .nullable = true, .doc = "In which plan" },
    { "billingSchedule", FIELD_OBJECT, .fields = billing_schedule, .required = true,
      .doc = "How often it is paid" },
    { "status", FIELD_ENUM, .choices = enrollment_states, .required = true,
      .doc = "Where it is in its life" },
    { "startDate", FIELD_DATE, .required = true, .nullable = true, .doc = "From then on" },
    { "endDate", FIELD_DATE, .required = true, .nullable = true, .doc = "Until then" },
    { "lastCharge", FIELD_DATE, .required = true, .nullable = true, .doc = "Last paid" },
    { "nextCharge", FIELD_DATE, .required = true, .nullable = true, .doc = "Next due" },
    { "paidUntil", FIELD_DATE, .required = true, .nullable = true, .doc = "Paid until" },
    { "checkinDetails", FIELD_OBJECT, .fields = checkin_details, .required = true, .doc = "How it is used" },
    { "entitlements", FIELD_LIST, .element = FIELD_OBJECT, .fields = entitlement, .required = true,
      .doc = "What it gives a right to" },
    { 0 }
};

const struct field deleted_enrollment_fields[] = {
    { "id", FIELD_TEXT, .required = true, .doc = "What was deleted" }, { 0 }
};

static const char *const reservation_states[] = { "waitlisted", "checked-in",    "reserved",
                                                  "canceled",   "late-canceled", NULL };

const struct field reservation_fields[] = {
    { "id", FIELD_TEXT, .required = true, .doc = "The reservation" },
    { "reservedId", FIELD_TEXT, .required = true, .doc = "The class or event" },
    { "customerId", FIELD_TEXT, .required = true, .nullable = true, .doc = "Who reserved" },
    { "companyId", FIELD_TEXT, .required = true, .nullable = true, .doc = "The company" },
    { "registrationTimestamp", FIELD_INT, .required = true, .doc = "Unix seconds" },
    { "status", FIELD_ENUM, .choices = reservation_states, .required = true,
      .doc = "Where it is in its life" },
    { "checkin", FIELD_OBJECT, .fields = checkin_fields, .doc = "Where they came" },
    { "templateId", FIELD_TEXT, .required = true, .nullable = true, .doc = "The series it is of" },
    { 0 }
};

const struct field app_install_fields[] = {
    { "clientUuid", FIELD_ID, .prefix = "cli", .required = true, .doc = "Where the app is installed" },
    { "appId", FIELD_TEXT, .required = true, .doc = "The app" },
    { "installationId", FIELD_TEXT, .required = true, .doc = "This installation of it" },
    { 0 }
};

const struct field memberapp_fields[] = {
    { "companyId", FIELD_ID, .prefix = "cli", .required = true, .doc = "Whose members' app changed" }, { 0 }
};
