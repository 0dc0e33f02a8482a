/*
 * The installation as a client reaches it: through the web server at public_url. Some hosts (Apache with
 * FastCGI) keep headers from the program; a key that cannot work tells which of them arrive.
 */
#include "base/config.h"
#include "base/crypto.h"
#include "cli/doctor.h"

#include <curl/curl.h>
#include <strings.h>

enum { SECONDS = 5 };

struct answer {
    long status;   /* 0: none */
    char seen[32]; /* what X-Slotwire-Key-Header said */
    char problem[CURL_ERROR_SIZE];
};

static size_t drop_body(char *data, size_t size, size_t count, void *private)
{
    (void)data;
    (void)private;
    return size * count;
}

static size_t read_header(char *data, size_t size, size_t count, void *private)
{
    static const char NAME[] = "x-slotwire-key-header:";
    struct answer *answer = private;
    size_t length = size * count, from = sizeof NAME - 1;
    if (length > from && strncasecmp(data, NAME, from) == 0) {
        while (from < length && data[from] == ' ')
            from++;
        while (length > from && (data[length - 1] == '\r' || data[length - 1] == '\n'))
            length--;
        snprintf(answer->seen, sizeof answer->seen, "%.*s", (int)(length - from), data + from);
    }
    return size * count;
}

static struct answer ask(struct cli *cli, const char *path, const char *header)
{
    struct answer answer = { 0 };
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = header ? curl_slist_append(NULL, header) : NULL;
    if (!curl)
        return answer;
    curl_easy_setopt(curl, CURLOPT_URL, pool_printf(cli->pool, "%s%s", config_text(CONFIG_PUBLIC_URL), path));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "slotwire-doctor");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, read_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer.problem);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return answer;
}

static bool check_reachable(struct doctor *doctor)
{
    const char *url = config_text(CONFIG_PUBLIC_URL);
    struct answer answer = ask(doctor->cli, "/healthz", NULL);
    if (answer.status == 200) {
        doctor_ok(doctor, "public_url %s answers", url);
        return true;
    }
    if (answer.status == 0) {
        doctor_fail(doctor, "start the web server, or set public_url", "public_url %s is not reachable: %s",
                    url, *answer.problem ? answer.problem : "no answer");
    } else {
        doctor_fail(doctor, "start the workers; the web server must hand /healthz to them",
                    "public_url %s/healthz answers %ld", url, answer.status);
    }
    return false;
}

static void check_header(struct doctor *doctor, const char *name, const char *scheme, const char *advice)
{
    char *key = crypto_api_key(doctor->cli->pool); /* well-formed and unknown */
    const char *header = pool_printf(doctor->cli->pool, "%s: %s%s", name, scheme, key);
    struct answer answer = ask(doctor->cli, "/api/v1/company", header);
    if (answer.status == 401 && strcasecmp(answer.seen, name) == 0) {
        doctor_ok(doctor, "header %s reaches the program", name);
    } else if (answer.status == 401) {
        doctor_fail(doctor, advice, "header %s does not reach the program", name);
    } else {
        doctor_fail(doctor, "look into the workers' log", "%s with an unknown key answers %ld, not 401",
                    "/api/v1/company", answer.status);
    }
}

void doctor_check_web(struct doctor *doctor)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (check_reachable(doctor)) {
        check_header(doctor, "Authorization", "Bearer ",
                     "Apache: `CGIPassAuth On`, or let clients send X-API-Key");
        check_header(doctor, "API-KEY", "", "let the web server pass API-KEY, or let clients send X-API-Key");
        check_header(doctor, "X-API-Key", "", "let the web server pass X-API-Key");
    }
    curl_global_cleanup();
}
