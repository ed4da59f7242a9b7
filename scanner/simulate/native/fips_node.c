/* Shows a container what it would see on a FIPS node, and writes down what it looks at.
 *
 *   fips-node supervise NAME                 in a second container: answers, records on stdout
 *   fips-node stub NAME -- COMMAND           in the container: becomes COMMAND, supervised
 *   fips-node inside NAME EVENTS -- COMMAND  the same, and its own supervisor, recording in EVENTS
 *   fips-node preload LIBRARY EVENTS -- COMMAND
 *                                            becomes COMMAND with LIBRARY loaded before all others
 *
 * The stub installs a seccomp filter that asks a supervisor before path-taking system calls, hands
 * the filter's listener to the supervisor over an abstract socket, and becomes the command, which
 * so keeps its process ID, user and capabilities. The supervisor lets every call go on but those
 * on /proc/sys/crypto/fips_enabled, which it answers as a FIPS node would, and binds of kernel
 * crypto sockets to algorithms that such a node does not have.
 *
 * Each line of the record is one JSON object. No call blocks on the workload, every table is
 * bounded, and a failure of the supervisor makes calls of the workload fail with ENOSYS, never
 * hang.
 */
#include "fips_node.h"

void die(const char *what)
{
    dprintf(2, "fips-node: %s: %s\n", what, strerror(errno));
    _exit(125);
}

socklen_t address_of(const char *name, struct sockaddr_un *address)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t size = sizeof address->sun_path - 1;
    int length = snprintf(address->sun_path + 1, size, "fips-node-%s", name);
    if (length < 0 || (size_t)length >= size)
        length = (int)size - 1;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

int main(int count, char **words)
{
    const char *mode = count > 2 ? words[1] : "";
    if (count == 3 && !strcmp(mode, "supervise"))
        return supervise(listen_at(words[2]), profile_of_engine());
    if (count >= 5 && !strcmp(mode, "stub") && !strcmp(words[3], "--"))
        return become(words[2], words + 4);
    if (count >= 6 && !strcmp(mode, "inside") && !strcmp(words[4], "--"))
        return with_own_supervisor(words[2], words[3], words + 5);
    if (count >= 6 && !strcmp(mode, "preload") && !strcmp(words[4], "--"))
        return preloading(words[2], words[3], words + 5);
    dprintf(2, "usage: fips-node supervise NAME | stub NAME -- COMMAND... | "
               "inside NAME EVENTS -- COMMAND... | preload LIBRARY EVENTS -- COMMAND...\n");
    return 2;
}
