#include "base/poke.h"

#include "base/config.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void poke_dispatcher(struct id company)
{
    static int descriptor = -1;
    char message[sizeof POKE - 1 + sizeof company.bytes];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = config_text(CONFIG_DISPATCHER_SOCKET);
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof address.sun_path)
        return;
    if (descriptor < 0)
        descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return;
    memcpy(address.sun_path, path, length);
    memcpy(message, POKE, sizeof POKE - 1);
    memcpy(message + sizeof POKE - 1, company.bytes, sizeof company.bytes);
    /* Nobody listening, or a full queue: the dispatcher polls all the same, so the answer does not matter. */
    (void)sendto(descriptor, message, sizeof message, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 sizeof address);
}
