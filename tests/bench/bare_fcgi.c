/*
 * bare_fcgi: the bare rival of an authenticated GET of one booking: libfcgi, two prepared look-ups, a printf.
 *
 *     bare_fcgi SOCKET USER STATEMENTS     (FastCGI on descriptor 0; the file holds FIND_KEY and READ)
 */
#include "tests/bench/bare.h"

#include <fcgiapp.h>
#include <openssl/sha.h>

enum { KEY, BOOKING, STATEMENTS };

static void answer(FCGX_Request *request, struct bare_statement *key, struct bare_statement *booking)
{
    const char *sent = FCGX_GetParam("HTTP_X_API_KEY", request->envp);
    const char *uri = FCGX_GetParam("REQUEST_URI", request->envp);
    unsigned char hash[32], id[16];

    SHA256((const unsigned char *)sent, strlen(sent), hash);
    bare_bytes(key, 0, NULL, 0); /* no company-id was sent */
    bare_bytes(key, 1, hash, sizeof hash);
    bare_id(uri, id);
    if (!bare_run(key)) {
        FCGX_FPrintF(request->out, "Status: 401 Unauthorized\r\n\r\n");
        return;
    }
    bare_bytes(booking, 0, key->out_text[1], 16);
    bare_bytes(booking, 1, id, sizeof id);
    if (!bare_run(booking)) {
        FCGX_FPrintF(request->out, "Status: 404 Not Found\r\n\r\n");
        return;
    }
    FCGX_FPrintF(request->out, "Status: 200 OK\r\nContent-Type: application/json\r\n\r\n{\"id\":\"%s\"", uri);
    for (unsigned i = 1; i < booking->columns; i++)
        if (booking->out_length[i] != 16)
            FCGX_FPrintF(request->out, ",\"member%d\":\"%s\"", (int)i, booking->out_text[i]);
    FCGX_FPrintF(request->out, "}");
}

int main(int argc, char **argv)
{
    struct bare_statement statements[STATEMENTS];
    FCGX_Request request;

    if (argc != 4)
        bare_die("usage", "bare_fcgi SOCKET USER STATEMENTS");
    MYSQL *mysql = bare_connect(argv[1], argv[2]);
    bare_prepare_file(statements, STATEMENTS, mysql, argv[3]);
    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        answer(&request, &statements[KEY], &statements[BOOKING]);
        FCGX_Finish_r(&request);
    }
    mysql_close(mysql);
    return 0;
}
