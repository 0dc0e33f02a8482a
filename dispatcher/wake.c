#include "dispatcher/wake.h"

enum {
    GAP_FACTOR = 2,      /* between two looks that are asked for, so many times what one takes */
    POLL_COST_FACTOR = 8 /* polling alone takes at most this part of the time */
};

/* Of a look that took so long: one that stood still, with the machine or the server, is no measure. */
static int64_t cost_of(int64_t passed)
{
    return passed < WAKE_IDLE_US ? passed : WAKE_IDLE_US;
}

void wake_by(struct wake *wake, int64_t until)
{
    if (wake->look_at > until)
        wake->look_at = until;
}

void wake_soon(struct wake *wake)
{
    wake->asked = true;
    wake_by(wake, wake->looked_at + GAP_FACTOR * wake->cost);
}

void wake_for(struct wake *wake, struct id company)
{
    if (id_is_nil(company) || wake->poked_count == WAKE_POKED_MOST) {
        wake_soon(wake);
        return;
    }
    for (size_t i = 0; i < wake->poked_count; i++)
        if (id_equal(wake->poked[i], company))
            return;
    wake->poked[wake->poked_count++] = company;
}

int64_t wake_due_at(const struct wake *wake)
{
    bool sooner = wake->poked_count > 0 && wake->poked_next < wake->look_at;
    return sooner ? wake->poked_next : wake->look_at;
}

void wake_look_begins(struct wake *wake, int64_t now)
{
    wake->looked_at = now;
    wake->look_at = now + WAKE_IDLE_US;
    wake->asked = false;
    wake->poked_count = 0;
}

void wake_look_took(struct wake *wake, int64_t passed)
{
    wake->cost = cost_of(passed);
}

void wake_look_ends(struct wake *wake, int64_t now)
{
    if (wake->look_at == wake->looked_at + WAKE_IDLE_US && POLL_COST_FACTOR * wake->cost > WAKE_IDLE_US)
        wake->look_at = now + POLL_COST_FACTOR * wake->cost;
}

void wake_poked_look_ends(struct wake *wake, int64_t start, int64_t now)
{
    wake->poked_next = now + cost_of(now - start);
}
