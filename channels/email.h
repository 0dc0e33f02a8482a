/*
 * email: one mail over SMTP, by the settings smtp_url, smtp_user, smtp_password, smtp_tls, smtp_ca_file and
 * mail_from.
 *
 * One try is an errand that the caller gives to the courier; what came of it is read back from there.
 * smtp:// changes to TLS (STARTTLS) or is given up, unless smtp_tls says otherwise; and where smtp_tls is
 * only `opportunistic`, a password is still never sent without TLS.
 */
#ifndef CHANNELS_EMAIL_H
#define CHANNELS_EMAIL_H

#include "channels/email_text.h"
#include "courier/courier.h"

enum email_fate {
    EMAIL_SENT,
    EMAIL_LATER,   /* the server does not take this mail now (4xx) */
    EMAIL_REFUSED, /* it never will: 5xx to the recipient or the text */
    EMAIL_UNSENT   /* nothing is known of the mail: no server, no TLS, no login */
};

/* Why no mail can be sent with these settings, in words; NULL: it can. */
const char *email_problem(void);

/*
 * Writes the order of one try; the errand's pool holds all of it. False where the recipient is no address
 * or the text is too large: it never can be sent.
 */
bool email_order(struct errand *errand, const struct email *email);

/* What came of it; `*words` say it for people (in the pool; NULL: it was sent) and hold no secret. */
enum email_fate email_fate(const struct errand *errand, const char **words);

#endif
