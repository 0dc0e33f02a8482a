/*
 * providers: which automation service a webhook's address belongs to, by its host. For people to see; nothing
 * else depends on it.
 */
#ifndef RULES_DELIVERY_PROVIDERS_H
#define RULES_DELIVERY_PROVIDERS_H

extern const char *const provider_names[]; /* NULL-terminated; `custom`, for all others, is the last */

/* zapier, make … of an absolute URL; never NULL. A host belongs to a name where it is that name or ends with
 * it behind a dot: `evilzapier.com` is custom. */
const char *provider_of_url(const char *url);

#endif
