#include "channels/email.h"

#include "cli/cli.h"

enum { WAIT_MS = 1000 };

static const struct cli_option options[] = {
    { "to", "ADDRESS", true, "who gets the mail" },
    { 0 },
};

static void note(void *owner, struct errand *errand)
{
    bool *is_done = owner;
    (void)errand;
    *is_done = true;
}

static void carry(struct errand *errand)
{
    bool is_done = false;
    struct sender sender = { .done = note, .owner = &is_done };
    struct courier *courier = courier_new(1);
    errand->sender = &sender;
    is_done = !courier_send(courier, errand);
    while (!is_done) {
        courier_wait(courier, -1, WAIT_MS);
        courier_perform(courier);
    }
    courier_free(courier);
}

static int test_mail(struct cli *cli)
{
    const char *words, *problem = email_problem();
    if (!cli_check_email(cli, "to"))
        return CLI_REFUSED;
    if (problem)
        return cli_refuse("%s", problem);
    struct email email = {
        .id = id_new(),
        .recipient = cli_value(cli, "to"),
        .subject = "Slotwire can send mails",
        .body = "This is the test that `slotwire mail test` sends. It arrived, so all is well.\n",
        .created_at = clock_real(),
    };
    struct errand errand = { .pool = cli->pool };
    if (!email_order(&errand, &email))
        return cli_refuse("the mail cannot be written");
    carry(&errand);
    enum email_fate fate = email_fate(&errand, &words);
    cli_print(cli, "%s", errand.order.smtp->conversation.data);
    if (fate != EMAIL_SENT)
        return cli_refuse("%s", words);
    cli_print(cli, "The mail server took the mail.\n");
    return CLI_DONE;
}

const struct command mail_test_command = { "mail test", "send a mail at once and show what the server says",
                                           options, false, test_mail };
