/*
 * range: ranges of IP addresses, as `10.0.0.0/8` or `fd00::/8`.
 */
#ifndef BASE_RANGE_H
#define BASE_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An IPv4 one uses the first four bytes. */
struct range {
    int family; /* AF_INET or AF_INET6 */
    int bits;
    uint8_t bytes[16];
};

/* Reads `address/bits`; false when it is anything else. */
bool range_parse(struct range *range, const char *text, size_t length);
/* Reads the same, or an address alone. */
bool range_parse_any(struct range *range, const char *text, size_t length);
bool range_holds(const struct range *range, int family, const uint8_t *bytes);
/* Whether a comma-separated list of ranges and addresses holds the address; an IPv4 one that is written as
 * IPv6 (`::ffff:192.0.2.1`) is IPv4, on both sides. What is no address is held by none. */
bool range_list_holds(const char *list, const char *address);

enum { RANGE_IPV4_TEXT = 16 };
/* An IPv4 address that is written as IPv6 as `192.0.2.1`, in `text`; every other text as it came. */
const char *range_unmapped(const char *address, char text[RANGE_IPV4_TEXT]);

#endif
