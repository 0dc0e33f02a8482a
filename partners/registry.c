/* The formats there are. What they have in common stands in partner.c and knows none of them. */
#include "partners/partner.h"

#include <string.h>

const struct partner *const partners[] = { &partner_standard,    &partner_clientpass,
                                           &partner_booking_api, &partner_therapy,
                                           &partner_bookme,      &partner_pushpress,
                                           &partner_null,        NULL };
const char *const partner_choices[] = { "standard", "clientpass", "booking-api", "therapy",
                                        "bookme",   "pushpress",  NULL };

const struct partner *partner_find(const char *name)
{
    for (const struct partner *const *at = partners; *at; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}
