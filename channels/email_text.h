/*
 * email_text: a mail as RFC 5322 has it: one plain text in UTF-8, quoted-printable, with CRLF line ends.
 *
 * Nothing that a person wrote can add a header: control characters of the subject become spaces, what is not
 * plain ASCII is an encoded word (RFC 2047), and addresses are those that text_is_email takes.
 */
#ifndef CHANNELS_EMAIL_TEXT_H
#define CHANNELS_EMAIL_TEXT_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"

struct email {
    struct id id; /* names the message for ever: its Message-ID is the same at each try */
    const char *recipient, *subject, *body; /* body: UTF-8 with \n line ends */
    instant created_at;
};

/* `sender` is a bare address. */
void email_write(struct buf *out, const struct email *email, const char *sender);

#endif
