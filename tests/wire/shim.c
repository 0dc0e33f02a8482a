/* Preloaded into the dispatcher: a network of which tests decide what is wrong with it. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

enum { SLOW_S = 30 };

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && strcmp(name, "slow.example.com") == 0) {
        sleep(SLOW_S);
        return EAI_AGAIN;
    }
    if (name && strcmp(name, "gone.example.com") == 0)
        return EAI_NONAME;
    return real(name, port, hints, found);
}

/* Nothing leaves the machine: no network leads anywhere but to loopback. */
static int is_local(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family != AF_INET6;
}

int connect(int socket, const struct sockaddr *address, socklen_t length)
{
    int (*real)(int, const struct sockaddr *, socklen_t);
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
    if (!is_local(address)) {
        errno = ENETUNREACH;
        return -1;
    }
    return real(socket, address, length);
}
