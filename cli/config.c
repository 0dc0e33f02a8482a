#include "base/config.h"

#include "cli/cli.h"

static int show(struct cli *cli)
{
    (void)cli;
    config_print(stdout);
    return CLI_DONE;
}

const struct command config_command = { "config", "print every setting, as a file to start from", NULL, false,
                                        show };
