/*
 * bare_cgi: the bare rival of one plain CGI request: the same libraries, one connection, one prepared look-up
 * (the key's), a printf.
 *
 *     bare_cgi SOCKET USER STATEMENTS     (the environment of a CGI program; the file holds FIND_KEY)
 */
#include "tests/bench/bare.h"

#include <openssl/sha.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct bare_statement key;
    unsigned char hash[32];
    const char *sent = getenv("HTTP_X_API_KEY");

    if (argc != 4 || !sent)
        bare_die("usage", "bare_cgi SOCKET USER STATEMENTS, with HTTP_X_API_KEY");
    MYSQL *mysql = bare_connect(argv[1], argv[2]);
    bare_prepare_file(&key, 1, mysql, argv[3]);
    SHA256((const unsigned char *)sent, strlen(sent), hash);
    bare_bytes(&key, 0, NULL, 0); /* no company-id was sent */
    bare_bytes(&key, 1, hash, sizeof hash);
    if (bare_run(&key))
        printf("Status: 200 OK\r\nContent-Type: application/json\r\n\r\n{\"uri\":\"%s\",\"member\":\"%s\"}",
               getenv("REQUEST_URI"), key.out_text[2]);
    else
        printf("Status: 401 Unauthorized\r\n\r\n");
    mysql_close(mysql);
    return 0;
}
