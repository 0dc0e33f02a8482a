/*
 * guard: which addresses a webhook may reach.
 *
 * Decided on the socket address at connect time, after DNS, so that neither a redirect nor a name that
 * changes can get round it. Public unicast only (the refused ranges stand in guard.c with their RFCs), plus
 * what the operator allow-lists with `outbound_allow`.
 */
#ifndef BASE_GUARD_H
#define BASE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum guard_verdict {
    GUARD_PUBLIC,  /* global unicast: allowed over https */
    GUARD_ALLOWED, /* on the operator's list: allowed over http too */
    GUARD_REFUSED
};

/* IPv4, IPv6, and the IPv4 inside mapped, NAT64 (64:ff9b::/96), 6to4 … forms: those are judged by what they
 * wrap or refused. */
enum guard_verdict guard_address(const struct sockaddr *address);

/*
 * A URL as a partner registers it: absolute http(s), a host, no user info, no fragment, at most 2048 bytes.
 * `http` and hosts that are IP literals (any spelling getaddrinfo takes: decimal, octal, hex) need a verdict
 * that allows them; names are looked up only at connect time. NULL when it may be stored, else what is wrong
 * with it, as "must be …".
 */
const char *guard_url_problem(const char *url);

/* False with a message on standard error when `outbound_allow` holds something that is not a CIDR range. */
bool guard_configure(const char *ranges);

#endif
