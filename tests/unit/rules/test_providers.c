/* Which automation service an address belongs to. */
#include "rules/delivery/providers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void hosts_belong_by_whole_labels(void **state)
{
    static const char *const cases[][2] = {
        { "https://hooks.zapier.com/hooks/catch/1/2", "zapier" },
        { "https://HOOKS.Zapier.COM/", "zapier" },
        { "https://hooks.zapier.com.:443/x", "zapier" },
        { "https://zapier.com", "zapier" },
        { "https://hook.eu1.make.com/abc", "make" },
        { "https://hook.integromat.com/abc", "make" },
        { "https://my.app.n8n.cloud/webhook/1", "n8n" },
        { "https://maker.ifttt.com/trigger/x/with/key/1", "ifttt" },
        { "https://eo1.m.pipedream.net", "pipedream" },
        { "https://hooks.slack.com/services/T/B/x", "slack" },
        { "https://discord.com/api/webhooks/1/x", "discord" },
        { "https://discordapp.com/api/webhooks/1/x", "discord" },
        { "https://prod-1.westus.logic.azure.com:443/workflows/x", "microsoft" },
        { "https://connect.pabbly.com/workflow/x", "pabbly" },
        { "https://webhooks.integrately.com/a/webhooks/x", "integrately" },
        { "https://evilzapier.com/", "custom" },
        { "https://zapier.com.example.com/", "custom" },
        { "https://example.com/zapier.com", "custom" },
        { "https://example.com?x=.zapier.com", "custom" },
        { "https://azure.com/", "custom" },
        { "http://127.0.0.1:8080/hook", "custom" },
        { "https://com/", "custom" },
        { "", "custom" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(provider_of_url(cases[i][0]), cases[i][1]);
}

static void every_provider_is_among_the_names(void **state)
{
    static const char *const urls[] = { "https://zapier.com", "https://pabbly.com", "https://x.example" };

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        const char *const *name = provider_names;

        while (*name && strcmp(*name, provider_of_url(urls[i])) != 0)
            name++;
        assert_non_null(*name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_belong_by_whole_labels),
        cmocka_unit_test(every_provider_is_among_the_names),
    };
    return cmocka_run_group_tests_name("providers", tests, NULL, NULL);
}
