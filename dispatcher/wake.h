/*
 * wake: what brings the next look for due deliveries.
 *
 * Whoever has made something due, or has given room to what waits, says so here and need not know who looks.
 * All lanes are looked into five times a second at least, sooner where somebody asks for it, but never so
 * often that looking takes more than its part of the time. A poke names a company: its lanes alone are looked
 * into, at once, so that what came just now waits for no other lane, however many there are.
 *
 * Times are microseconds of clock_monotonic(). Only look.c tells of looks.
 */
#ifndef DISPATCHER_WAKE_H
#define DISPATCHER_WAKE_H

#include "base/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WAKE_IDLE_US = 200000, /* finds what nobody poked for */
    WAKE_POKED_MOST = 8    /* companies that are looked into one by one; where more poke, all are */
};

struct wake {
    int64_t look_at;                  /* the next look over all */
    int64_t looked_at, cost;          /* when the last one began, and how long one takes */
    bool asked;                       /* somebody did, behind the last one */
    struct id poked[WAKE_POKED_MOST]; /* to be looked into sooner */
    size_t poked_count;
    int64_t poked_next; /* … but not before */
};

/* Something may be due: look over all lanes as soon as that is not too soon after the last time. */
void wake_soon(struct wake *wake);
/* Something of this company may be due; nil: of anybody. */
void wake_for(struct wake *wake, struct id company);
int64_t wake_due_at(const struct wake *wake);

/* ---- for who looks ---- */

/* A look over all begins. */
void wake_look_begins(struct wake *wake, int64_t now);
/* … and has taken so long. One of which it is known that the next will not be like it tells nothing. */
void wake_look_took(struct wake *wake, int64_t passed);
/* The next one comes no later than at `until`. */
void wake_by(struct wake *wake, int64_t until);
/* Where nobody asked for a sooner one: polling alone takes at most its part of the time. */
void wake_look_ends(struct wake *wake, int64_t now);
/* A look over what was poked for is over. */
void wake_poked_look_ends(struct wake *wake, int64_t start, int64_t now);

#endif
