/*
 * demo: three businesses in three time zones, as const tables. A table ends with a row without name.
 */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include <stdint.h>

enum { DEMO_STARTS_MAX = 6 };

struct demo_person {
    const char *name, *role, *email, *phone;
    const char *weekly;          /* of staff: when they work, as schedules.weekly has it */
    int starts[DEMO_STARTS_MAX]; /* of staff: wall-clock minutes at which bookings are made; 0 ends */
};

struct demo_service {
    const char *name, *description;
    int64_t duration, buffer_before, buffer_after, interval; /* minutes */
    int64_t price;                                           /* minor units */
    const char *price_type;
    unsigned staff; /* bit n: the company's person n performs it */
};

struct demo_company {
    const char *name, *slug, *category, *description, *email, *phone, *time_zone, *currency;
    const char *owner_name, *owner_email;
    const struct demo_person *people;
    const struct demo_service *services;
    const char *const *notes; /* what customers write, NULL-terminated */
};

extern const struct demo_company demo_companies[]; /* the salon first */

#endif
