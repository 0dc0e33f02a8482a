/*
 * event_fields: what the data of an event holds, for the kinds that no other file of the rules writes. The
 * tables of bookings, services, people and companies stand beside what renders them.
 */
#ifndef RULES_CATALOGUE_EVENT_FIELDS_H
#define RULES_CATALOGUE_EVENT_FIELDS_H

#include "api/field.h"

/* What stands behind the snapshot for some types alone. */
extern const struct field event_updated_fields[], event_rescheduled_fields[], event_room_fields[];

extern const struct field reminder_fields[];        /* booking.reminder */
extern const struct field referral_fields[];        /* referral.* */
extern const struct field open_chair_fields[];      /* open_chair.posted */
extern const struct field endpoint_health_fields[]; /* webhook.* */
extern const struct field lagging_fields[];         /* delivery.lagging */

/* The objects of the PushPress API, which its events carry as they are. */
extern const struct field checkin_fields[], class_fields[], enrollment_fields[], reservation_fields[],
    app_install_fields[], memberapp_fields[];
/* … of what was deleted. */
extern const struct field deleted_checkin_fields[], deleted_enrollment_fields[];

#endif
