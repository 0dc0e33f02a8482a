#include "dispatcher/lanes.h"

/* Ids end in random bits, so their tail is a good hash as it is. */
static struct lane **bucket_of(struct lanes *lanes, struct id endpoint)
{
    return &lanes->buckets[(endpoint.bytes[14] << 8 | endpoint.bytes[15]) % LANE_BUCKETS];
}

static int first_limit(const struct lanes *lanes)
{
    return lanes->highest < LANE_FIRST_LIMIT ? lanes->highest : LANE_FIRST_LIMIT;
}

struct lane *lanes_get(struct lanes *lanes, struct id endpoint)
{
    struct lane **bucket = bucket_of(lanes, endpoint);
    for (struct lane *lane = *bucket; lane; lane = lane->next)
        if (id_equal(lane->endpoint, endpoint))
            return lane;
    struct lane *lane = calloc(1, sizeof *lane);
    if (!lane)
        abort();
    *lane = (struct lane){ .next = *bucket, .endpoint = endpoint, .limit = first_limit(lanes) };
    *bucket = lane;
    return lane;
}

/* A lane below the first limit is remembered: its endpoint was slow. */
static bool is_forgettable(const struct lanes *lanes, const struct lane *lane, instant now)
{
    return lane->flying == 0 && lane->limit >= first_limit(lanes) && !lane_rests(lane, now);
}

void lanes_forget(struct lanes *lanes, instant now)
{
    for (size_t i = 0; i < LANE_BUCKETS; i++) {
        struct lane **place = &lanes->buckets[i];
        while (*place) {
            struct lane *lane = *place;
            if (!is_forgettable(lanes, lane, now)) {
                place = &lane->next;
                continue;
            }
            *place = lane->next;
            free(lane);
        }
    }
}

void lanes_release(struct lanes *lanes)
{
    for (size_t i = 0; i < LANE_BUCKETS; i++) {
        while (lanes->buckets[i]) {
            struct lane *lane = lanes->buckets[i];
            lanes->buckets[i] = lane->next;
            free(lane);
        }
    }
}

int lane_room(const struct lane *lane)
{
    return lane->limit > lane->flying ? lane->limit - lane->flying : 0;
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
