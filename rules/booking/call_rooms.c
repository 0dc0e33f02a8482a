#include "rules/booking/call_rooms.h"

#include "base/config.h"
#include "base/crypto.h"

#include <inttypes.h>

enum { LINK_HOURS = 4 };         /* a link outlives its booking by so much */
enum { EXPIRY_DIGITS_MAX = 12 }; /* seconds up to the year 9999 */

const char *room_id(struct pool *pool, struct id booking)
{
    const char *secret = config_text(CONFIG_ROOM_SECRET);
    /* The leading byte keeps these from ever being the hash of a token, which starts with `room_`. */
    uint8_t message[1 + sizeof booking.bytes] = { 0 };
    memcpy(message + 1, booking.bytes, sizeof booking.bytes);
    uint8_t hash[SHA256_SIZE];
    crypto_hmac_sha256(secret, strlen(secret), message, sizeof message, hash);
    struct id room;
    memcpy(room.bytes, hash, sizeof room.bytes);
    return id_format(pool_alloc(pool, ID_TEXT_SIZE), "room", room);
}

static const char *signature(struct pool *pool, const char *room, const char *expiry, size_t expiry_length)
{
    const char *secret = config_text(CONFIG_ROOM_SECRET);
    const char *message = pool_printf(pool, "%s.%.*s", room, (int)expiry_length, expiry);
    uint8_t hash[SHA256_SIZE];
    crypto_hmac_sha256(secret, strlen(secret), message, strlen(message), hash);
    return crypto_base64url(pool, hash, sizeof hash);
}

const char *room_link(struct pool *pool, struct id booking, instant ends_at)
{
    const char *base = config_text(CONFIG_ROOM_URL);
    if (!*base || !*config_text(CONFIG_ROOM_SECRET))
        return NULL;
    const char *room = room_id(pool, booking);
    instant expires_at = ends_at + LINK_HOURS * CLOCK_HOUR;
    const char *expiry = pool_printf(pool, "%" PRId64, expires_at / CLOCK_SECOND);
    size_t base_length = strlen(base);
    while (base_length > 0 && base[base_length - 1] == '/')
        base_length--;
    return pool_printf(pool, "%.*s/%s?token=%s.%s", (int)base_length, base, room, expiry,
                       signature(pool, room, expiry, strlen(expiry)));
}

/* Reads the digits before the point; false for anything else. */
static bool read_expiry(const char *token, size_t *length, int64_t *seconds)
{
    *seconds = 0;
    for (*length = 0; token[*length] >= '0' && token[*length] <= '9'; (*length)++) {
        if (*length == EXPIRY_DIGITS_MAX)
            return false;
        *seconds = *seconds * 10 + (token[*length] - '0');
    }
    return *length > 0 && token[*length] == '.';
}

bool room_token_is_valid(struct pool *pool, const char *room, const char *token, instant now)
{
    size_t length;
    int64_t seconds;
    if (!*config_text(CONFIG_ROOM_SECRET) || !read_expiry(token, &length, &seconds))
        return false;
    const char *expected = signature(pool, room, token, length);
    const char *sent = token + length + 1;
    return crypto_equal(expected, strlen(expected), sent, strlen(sent)) && now < seconds * CLOCK_SECOND;
}
