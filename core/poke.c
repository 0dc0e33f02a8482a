#include "core/poke.h"

#include "core/config.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void poke_dispatcher(void)
{
    static int descriptor = -1;
    static const char message[] = "poke";
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
    /* Nobody listening, or a full queue: the dispatcher polls all the same, so the answer does not matter. */
    (void)sendto(descriptor, message, sizeof message - 1, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 sizeof address);
}
