/*
 * text: checks on bytes that came from outside.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (RFC 3629): shortest forms, no surrogates, at most U+10FFFF. */
bool text_is_utf8(const char *text, size_t length);
/* The length without a character that has begun at the end and is cut off there. */
size_t text_whole(const char *text, size_t length);
/* The number of code points of well-formed UTF-8. */
size_t text_count(const char *text, size_t length);
/* No control characters but, where `lines` is set, \n, \r and \t. */
bool text_is_printable(const char *text, size_t length, bool lines);

/* What a person's mailbox, phone or web address plausibly is; never a proof that it exists. */
bool text_is_email(const char *text,
                   size_t length); /* the HTML living standard's rule, 254 characters at most */
bool text_is_phone(const char *text, size_t length);    /* + digits, spaces, ()-./ and 5..15 digits */
bool text_is_currency(const char *text, size_t length); /* three upper-case letters */
bool text_is_slug(const char *text, size_t length);     /* a-z 0-9 and inner hyphens, 1..64 */

/* How much of an absolute URL is scheme, host and port: what others may be told. What follows is often a
 * secret between a receiver and its sender. */
size_t text_origin_length(const char *url);

#endif
