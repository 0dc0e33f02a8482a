/*
 * call_rooms: signed links to a booking's call room, on the operator's own conference server.
 *
 * room id: `room_` + 26 characters derived from the booking's id (HMAC, so that it cannot be guessed from
 * it). Link: {room_url}/{roomId}?token={expiry seconds}.{base64url(HMAC-SHA256(room_secret, "{roomId}.{expiry
 * seconds}"))}; it ends four hours after the booking does.
 */
#ifndef RULES_BOOKING_CALL_ROOMS_H
#define RULES_BOOKING_CALL_ROOMS_H

#include "base/clock.h"
#include "base/id.h"
#include "base/pool.h"

#include <stdbool.h>

const char *room_id(struct pool *pool, struct id booking);
/* NULL when room_url or room_secret is not set. */
const char *room_link(struct pool *pool, struct id booking, instant ends_at);
/* Whether a token is good for a room now: for whoever runs the conference server's door, and the tests. */
bool room_token_is_valid(struct pool *pool, const char *room, const char *token, instant now);

#endif
