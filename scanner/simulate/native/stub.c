/* Becomes the container's own command behind a filter, with nothing left of what that took. */
#include "fips_node.h"
#include <linux/capability.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>

#define CAP_TO_MASK64(capability) (1ULL << (capability))
#define OWN (CAP_TO_MASK64(CAP_SYS_ADMIN) | CAP_TO_MASK64(CAP_SYS_PTRACE))
#define NEW_NAMESPACES 0x7E020000

/* Engines open these to containers that have SYS_ADMIN, in their own seccomp profile. The workload
 * does not have it without us. */
static const int namespace_calls[] = {
    SYS_bpf, SYS_fanotify_init, SYS_lookup_dcookie, SYS_mount, SYS_name_to_handle_at,
    SYS_perf_event_open, SYS_quotactl, SYS_setdomainname, SYS_sethostname, SYS_setns, SYS_syslog,
    SYS_umount2, SYS_unshare, 428 /* open_tree */, 429 /* move_mount */, 430 /* fsopen */,
    431 /* fsconfig */, 432 /* fsmount */, 433 /* fspick */, 442 /* mount_setattr */,
    443 /* quotactl_fd */,
};
/* The same of SYS_PTRACE, which a supervisor inside needs. */
static const int tracing_calls[] = {
    SYS_kcmp, SYS_process_vm_readv, SYS_process_vm_writev, 438 /* pidfd_getfd */,
    440 /* process_madvise */,
};

struct program {
    struct sock_filter code[256];
    size_t length;
};

static void add(struct program *to, unsigned short code, unsigned char yes, unsigned char no, uint32_t value)
{
    to->code[to->length++] = (struct sock_filter){code, yes, no, value};
}

static void load(struct program *to, size_t offset)
{
    add(to, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void result(struct program *to, uint32_t value)
{
    add(to, BPF_RET | BPF_K, 0, 0, value);
}

static void on_number(struct program *to, int number, uint32_t value)
{
    add(to, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)number);
    result(to, value);
}

static void ask_about(struct program *to, const struct call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        on_number(to, calls[i].number, SECCOMP_RET_USER_NOTIF);
}

static void refuse(struct program *to, int profile, int inside)
{
    uint32_t forbidden = SECCOMP_RET_ERRNO | EPERM;
    if (profile & LACKS_CLONE3)
        on_number(to, 435 /* clone3 */, SECCOMP_RET_ERRNO | ENOSYS);
    if (!(profile & REFUSES_NAMESPACES))
        return;
    for (size_t i = 0; i < sizeof namespace_calls / sizeof *namespace_calls; i++)
        on_number(to, namespace_calls[i], forbidden);
    for (size_t i = 0; inside && i < sizeof tracing_calls / sizeof *tracing_calls; i++)
        on_number(to, tracing_calls[i], forbidden);
    add(to, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_clone);
    load(to, offsetof(struct seccomp_data, args[0]));
    add(to, BPF_JMP | BPF_JSET | BPF_K, 0, 1, NEW_NAMESPACES);
    result(to, forbidden);
}

/* Installs the filter; says in `weak` whether the kernel demanded no_new_privs for it. */
static int install(int profile, int inside, int *weak)
{
    struct program program = {.length = 0};
    load(&program, offsetof(struct seccomp_data, arch));
    size_t check = program.length;
    add(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, ARCH);
    /* Programs for 32 bits: the engine's profile has no way to open more to them than here. */
#if defined(__x86_64__)
    add(&program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_I386);
    result(&program, SECCOMP_RET_ALLOW);
    load(&program, offsetof(struct seccomp_data, nr));
    ask_about(&program, compat_calls, compat_count);
#endif
    result(&program, SECCOMP_RET_ALLOW);
    program.code[check].jt = (unsigned char)(program.length - check - 1);
    load(&program, offsetof(struct seccomp_data, nr));
    ask_about(&program, native_calls, native_count);
    refuse(&program, profile, inside);
    result(&program, SECCOMP_RET_ALLOW);

    struct sock_fprog filter = {.len = (unsigned short)program.length, .filter = program.code};
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    for (*weak = 0; *weak < 2; (*weak)++) {
        /* With SYS_ADMIN no_new_privs is not needed, and set-uid programs stay what they are. */
        if (*weak && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
            return -1;
        int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                              flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &filter);
        if (fd < 0 && errno == EINVAL)
            fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
        if (fd >= 0 || errno != EACCES)
            return fd;
    }
    return -1;
}

/* Gives back the capabilities that came with this program, or with the container for its sake.
 * Without ours, a program that root starts has all of the bounding set, and any other has none:
 * engines hand them to root only. */
static void give_back(uint64_t keep)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int each = 0; each < 64; each++)
        if (OWN & CAP_TO_MASK64(each))
            prctl(PR_CAPBSET_DROP, each, 0, 0, 0); /* refused where it never was in the set */
    if (syscall(SYS_capget, &head, data) != 0)
        die("cannot read its capabilities");
    for (int half = 0; half < 2; half++) {
        uint32_t own = (uint32_t)(OWN >> (32 * half)), kept = (uint32_t)(keep >> (32 * half));
        uint32_t native = geteuid() == 0 ? data[half].permitted & ~own : 0;
        data[half].permitted = native | (data[half].permitted & kept);
        data[half].effective = data[half].permitted;
        data[half].inheritable &= ~own;
    }
    if (syscall(SYS_capset, &head, data) != 0)
        die("cannot give back its capabilities");
}

