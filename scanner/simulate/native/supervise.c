/* Waits for calls of the workload and has them answered. Never waits for the workload itself. */
#include "fips_node.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#define MAX_LISTENERS 64

static struct {
    int fd;
    int is_host;
} listeners[MAX_LISTENERS];
static size_t listening;

/* What the engine's profile does to a container without SYS_ADMIN, such as this one. */
int profile_of_engine(void)
{
    int profile = 0;
    if (syscall(SYS_unshare, 0) != 0)
        profile |= REFUSES_NAMESPACES;
    if (syscall(435 /* clone3 */, NULL, 0) != 0 && errno == ENOSYS)
        profile |= LACKS_CLONE3;
    return profile;
}

int listen_at(const char *name)
{
    struct sockaddr_un address;
    socklen_t length = address_of(name, &address);
    int server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server < 0 || bind(server, (struct sockaddr *)&address, length) != 0 || listen(server, 16) != 0)
        die("cannot listen");
    return server;
}

static int receive(int fd, char *byte)
{
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {.iov_base = byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    int listener = -1;
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) == 1) {
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
            head->cmsg_len == CMSG_LEN(sizeof(int)))
            memcpy(&listener, CMSG_DATA(head), sizeof listener);
    }
    return listener;
}

static void take(int server, int profile)
{
    int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct timeval patience = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char byte = (char)(PROFILE_OPEN + profile);
    send(fd, &byte, 1, MSG_NOSIGNAL);
    int listener = receive(fd, &byte), told = byte - STUB_IS_READY;
    if (listener >= 0 && listening < MAX_LISTENERS) {
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1UL); /* wakes sooner, from Linux 6.6 */
        listeners[listening].fd = listener;
        listeners[listening++].is_host = told & HOST_HAS_FLAG;
        write_line(told & HOST_HAS_FLAG ? "{\"event\":\"host\"}\n" : "{\"event\":\"supervised\"}\n");
        if (told & NO_PRIVILEGES)
            write_line("{\"event\":\"no-privileges\"}\n");
        send(fd, "K", 1, MSG_NOSIGNAL);
    } else if (listener >= 0) {
        close(listener);
    }
    close(fd);
}

int supervise(int server, int profile)
{
    struct seccomp_notif_sizes sizes;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_IGN); /* calls of the workload would fail without it */
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
        die("this kernel does not notify");
    size_t size = sizes.seccomp_notif > sizeof(struct seccomp_notif) ? sizes.seccomp_notif
                                                                     : sizeof(struct seccomp_notif);
    struct seccomp_notif *call = malloc(size);
    if (!call)
        die("no memory");
    write_line("{\"event\":\"listening\"}\n");
    for (;;) {
        struct pollfd polled[MAX_LISTENERS + 1] = {{.fd = server, .events = POLLIN}};
        for (size_t i = 0; i < listening; i++)
            polled[i + 1] = (struct pollfd){.fd = listeners[i].fd, .events = POLLIN};
        size_t count = listening;
        if (poll(polled, count + 1, -1) < 0) {
            if (errno == EINTR)
                continue;
            die("poll");
        }
        for (size_t i = count; i-- > 0;) {
            short ready = polled[i + 1].revents;
            if (ready & POLLIN) {
                memset(call, 0, size);
                if (ioctl(listeners[i].fd, SECCOMP_IOCTL_NOTIF_RECV, call) == 0)
                    answer_call(listeners[i].fd, listeners[i].is_host, call);
            } else if (ready) { /* nobody is left whom this filter holds */
                close(listeners[i].fd);
                listeners[i] = listeners[--listening];
            }
        }
        if (polled[0].revents & POLLIN)
            take(server, profile);
    }
}
