#include "base/id.h"

#include "base/clock.h"

#include <sys/random.h>
#include <unistd.h>

enum { BASE32_LENGTH = 26 };
enum { BACK_MOST = 10000 }; /* ms that the clock may go back and ids do not; further, it was wrong before */

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford: no i, l, o, u */

static uint64_t random_bits(void)
{
    uint64_t bits;

    /* Up to 256 bytes come whole or not at all once the system's generator is seeded. */
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) {
        static const char message[] = "no randomness from the system\n";
        ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
        (void)ignored;
        _exit(71); /* EX_OSERR */
    }
    return bits;
}

/*
 * The last id of this process: its millisecond and its 74 random bits, 12 above 62. Within one millisecond,
 * or after the clock went back, the next id is the last plus a random step (RFC 9562, section 6.2, method 2).
 */
static struct {
    uint64_t millisecond;
    uint64_t high, low;
} last;

static const uint64_t high_mask = (UINT64_C(1) << 12) - 1;
static const uint64_t low_mask = (UINT64_C(1) << 62) - 1;

static void begin_millisecond(uint64_t millisecond)
{
    last.millisecond = millisecond;
    last.high = random_bits() & (high_mask >> 1); /* the top bit is left free for the steps */
    last.low = random_bits() & low_mask;
}

static void step(void)
{
    uint64_t low = last.low + 1 + (random_bits() >> 32);

    last.low = low & low_mask;
    last.high += low > low_mask;
    if (last.high > high_mask)
        begin_millisecond(last.millisecond + 1);
}

static void put_bytes(uint8_t *out, uint64_t bits, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        out[i] = (uint8_t)(bits & 0xFF);
        bits >>= 8;
    }
}

struct id id_new(void)
{
    uint64_t now = (uint64_t)clock_real();
    struct id id;

    if (now > last.millisecond || now + BACK_MOST < last.millisecond)
        begin_millisecond(now);
    else
        step();
    put_bytes(id.bytes, last.millisecond, 6);
    put_bytes(id.bytes + 6, UINT64_C(0x7000) | last.high, 2);
    put_bytes(id.bytes + 8, (UINT64_C(2) << 62) | last.low, 8);
    return id;
}

struct id id_lowest(void)
{
    return (struct id){ { [15] = 1 } };
}

struct id id_highest(void)
{
    struct id id;
    memset(id.bytes, 0xff, sizeof id.bytes);
    return id;
}

struct id id_first_of(instant time)
{
    struct id id = { { 0 } };

    put_bytes(id.bytes, (uint64_t)(time > 0 ? time : 0), 6);
    return id;
}

instant id_time(struct id id)
{
    instant time = 0;

    for (int i = 0; i < 6; i++)
        time = time << 8 | id.bytes[i];
    return time;
}

bool id_is_nil(struct id id)
{
    return id_equal(id, (struct id){ { 0 } });
}

bool id_equal(struct id left, struct id right)
{
    return id_compare(left, right) == 0;
}

int id_compare(struct id left, struct id right)
{
    return memcmp(left.bytes, right.bytes, sizeof left.bytes);
}

char *id_format(char *text, const char *prefix, struct id id)
{
    size_t length = strnlen(prefix, ID_TEXT_SIZE - BASE32_LENGTH - 2);
    char *out = text + length + 1 + BASE32_LENGTH;
    unsigned bits = 0;
    int held = 0;

    memcpy(text, prefix, length);
    text[length] = '_';
    *out = '\0';
    for (int i = 15; i >= 0; i--) { /* from the last character to the first, as 130 is not 128 */
        bits |= (unsigned)id.bytes[i] << held;
        for (held += 8; held >= 5; held -= 5) {
            *--out = alphabet[bits & 31];
            bits >>= 5;
        }
    }
    *--out = alphabet[bits & 31];
    return text;
}

static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

/* 0..31, or -1. */
static int digit_value(char character)
{
    const char *place = character ? strchr(alphabet, lower(character)) : NULL;

    return place ? (int)(place - alphabet) : -1;
}

static bool has_prefix(const char *prefix, const char *text, size_t length)
{
    size_t prefix_length = strlen(prefix);

    if (length != prefix_length + 1 + BASE32_LENGTH || text[prefix_length] != '_')
        return false;
    for (size_t i = 0; i < prefix_length; i++)
        if (lower(text[i]) != prefix[i])
            return false;
    return true;
}

bool id_parse(struct id *id, const char *prefix, const char *text, size_t length)
{
    struct id read;
    unsigned bits = 0;
    int held = 0, out = 15;

    if (!has_prefix(prefix, text, length) || digit_value(text[length - BASE32_LENGTH]) > 7)
        return false;
    for (size_t i = 0; i < BASE32_LENGTH; i++) {
        int value = digit_value(text[length - 1 - i]);
        if (value < 0)
            return false;
        bits |= (unsigned)value << held;
        held += 5;
        if (held >= 8 && out >= 0) {
            read.bytes[out--] = (uint8_t)(bits & 0xFF);
            bits >>= 8;
            held -= 8;
        }
    }
    *id = read;
    return true;
}

char *id_format_uuid(char text[37], struct id id)
{
    static const char hex[] = "0123456789abcdef";
    char *out = text;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex[id.bytes[i] >> 4];
        *out++ = hex[id.bytes[i] & 15];
    }
    *out = '\0';
    return text;
}
