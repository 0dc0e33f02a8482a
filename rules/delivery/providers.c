#include "rules/delivery/providers.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

const char *const provider_names[] = { "zapier",  "make",      "n8n",    "ifttt",       "pipedream", "slack",
                                       "discord", "microsoft", "pabbly", "integrately", "custom",    NULL };

static const struct {
    const char *domain, *provider;
} domains[] = {
    { "zapier.com", "zapier" },
    { "make.com", "make" },
    { "integromat.com", "make" },
    { "n8n.io", "n8n" },
    { "n8n.cloud", "n8n" },
    { "ifttt.com", "ifttt" },
    { "pipedream.com", "pipedream" },
    { "pipedream.net", "pipedream" },
    { "slack.com", "slack" },
    { "discord.com", "discord" },
    { "discordapp.com", "discord" },
    { "logic.azure.com", "microsoft" },
    { "powerautomate.com", "microsoft" },
    { "powerplatform.com", "microsoft" },
    { "pabbly.com", "pabbly" },
    { "integrately.com", "integrately" },
};

static bool belongs(const char *host, size_t length, const char *domain)
{
    size_t size = strlen(domain);

    return length >= size && strncasecmp(host + length - size, domain, size) == 0 &&
           (length == size || host[length - size - 1] == '.');
}

const char *provider_of_url(const char *url)
{
    const char *start = strstr(url, "://"), *host = start ? start + 3 : url;
    size_t length = strcspn(host, ":/?#\\");

    if (length > 0 && host[length - 1] == '.') /* the root may be written */
        length--;
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++)
        if (belongs(host, length, domains[i].domain))
            return domains[i].provider;
    return "custom";
}
