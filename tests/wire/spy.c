/*
 * Preloaded into the dispatcher: notes every address that it connects to, lets none but loopback be reached,
 * and answers look-ups from a list. SPY_NAMES holds lines `name address,address`; a name that stands there
 * several times gives one line after the other, and then the last again. SPY_LOG takes one address a line.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MOST = 64, LINE_MOST = 300 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char lines[NAMES_MOST][LINE_MOST];
static int line_count = -1, used[NAMES_MOST];

static void load(void)
{
    FILE *file = fopen(getenv("SPY_NAMES"), "r");
    for (line_count = 0; file && line_count < NAMES_MOST && fgets(lines[line_count], LINE_MOST, file);
         line_count++)
        lines[line_count][strcspn(lines[line_count], "\n")] = '\0';
    if (file)
        fclose(file);
}

/* The next answer for a name, or NULL. */
static const char *answer(const char *name)
{
    const char *found = NULL;
    size_t length = strlen(name);
    pthread_mutex_lock(&lock);
    if (line_count < 0)
        load();
    for (int i = 0; i < line_count; i++) {
        if (strncmp(lines[i], name, length) != 0 || lines[i][length] != ' ')
            continue;
        found = lines[i] + length + 1;
        if (!used[i]++)
            break;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
    look_up *real;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    const char *addresses = name ? answer(name) : NULL;
    if (!addresses)
        return real(name, port, hints, found);
    struct addrinfo numeric = hints ? *hints : (struct addrinfo){ .ai_socktype = SOCK_STREAM };
    struct addrinfo **end = found;
    char text[LINE_MOST], *rest = text, *address;
    snprintf(text, sizeof text, "%s", addresses);
    numeric.ai_flags = AI_NUMERICHOST;
    numeric.ai_family = AF_UNSPEC;
    while ((address = strsep(&rest, ","))) {
        int status = real(address, port, &numeric, end);
        if (status != 0)
            return status;
        while (*end)
            end = &(*end)->ai_next;
    }
    return 0;
}

int connect(int socket, const struct sockaddr *address, socklen_t length)
{
    int (*real)(int, const struct sockaddr *, socklen_t);
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
    char text[INET6_ADDRSTRLEN + 1] = "";
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof text);
    else
        return real(socket, address, length);
    int log = open(getenv("SPY_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    strcat(text, "\n");
    if (log < 0 || write(log, text, strlen(text)) < 0)
        abort();
    close(log);
    if (strncmp(text, "127.", 4) == 0 || strcmp(text, "::1\n") == 0)
        return real(socket, address, length);
    errno = ENETUNREACH;
    return -1;
}
