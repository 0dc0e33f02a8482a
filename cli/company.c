#include "rules/people/companies.h"

#include "base/money.h"
#include "base/text.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "rules/people/audit.h"

static const struct cli_option options[] = { { "name", "NAME", true, "as customers know it" },
                                             { "time-zone", "ZONE", true, "IANA name, as Europe/Berlin" },
                                             { "currency", "CODE", true, "ISO 4217, as EUR" },
                                             { "slug", "SLUG", false,
                                               "stands in addresses; made from the name when not given" },
                                             { "email", "EMAIL", false, "where customers write to" },
                                             { 0 } };

static bool check(const struct cli *cli)
{
    const char *zone = cli_value(cli, "time-zone");
    const char *currency = cli_value(cli, "currency");
    const char *slug = cli_value(cli, "slug");
    if (!cli_check_text(cli, "name", 200) || !cli_check_email(cli, "email"))
        return false;
    if (!zone_find(zone)) {
        cli_refuse("--time-zone must be an IANA name that this machine knows, not %s", zone);
        return false;
    }
    if (money_exponent(currency) < 0) {
        cli_refuse("--currency must be a code of ISO 4217, not %s", currency);
        return false;
    }
    if (slug && !text_is_slug(slug, strlen(slug))) {
        cli_refuse("--slug must be 1 to 64 of a-z, 0-9 and inner hyphens");
        return false;
    }
    return true;
}

static int create(struct cli *cli)
{
    char id[ID_TEXT_SIZE];
    const struct row *company = NULL;
    struct company_order order = { .name = cli_value(cli, "name"),
                                   .slug = cli_value(cli, "slug"),
                                   .email = cli_value(cli, "email"),
                                   .time_zone = cli_value(cli, "time-zone"),
                                   .currency = cli_value(cli, "currency"),
                                   .now = cli->now };
    if (!check(cli))
        return CLI_REFUSED;
    if (company_create(cli->db, cli->pool, &order, &company) == COMPANY_SLUG_TAKEN)
        return cli_refuse("the slug %s belongs to another company", order.slug);
    id_format(id, "cli", row_id(company, "id"));
    audit(cli->db, row_id(company, "id"), (struct id){ { 0 } }, (struct id){ { 0 } }, "company.created", id,
          NULL, NULL, cli->now);
    cli_print(cli, "%s\n", id);
    cli->poke = true;
    return CLI_DONE;
}

const struct command company_create_command = { "company create", "make a company; prints its id", options,
                                                true, create };
