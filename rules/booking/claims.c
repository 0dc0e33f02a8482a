#include "rules/booking/claims.h"

/*
 * The primary key is forced wherever a row is locked: MariaDB would also take (company_id, id) for it, and
 * who comes to the same row by two indexes deadlocks. Nor may a scan wait for rows of other companies.
 */
static const struct statement BUMP = {
    "UPDATE resources FORCE INDEX (PRIMARY) SET revision = revision + 1 WHERE company_id = ? AND id = ?",
    .in = "uu",
};

static const struct statement LOCK = {
    "SELECT id FROM resources FORCE INDEX (PRIMARY) WHERE company_id = ?"
    " AND id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ORDER BY id FOR UPDATE",
    .in = "uuuuuuuuuuuuuuuuuuuuu",
};

static const struct statement INSERT_CLAIM = {
    "INSERT INTO claims (id, company_id, resource_id, kind, booking_id, starts_at, ends_at)"
    " VALUES (?, ?, ?, 'booking', ?, ?, ?)",
    .in = "uuuutt",
};

static const struct statement RELEASE = {
    "DELETE FROM claims WHERE company_id = ? AND booking_id = ?",
    .in = "uu",
};

/* A list and not a join: MariaDB reads a joined table by equality alone, which would be a person's whole
 * history; a list gives one short range for each of them. */
static const struct statement OVERLAPPING = {
    "SELECT resource_id, booking_id, starts_at, ends_at FROM claims FORCE INDEX (claims_by_start)"
    " WHERE company_id = ?"
    " AND resource_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " AND starts_at >= ? AND starts_at < ? AND ends_at > ? ORDER BY resource_id, starts_at",
    .in = "uuuuuuuuuuuuuuuuuuuuuttt",
};

enum { CLAIMS_BATCH = 20 }; /* the ids in one list */

/* The next batch of ids; a short one is filled up with its last, which asks for nothing new. Returns how many
 * are really in it. */
static size_t bind_batch(struct value *values, const struct id *resources, size_t count)
{
    size_t taken = count < CLAIMS_BATCH ? count : CLAIMS_BATCH;
    for (size_t i = 0; i < CLAIMS_BATCH; i++)
        values[i] = value_id(resources[i < taken ? i : taken - 1]);
    return taken;
}

void claims_lock(struct db *db, struct pool *pool, struct id company, const struct id *resources,
                 size_t count)
{
    struct value values[1 + CLAIMS_BATCH] = { value_id(company) };
    while (count > 0) {
        size_t taken = bind_batch(values + 1, resources, count);
        db_all(db, pool, &LOCK, values, 1 + CLAIMS_BATCH);
        resources += taken;
        count -= taken;
    }
}

enum claim_result claims_take(struct db *db, struct id company, struct id resource, struct span span,
                              struct id booking)
{
    if (db_run(db, &BUMP, BIND(value_id(company), value_id(resource))) == 0)
        return CLAIM_NO_RESOURCE;
    for (instant start = span.start; start < span.end; start += CLAIM_MAX) {
        instant end = span.end - start > CLAIM_MAX ? start + CLAIM_MAX : span.end;
        if (!db_try(db, &INSERT_CLAIM,
                    BIND(value_id(id_new()), value_id(company), value_id(resource), value_id(booking),
                         value_time(start), value_time(end))))
            return CLAIM_CONFLICT;
    }
    return CLAIM_TAKEN;
}

void claims_release(struct db *db, struct id company, struct id resource, struct id booking)
{
    db_run(db, &BUMP, BIND(value_id(company), value_id(resource)));
    db_run(db, &RELEASE, BIND(value_id(company), value_id(booking)));
}

static struct rows rows_join(struct pool *pool, struct rows first, struct rows second)
{
    if (first.count == 0)
        return second;
    if (second.count == 0)
        return first;
    struct row *items = pool_array(pool, first.count + second.count, sizeof *items);
    memcpy(items, first.items, first.count * sizeof *items);
    memcpy(items + first.count, second.items, second.count * sizeof *items);
    return (struct rows){ first.count + second.count, items };
}

struct rows claims_of(struct db *db, struct pool *pool, struct id company, const struct id *resources,
                      size_t count, instant from, instant to)
{
    struct rows all = { 0 };
    struct value values[1 + CLAIMS_BATCH + 3] = { value_id(company) };
    values[1 + CLAIMS_BATCH] = value_time(from > INSTANT_MIN + CLAIM_MAX ? from - CLAIM_MAX : INSTANT_MIN);
    values[2 + CLAIMS_BATCH] = value_time(to);
    values[3 + CLAIMS_BATCH] = value_time(from);
    while (count > 0) {
        size_t taken = bind_batch(values + 1, resources, count);
        all = rows_join(pool, all, db_all(db, pool, &OVERLAPPING, values, 1 + CLAIMS_BATCH + 3));
        resources += taken;
        count -= taken;
    }
    return all;
}