static int reach(const char *name)
{
    struct sockaddr_un address;
    socklen_t length = address_of(name, &address);
    for (int waited = 0; waited < PATIENCE_MS; waited += 5) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return -1;
        if (connect(fd, (struct sockaddr *)&address, length) == 0)
            return fd;
        close(fd);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    errno = ETIMEDOUT;
    return -1;
}

static int hand_over(int fd, int listener, char byte)
{
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &listener, sizeof listener);
    if (sendmsg(fd, &message, MSG_NOSIGNAL) != 1)
        return -1;
    return recv(fd, &byte, 1, 0) == 1 ? 0 : -1;
}

static int flag_is_set(void)
{
    char value[2] = "";
    int fd = open(FLAG, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, value, sizeof value);
    close(fd);
    return n == 2 && value[0] == '1';
}

static int run(char **command)
{
    execvp(command[0], command);
    int error = errno;
    dprintf(2, "fips-node: %s: %s\n", command[0], strerror(error));
    return error == ENOENT ? 127 : 126;
}

static int become_behind(const char *name, char **command, int inside)
{
    int is_host = flag_is_set(), weak = 0;
    char profile = PROFILE_OPEN;
    int fd = reach(name);
    if (fd < 0 || recv(fd, &profile, 1, 0) != 1)
        die("no supervisor");
    int widened = prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 1;
    int listener = install(widened ? profile - PROFILE_OPEN : 0, inside, &weak);
    if (listener < 0)
        die("cannot install the filter");
    give_back(0);
    if (hand_over(fd, listener, (char)(STUB_IS_READY + is_host * HOST_HAS_FLAG + weak * NO_PRIVILEGES)) != 0)
        die("the supervisor did not take the filter");
    close(listener);
    close(fd);
    /* Whoever reads the events finds this reading there: the proof that it works here. */
    if (!flag_is_set())
        die("the flag does not read 1");
    return run(command);
}

int become(const char *name, char **command)
{
    return become_behind(name, command, 0);
}

/* The supervisor is a child that nobody waits for: without an exit signal, only a wait that asks
 * for such children finds it. It ends with the first process, as all of the container do. */
int with_own_supervisor(const char *name, const char *events, char **command)
{
    int server = listen_at(name);
    int out = open(events, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (out < 0)
        die(events);
    long child = syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (child < 0)
        die("cannot start a supervisor");
    if (child == 0) {
        int profile = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2 ? REFUSES_NAMESPACES | LACKS_CLONE3 : 0;
        int nothing = open("/dev/null", O_RDONLY);
        setsid();
        give_back(CAP_TO_MASK64(CAP_SYS_PTRACE));
        if (chdir("/") != 0 || dup2(out, 1) != 1 || dup2(out, 2) != 2 || dup2(nothing, 0) < 0)
            _exit(125);
        for (int signal_ = 1; signal_ < SIGRTMIN; signal_++)
            if (signal_ != SIGSEGV && signal_ != SIGBUS && signal_ != SIGFPE && signal_ != SIGILL)
                signal(signal_, SIG_IGN); /* `kill -- -1` of the workload is not meant for it */
        _exit(supervise(server, profile));
    }
    close(server);
    close(out);
    return become_behind(name, command, 1);
}

/* Where the kernel does not notify: a library in every dynamic program. */
int preloading(const char *library, const char *events, char **command)
{
    if (flag_is_set()) {
        int out = open(events, O_WRONLY | O_APPEND | O_CLOEXEC);
        dprintf(out, "{\"event\":\"host\"}\n");
        close(out);
        return run(command);
    }
    const char *before = getenv("LD_PRELOAD");
    char *value = NULL;
    if (asprintf(&value, "%s%s%s", before ? before : "", before && *before ? ":" : "", library) < 0 ||
        setenv("LD_PRELOAD", value, 1) != 0)
        die("cannot set LD_PRELOAD");
    return run(command);
}
