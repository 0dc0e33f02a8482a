#include "base/range.h"

#include <arpa/inet.h>
#include <string.h>

static bool address_parse(struct range *range, const char *text, size_t length)
{
    char address[INET6_ADDRSTRLEN];

    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    range->family = memchr(text, ':', length) ? AF_INET6 : AF_INET;
    range->bits = range->family == AF_INET ? 32 : 128;
    return strlen(address) == length && inet_pton(range->family, address, range->bytes) == 1;
}

bool range_parse(struct range *range, const char *text, size_t length)
{
    const char *slash = memchr(text, '/', length);
    int most, bits = 0;
    size_t digits;

    if (!slash || !address_parse(range, text, (size_t)(slash - text)))
        return false;
    most = range->bits;
    digits = length - (size_t)(slash + 1 - text);
    if (digits == 0 || digits > 3)
        return false;
    for (const char *digit = slash + 1; digit < text + length; digit++) {
        if (*digit < '0' || *digit > '9')
            return false;
        bits = bits * 10 + (*digit - '0');
    }
    range->bits = bits;
    return bits <= most;
}

bool range_parse_any(struct range *range, const char *text, size_t length)
{
    return memchr(text, '/', length) ? range_parse(range, text, length) : address_parse(range, text, length);
}

bool range_holds(const struct range *range, int family, const uint8_t *bytes)
{
    int whole = range->bits / 8, rest = range->bits % 8;

    if (range->family != family || memcmp(range->bytes, bytes, (size_t)whole) != 0)
        return false;
    return rest == 0 || ((range->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

static void unmap(struct range *range)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    const int mapped_bits = 8 * sizeof mapped;

    if (range->family != AF_INET6 || range->bits < mapped_bits ||
        memcmp(range->bytes, mapped, sizeof mapped) != 0)
        return;
    range->family = AF_INET;
    range->bits -= mapped_bits;
    memmove(range->bytes, range->bytes + sizeof mapped, 4);
}

const char *range_unmapped(const char *address, char text[RANGE_IPV4_TEXT])
{
    struct range range = { 0 };

    if (!address_parse(&range, address, strlen(address)) || range.family == AF_INET)
        return address;
    unmap(&range);
    return range.family == AF_INET ? inet_ntop(AF_INET, range.bytes, text, RANGE_IPV4_TEXT) : address;
}

bool range_list_holds(const char *list, const char *address)
{
    struct range caller = { 0 };

    if (!address_parse(&caller, address, strlen(address)))
        return false;
    unmap(&caller);
    while (*list) {
        struct range range = { 0 };
        size_t length = strcspn(list, ",");

        if (range_parse_any(&range, list, length)) {
            unmap(&range);
            if (range_holds(&range, caller.family, caller.bytes))
                return true;
        }
        list += length + (list[length] == ',');
    }
    return false;
}
