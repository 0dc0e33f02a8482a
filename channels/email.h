/*
 * email: one mail over SMTP, by the settings smtp_url, smtp_user, smtp_password, smtp_tls, smtp_ca_file and
 * mail_from.
 *
 * A struct email_transfer is one try: a curl handle that the caller drives, on a multi of its own choice, and
 * gives back to email_finish. smtp:// changes to TLS (STARTTLS) or is given up, unless smtp_tls says
 * otherwise; and where smtp_tls is only `opportunistic`, a password is still never sent without TLS.
 */
#ifndef CHANNELS_EMAIL_H
#define CHANNELS_EMAIL_H

#include "channels/email_text.h"

#include <curl/curl.h>

enum email_fate {
    EMAIL_SENT,
    EMAIL_LATER,   /* the server does not take this mail now (4xx) */
    EMAIL_REFUSED, /* it never will: 5xx to the recipient or the text */
    EMAIL_UNSENT   /* nothing is known of the mail: no server, no TLS, no login */
};

struct email_transfer;

/* Why no mail can be sent with these settings, in words; NULL: it can. */
const char *email_problem(void);

/*
 * Builds the try; `pool` holds everything but the handle. NULL where the recipient is no address or the text
 * is too large: it never can be sent.
 */
struct email_transfer *email_start(struct pool *pool, const struct email *email);
CURL *email_handle(struct email_transfer *transfer);

/* What came of it; `*words` say it for people (in the pool; NULL: it was sent) and hold no secret. */
enum email_fate email_finish(struct email_transfer *transfer, CURLcode code, const char **words);
/* The last lines of both sides, ours without what follows AUTH. */
const char *email_conversation(const struct email_transfer *transfer);
void email_free(struct email_transfer *transfer); /* not while a multi has the handle */

#endif
