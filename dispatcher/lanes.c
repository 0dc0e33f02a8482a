#include "dispatcher/lanes.h"

/* Ids end in random bits, so their tail is a good hash as it is. */
static size_t bucket_of(struct id id)
{
    return (size_t)(id.bytes[14] << 8 | id.bytes[15]) % LANE_BUCKETS;
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        abort();
    return memory;
}

static struct tenant *tenant_get(struct lanes *lanes, struct id company)
{
    struct tenant **bucket = &lanes->tenants[bucket_of(company)];
    for (struct tenant *tenant = *bucket; tenant; tenant = tenant->next)
        if (id_equal(tenant->company, company))
            return tenant;
    struct tenant *tenant = allocate(sizeof *tenant);
    *tenant = (struct tenant){ .next = *bucket, .all = lanes, .company = company };
    return *bucket = tenant;
}

static int first_limit(const struct lanes *lanes)
{
    return lanes->highest < LANE_FIRST_LIMIT ? lanes->highest : LANE_FIRST_LIMIT;
}

struct lane *lanes_get(struct lanes *lanes, struct id endpoint, struct id company)
{
    struct lane **bucket = &lanes->buckets[bucket_of(endpoint)];
    for (struct lane *lane = *bucket; lane; lane = lane->next)
        if (id_equal(lane->endpoint, endpoint))
            return lane;
    struct lane *lane = allocate(sizeof *lane);
    *lane = (struct lane){ .next = *bucket, .endpoint = endpoint, .limit = first_limit(lanes) };
    lane->tenant = tenant_get(lanes, company);
    lane->tenant->lanes++;
    return *bucket = lane;
}

/* A lane below the first limit is remembered: its endpoint was slow. */
static bool is_forgettable(const struct lanes *lanes, const struct lane *lane, instant now)
{
    return lane->unsettled == 0 && lane->limit >= first_limit(lanes) && !lane_rests(lane, now);
}

static void forget_tenants(struct lanes *lanes)
{
    for (size_t i = 0; i < LANE_BUCKETS; i++) {
        struct tenant **place = &lanes->tenants[i];
        while (*place) {
            struct tenant *tenant = *place;
            if (tenant->lanes > 0) {
                place = &tenant->next;
                continue;
            }
            *place = tenant->next;
            free(tenant);
        }
    }
}

static void forget_lane(struct lane **place)
{
    struct lane *lane = *place;
    *place = lane->next;
    lane->tenant->lanes--;
    free(lane);
}

void lanes_forget(struct lanes *lanes, instant now)
{
    for (size_t i = 0; i < LANE_BUCKETS; i++) {
        struct lane **place = &lanes->buckets[i];
        while (*place)
            if (is_forgettable(lanes, *place, now))
                forget_lane(place);
            else
                place = &(*place)->next;
    }
    forget_tenants(lanes);
}

void lanes_release(struct lanes *lanes)
{
    for (size_t i = 0; i < LANE_BUCKETS; i++)
        while (lanes->buckets[i])
            forget_lane(&lanes->buckets[i]);
    forget_tenants(lanes);
}

struct room lanes_room(const struct lanes *lanes)
{
    return (struct room){
        .quick = lanes->parallel - (lanes->flying - lanes->slow),
        .all = LANES_SLOW_FACTOR * lanes->parallel - lanes->flying,
    };
}

int lane_room(const struct lane *lane)
{
    return lane->limit > lane->flying ? lane->limit - lane->flying : 0;
}

int lane_company_room(const struct lane *lane, int quick, int all)
{
    const struct tenant *tenant = lane->tenant;
    int own_quick = TENANT_QUICK_PARTS * quick - (tenant->flying - tenant->slow);
    int own_all = all - tenant->flying;
    if (own_quick <= 0 || own_all <= 0)
        return 0;
    /* Each that is taken is also one free place less. */
    own_quick = (own_quick + TENANT_QUICK_PARTS) / (TENANT_QUICK_PARTS + 1);
    own_all = (own_all + 1) / 2;
    return own_quick < own_all ? own_quick : own_all;
}

void lane_take(struct lane *lane)
{
    lane->flying++;
    lane->unsettled++;
    lane->tenant->flying++;
    lane->tenant->all->flying++;
}

void lane_slow(struct lane *lane)
{
    lane->tenant->slow++;
    lane->tenant->all->slow++;
}

void lane_land(struct lane *lane, bool slow)
{
    lane->flying--;
    lane->tenant->flying--;
    lane->tenant->slow -= slow;
    lane->tenant->all->flying--;
    lane->tenant->all->slow -= slow;
}

void lane_settle(struct lane *lane)
{
    lane->unsettled--;
}

bool lane_is_awaited(const struct lane *lane)
{
    return lane->hungry || lane->tenant->all->squeezed;
}

int lane_retry_part(struct lane *lane, int share)
{
    unsigned int turn = lane->turn++ % 4;
    return share / 4 + (3 - (int)turn < share % 4);
}

void lane_slow_start(struct lane *lane)
{
    lane->limit = 1;
}

void lane_learn(const struct lanes *lanes, struct lane *lane, bool prompt)
{
    if (!prompt)
        lane->limit = lane->limit > 1 ? lane->limit / 2 : 1;
    else if (lane->limit < lanes->highest)
        lane->limit++;
}

void lane_rest(struct lane *lane, instant until)
{
    if (until > lane->rest_until)
        lane->rest_until = until;
}

bool lane_rests(const struct lane *lane, instant now)
{
    return lane->rest_until > now;
}
