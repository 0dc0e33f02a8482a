#include "rules/booking/bookings.h"

struct step {
    const char *from;
    enum booking_action action;
    const char *to;
};

static const struct step steps[] = {
    { "pending", BOOKING_CONFIRM, "confirmed" },      { "pending", BOOKING_CANCEL, "cancelled" },
    { "pending", BOOKING_RESCHEDULE, "pending" },     { "pending", BOOKING_NO_SHOW, "no_show" },
    { "confirmed", BOOKING_COMPLETE, "completed" },   { "confirmed", BOOKING_CANCEL, "cancelled" },
    { "confirmed", BOOKING_RESCHEDULE, "confirmed" }, { "confirmed", BOOKING_NO_SHOW, "no_show" },
};

static const char *const from_pending[] = { "confirm", "cancel", "reschedule", "no-show", NULL };
static const char *const from_confirmed[] = { "complete", "cancel", "reschedule", "no-show", NULL };
static const char *const from_settled[] = { NULL };

const char *booking_next_status(const char *status, enum booking_action action)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].action == action && strcmp(steps[i].from, status) == 0)
            return steps[i].to;
    return NULL;
}

const char *const *booking_actions(const char *status)
{
    if (strcmp(status, "pending") == 0)
        return from_pending;
    if (strcmp(status, "confirmed") == 0)
        return from_confirmed;
    return from_settled;
}
