#include "channels/email.h"

#include "cli/cli.h"

static const struct cli_option options[] = {
    { "to", "ADDRESS", true, "who gets the mail" },
    { 0 },
};

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
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct email_transfer *transfer = email_start(cli->pool, &email);
    CURLcode code = curl_easy_perform(email_handle(transfer));
    enum email_fate fate = email_finish(transfer, code, &words);
    cli_print(cli, "%s", email_conversation(transfer));
    email_free(transfer);
    curl_global_cleanup();
    if (fate != EMAIL_SENT)
        return cli_refuse("%s", words);
    cli_print(cli, "The mail server took the mail.\n");
    return CLI_DONE;
}

const struct command mail_test_command = { "mail test", "send a mail at once and show what the server says",
                                           options, false, test_mail };
