#include "dispatcher/options.h"

#include "base/clock.h"
#include "base/config.h"

#include <errno.h>
#include <getopt.h>

enum { EXIT_USAGE = 64, WINDOW_LONGEST_S = 86400, NAME_LONGEST = 64 };

static int usage(const char *problem)
{
    fprintf(stderr,
            "slotwire-dispatcher: %s\n"
            "usage: slotwire-dispatcher [--config FILE] [--once] [--window SECONDS] [--name NAME] "
            "[--now RFC3339]\n",
            problem);
    return EXIT_USAGE;
}

static bool parse_window(int64_t *seconds, const char *text)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    *seconds = number;
    return errno == 0 && end != text && *end == '\0' && number >= 1 && number <= WINDOW_LONGEST_S;
}

bool options_name_is_good(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(name);
    return length > 0 && length <= NAME_LONGEST && strspn(name, letters) == length;
}

int options_parse(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        { "config", required_argument, NULL, 'c' }, { "once", no_argument, NULL, 'o' },
        { "window", required_argument, NULL, 'w' }, { "name", required_argument, NULL, 'm' },
        { "now", required_argument, NULL, 'n' },    { 0 }
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'c':
            options->config = optarg;
            break;
        case 'o':
            options->once = true;
            break;
        case 'w':
            if (!parse_window(&options->window, optarg))
                return usage("--window must be 1 to 86400 seconds");
            break;
        case 'm':
            if (!options_name_is_good(optarg))
                return usage("--name must be 1 to 64 letters, digits, dots, dashes and underscores");
            options->name = optarg;
            break;
        case 'n':
            options->now = optarg;
            break;
        default:
            return usage("unknown option");
        }
    }
    return optind < argc ? usage("takes no arguments beside its options") : 0;
}

int options_set_clock(const struct options *options)
{
    instant time;
    if (!options->now)
        return 0;
    if (config_text(CONFIG_TEST_CLOCK)[0] == '\0')
        return usage("--now is only for tests: the setting test_clock is empty");
    if (!clock_parse(&time, options->now, strlen(options->now)))
        return usage("--now must be an RFC 3339 time");
    clock_set(time);
    return 0;
}
