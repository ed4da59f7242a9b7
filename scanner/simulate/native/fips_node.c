/* Shows a container what it would see on a FIPS node, and writes down what it looks at.
 *
 *   fips-node supervise NAME        in a second container: answers, and records on stdout
 *   fips-node stub NAME -- COMMAND  in the container: becomes COMMAND, supervised
 *
 * The stub installs a seccomp filter that asks a supervisor before path-taking system calls, hands
 * the filter's listener to the supervisor over an abstract socket, and becomes the command, which
 * so keeps its process ID, user and capabilities. The supervisor lets every call go on but those
 * on /proc/sys/crypto/fips_enabled, which it answers as a FIPS node would, and binds of kernel
 * crypto sockets to algorithms that such a node does not have.
 *
 * Each line on stdout is one JSON object. No call blocks on the workload, every table is bounded,
 * and a failure of the supervisor makes calls of the workload fail with ENOSYS, never hang.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define STAT_SIZE 144
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define STAT_SIZE 128
#else
#error "x86_64 and aarch64 only"
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef AF_ALG
#define AF_ALG 38
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

#define FLAG "/proc/sys/crypto/fips_enabled"
#define LIKE_FLAG "/proc/sys/kernel/ostype" /* a file of the same kind, to copy attributes from */
#define PATIENCE_MS 20000
#define MAX_LISTENERS 64
#define MAX_EVENTS 4096
#define MAX_ARGUMENTS 12
#define TEXT 512

static const int calls[] = {
#ifdef SYS_open
    SYS_open, SYS_stat, SYS_lstat, SYS_access,
#endif
    SYS_openat, SYS_openat2, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_faccessat2,
    SYS_getxattr, SYS_lgetxattr, SYS_execve, SYS_execveat, SYS_bind,
};
#define CALLS (sizeof calls / sizeof *calls)

static void die(const char *what)
{
    dprintf(2, "fips-node: %s: %s\n", what, strerror(errno));
    _exit(125);
}

static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int length = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "fips-node-%s", name);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

/* --- stub ------------------------------------------------------------------------------------ */

static int install(void)
{
    struct sock_filter code[CALLS + 8];
    size_t n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < CALLS; i++)
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i],
                                                 (unsigned char)(CALLS - i), 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    for (int privileged = 1; privileged >= 0; privileged--) {
        /* With SYS_ADMIN no_new_privs is not needed, and set-uid programs stay what they are. */
        if (!privileged && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
            return -1;
        int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                              flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
        if (fd < 0 && errno == EINVAL)
            fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
        if (fd >= 0 || errno != EACCES)
            return fd;
    }
    return -1;
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

static int hand_over(int fd, int listener)
{
    char byte = 'L', control[CMSG_SPACE(sizeof(int))] = {0};
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

static int stub(const char *name, char **command)
{
    int fd = reach(name);
    if (fd < 0)
        die("no supervisor");
    int listener = install();
    if (listener < 0)
        die("cannot install the filter");
    if (hand_over(fd, listener) != 0)
        die("the supervisor did not take the filter");
    close(listener);
    close(fd);
    /* Whoever reads the events finds this reading there: the proof that it works here. */
    char value[2] = "";
    fd = open(FLAG, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, value, sizeof value) != 2 || value[0] != '1')
        die("the flag does not read 1");
    close(fd);
    execvp(command[0], command);
    dprintf(2, "fips-node: %s: %s\n", command[0], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}

/* --- what is written down --------------------------------------------------------------------- */

static void put_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c > 0x7e)
            fprintf(out, "\\u%04x", *c); /* each byte as a character: paths have no encoding */
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static uint64_t seen[MAX_EVENTS * 2];
static unsigned events, lost;

/* Whether this is the first time; the same program doing the same again says nothing new. */
static int is_new(const char *kind, const char *program, const char *detail, int found)
{
    uint64_t hash = 1469598103934665603u + (uint64_t)found;
    const char *parts[] = {kind, program, detail};
    for (int i = 0; i < 3; i++)
        for (const char *c = parts[i];; c++) {
            hash = (hash ^ (unsigned char)*c) * 1099511628211u;
            if (!*c)
                break;
        }
    hash |= 1;
    size_t at = hash % (MAX_EVENTS * 2);
    while (seen[at] && seen[at] != hash)
        at = (at + 1) % (MAX_EVENTS * 2);
    if (seen[at] == hash)
        return 0;
    if (events >= MAX_EVENTS) {
        if (lost++ == 0)
            printf("{\"event\":\"lost\"}\n");
        return 0;
    }
    seen[at] = hash;
    events++;
    return 1;
}

static void program_of(pid_t pid, char *out)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/exe", pid);
    ssize_t n = readlink(link, out, TEXT - 1);
    out[n > 0 ? n : 0] = 0;
}

static unsigned user_of(pid_t pid)
{
    char file[64], line[128];
    unsigned user = UINT_MAX;
    snprintf(file, sizeof file, "/proc/%d/status", pid);
    FILE *in = fopen(file, "re");
    if (!in)
        return user;
    while (fgets(line, sizeof line, in))
        if (sscanf(line, "Uid: %*u %u", &user) == 1)
            break;
    fclose(in);
    return user;
}

static void record(const char *kind, pid_t pid, const char *path, int found, const char *more)
{
    char program[TEXT], detail[2 * TEXT + PATH_MAX];
    program_of(pid, program);
    snprintf(detail, sizeof detail, "%s%s", path, more ? more : "");
    if (!is_new(kind, program, detail, found))
        return;
    printf("{\"event\":\"%s\",\"program\":", kind);
    put_text(stdout, program);
    printf(",\"pid\":%d,\"uid\":%u,\"path\":", pid, user_of(pid));
    put_text(stdout, path);
    printf(",\"found\":%s%s}\n", found ? "true" : "false", more ? more : "");
}

/* --- reading the workload ----------------------------------------------------------------------- */

static ssize_t copy_in(pid_t pid, uint64_t from, void *to, size_t size)
{
    struct iovec here = {.iov_base = to, .iov_len = size};
    struct iovec there = {.iov_base = (void *)(uintptr_t)from, .iov_len = size};
    return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

static int copy_out(pid_t pid, uint64_t to, const void *from, size_t size)
{
    struct iovec here = {.iov_base = (void *)(uintptr_t)from, .iov_len = size};
    struct iovec there = {.iov_base = (void *)(uintptr_t)to, .iov_len = size};
    return process_vm_writev(pid, &here, 1, &there, 1, 0) == (ssize_t)size ? 0 : -1;
}

/* A string of the workload; -1 where it cannot be read. Reads to page ends: what follows may not
 * be there. */
static int text_of(pid_t pid, uint64_t from, char *to, size_t size)
{
    size_t have = 0;
    while (have < size) {
        size_t step = 4096 - (from + have) % 4096;
        if (step > size - have)
            step = size - have;
        ssize_t n = copy_in(pid, from + have, to + have, step);
        if (n <= 0)
            return -1;
        if (memchr(to + have, 0, (size_t)n))
            return 0;
        have += (size_t)n;
    }
    to[size - 1] = 0;
    return 0;
}

/* `path` as seen from the root of the workload, without "." and ".."; links are not followed. */
static void absolute(pid_t pid, int folder, const char *path, char *out)
{
    char whole[2 * PATH_MAX] = "", link[64];
    if (path[0] != '/') {
        if (folder == AT_FDCWD)
            snprintf(link, sizeof link, "/proc/%d/cwd", pid);
        else
            snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, folder);
        ssize_t n = readlink(link, whole, PATH_MAX - 1);
        whole[n > 0 ? n : 0] = 0;
        strcat(whole, "/");
    }
    strncat(whole, path, PATH_MAX - 1);
    size_t length = 0;
    for (char *part = strtok(whole, "/"); part; part = strtok(NULL, "/")) {
        if (!strcmp(part, "."))
            continue;
        if (!strcmp(part, "..")) {
            while (length && out[--length] != '/')
                ;
            continue;
        }
        size_t n = strlen(part);
        if (length + n + 2 > PATH_MAX)
            break;
        out[length++] = '/';
        memcpy(out + length, part, n);
        length += n;
    }
    out[length] = 0;
}

static int exists(pid_t pid, const char *path)
{
    char whole[PATH_MAX + 64];
    struct stat info;
    snprintf(whole, sizeof whole, "/proc/%d/root%s", pid, path);
    /* A link's target would be looked up from the supervisor's root: the link itself counts. */
    return lstat(whole, &info) == 0;
}

static int is_crypto(const char *path)
{
    static const char *const parts[] = {
        "libcrypto", "libssl", "fips", "openssl.cnf", "java.security", "bcprov", "bc-noncert",
        "libgcrypt", "libgnutls", "libnettle", "softokn", "freebl", "libnss3", "libsodium",
        "libmbed", "libwolfssl", "ca-bundle", "ca-certificates.crt", "cacerts", "/ossl-modules/",
        "/engines-", "libaws", "libbotan",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(path, parts[i]))
            return 1;
    return 0;
}

/* --- answering ------------------------------------------------------------------------------- */

static int listeners[MAX_LISTENERS];
static size_t listening;

static void answer(int fd, uint64_t id, int64_t value, int error)
{
    struct seccomp_notif_resp reply = {.id = id, .val = value, .error = error};
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

static void go_on(int fd, uint64_t id)
{
    struct seccomp_notif_resp reply = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

static int is_alive(int fd, uint64_t id)
{
    return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* Opens the flag in the workload. Each opening gets a file of its own, and so its own offset. */
static void open_flag(int fd, uint64_t id, uint64_t flags)
{
    if ((flags & O_ACCMODE) != O_RDONLY) {
        answer(fd, id, 0, -EROFS); /* as /proc/sys in a container says */
        return;
    }
    if (flags & O_DIRECTORY) {
        answer(fd, id, 0, -ENOTDIR);
        return;
    }
    int memory = memfd_create("fips_enabled", MFD_CLOEXEC);
    if (memory < 0 || write(memory, "1\n", 2) != 2) {
        if (memory >= 0)
            close(memory);
        answer(fd, id, 0, -ENFILE);
        return;
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    int copy = open(path, O_RDONLY | O_CLOEXEC);
    close(memory);
    if (copy < 0) {
        answer(fd, id, 0, -ENFILE);
        return;
    }
    struct seccomp_notif_addfd add = {.id = id, .srcfd = (unsigned)copy,
                                      .flags = SECCOMP_ADDFD_FLAG_SEND,
                                      .newfd_flags = flags & O_CLOEXEC};
    if (ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno == EINVAL) {
        add.flags = 0; /* before Linux 5.14 */
        int given = ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
        answer(fd, id, given, given < 0 ? -errno : 0);
    }
    close(copy);
}

static void stat_flag(int fd, const struct seccomp_notif *call, uint64_t to)
{
    char info[STAT_SIZE];
    if (syscall(SYS_newfstatat, AT_FDCWD, LIKE_FLAG, info, 0) != 0 ||
        copy_out((pid_t)call->pid, to, info, sizeof info) != 0)
        answer(fd, call->id, 0, -EFAULT);
    else
        answer(fd, call->id, 0, 0);
}

static void statx_flag(int fd, const struct seccomp_notif *call)
{
    char info[256];
    if (syscall(SYS_statx, AT_FDCWD, LIKE_FLAG, 0, (unsigned)call->data.args[3], info) != 0 ||
        copy_out((pid_t)call->pid, call->data.args[4], info, sizeof info) != 0)
        answer(fd, call->id, 0, -EFAULT);
    else
        answer(fd, call->id, 0, 0);
}

/* Kernel crypto by name. A FIPS kernel has no algorithm that its self-tests do not allow. */
static int is_refused(const char *name)
{
    static const char *const parts[] = {
        "md4", "md5", "arc4", "des)", "blowfish", "cast", "serpent", "twofish", "camellia",
        "chacha", "poly1305", "rmd", "wp512", "seed", "anubis", "tea", "khazad", "blake2", "streebog",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(name, parts[i]))
            return 1;
    return !strcmp(name, "des");
}

static int bind_refused(const struct seccomp_notif *call)
{
    struct {
        uint16_t family;
        char type[14];
        uint32_t feature, mask;
        char name[64];
    } address = {0};
    size_t size = call->data.args[2] < sizeof address ? call->data.args[2] : sizeof address;
    pid_t pid = (pid_t)call->pid;
    if (size < 24 || copy_in(pid, call->data.args[1], &address, size) < 24 || address.family != AF_ALG)
        return 0;
    address.type[13] = address.name[63] = 0;
    int refused = is_refused(address.name);
    record("kernel-crypto", pid, address.name, !refused, NULL);
    return refused;
}

static void record_exec(const struct seccomp_notif *call, uint64_t list, const char *path)
{
    pid_t pid = (pid_t)call->pid;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return;
    fputs(",\"argv\":[", out);
    for (int i = 0; i < MAX_ARGUMENTS; i++) {
        uint64_t at = 0;
        char argument[TEXT / 2];
        if (copy_in(pid, list + 8 * (uint64_t)i, &at, 8) != 8 || !at ||
            text_of(pid, at, argument, sizeof argument) != 0)
            break;
        if (i)
            fputc(',', out);
        put_text(out, argument);
    }
    fputc(']', out);
    fclose(out);
    if (exists(pid, path)) /* a search of PATH tries many that are not there */
        record("exec", pid, path, 1, text);
    free(text);
}

static void serve(int fd, const struct seccomp_notif *call)
{
    const uint64_t *args = (const uint64_t *)call->data.args;
    pid_t pid = (pid_t)call->pid;
    int number = call->data.nr, folder = AT_FDCWD;
    uint64_t path_at = args[0];
    if (number == SYS_bind) {
        if (bind_refused(call))
            answer(fd, call->id, 0, -ENOENT);
        else
            go_on(fd, call->id);
        return;
    }
    switch (number) {
    case SYS_openat: case SYS_openat2: case SYS_newfstatat: case SYS_statx: case SYS_faccessat:
    case SYS_faccessat2: case SYS_execveat:
        folder = (int)args[0];
        path_at = args[1];
    }
    char raw[PATH_MAX], path[PATH_MAX];
    if (text_of(pid, path_at, raw, sizeof raw) != 0) {
        static int told;
        if (is_alive(fd, call->id) && !told++)
            printf("{\"event\":\"unreadable\",\"pid\":%d}\n", pid);
        go_on(fd, call->id);
        return;
    }
    int is_exec = number == SYS_execve || number == SYS_execveat;
    int may_be_flag = strstr(raw, "fips_enabled") != NULL;
    if (!is_exec && !may_be_flag && !is_crypto(raw)) {
        go_on(fd, call->id);
        return;
    }
    absolute(pid, folder, raw, path);
    if (!is_alive(fd, call->id))
        return; /* it ended: what was read may be another process */
    if (is_exec) {
        record_exec(call, args[number == SYS_execve ? 1 : 2], path);
        go_on(fd, call->id);
        return;
    }
    int is_flag = may_be_flag && !strcmp(path, FLAG);
    uint64_t flags = 0;
    switch (number) {
#ifdef SYS_open
    case SYS_open:
        flags = args[1];
        break;
    case SYS_stat: case SYS_lstat:
        if (is_flag)
            stat_flag(fd, call, args[1]);
        else
            go_on(fd, call->id);
        return;
    case SYS_access:
        if (is_flag)
            answer(fd, call->id, 0, args[1] & (W_OK | X_OK) ? -EACCES : 0);
        else
            go_on(fd, call->id);
        return;
#endif
    case SYS_openat:
        flags = args[2];
        break;
    case SYS_openat2: {
        struct open_how how = {0};
        if (copy_in(pid, args[2], &how, sizeof how) != sizeof how)
            is_flag = 0;
        flags = how.flags;
        break;
    }
    case SYS_newfstatat:
        if (is_flag)
            stat_flag(fd, call, args[2]);
        else
            go_on(fd, call->id);
        return;
    case SYS_statx:
        if (is_flag)
            statx_flag(fd, call);
        else
            go_on(fd, call->id);
        return;
    case SYS_getxattr: case SYS_lgetxattr: /* asked by ls -l */
        if (is_flag)
            answer(fd, call->id, 0, -EOPNOTSUPP);
        else
            go_on(fd, call->id);
        return;
    default: /* faccessat, faccessat2 */
        if (is_flag)
            answer(fd, call->id, 0, args[2] & (W_OK | X_OK) ? -EACCES : 0);
        else
            go_on(fd, call->id);
        return;
    }
    if (is_flag) {
        record("flag", pid, path, 1, NULL);
        open_flag(fd, call->id, flags);
        return;
    }
    if (!(flags & O_CREAT) && !(flags & O_DIRECTORY))
        record("open", pid, path, exists(pid, path), NULL);
    go_on(fd, call->id);
}

/* --- supervisor --------------------------------------------------------------------------- */

static void take(int server)
{
    int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct timeval patience = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    int listener = -1;
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) == 1) {
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
            head->cmsg_len == CMSG_LEN(sizeof(int)))
            memcpy(&listener, CMSG_DATA(head), sizeof listener);
    }
    if (listener >= 0 && listening < MAX_LISTENERS) {
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1UL); /* wakes sooner, from Linux 6.6 */
        listeners[listening++] = listener;
        printf("{\"event\":\"supervised\"}\n");
        send(fd, "K", 1, MSG_NOSIGNAL);
    } else if (listener >= 0) {
        close(listener);
    }
    close(fd);
}

static int supervise(const char *name)
{
    struct sockaddr_un address;
    socklen_t length = address_of(name, &address);
    struct seccomp_notif_sizes sizes;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_IGN); /* calls of the workload would fail without it */
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
        die("this kernel does not notify");
    size_t size = sizes.seccomp_notif > sizeof(struct seccomp_notif) ? sizes.seccomp_notif
                                                                     : sizeof(struct seccomp_notif);
    struct seccomp_notif *call = malloc(size);
    int server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (!call || server < 0 || bind(server, (struct sockaddr *)&address, length) != 0 ||
        listen(server, 16) != 0)
        die("cannot listen");
    printf("{\"event\":\"listening\"}\n");
    for (;;) {
        struct pollfd polled[MAX_LISTENERS + 1] = {{.fd = server, .events = POLLIN}};
        for (size_t i = 0; i < listening; i++)
            polled[i + 1] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
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
                if (ioctl(listeners[i], SECCOMP_IOCTL_NOTIF_RECV, call) == 0)
                    serve(listeners[i], call);
            } else if (ready) { /* nobody is left whom this filter holds */
                close(listeners[i]);
                listeners[i] = listeners[--listening];
            }
        }
        if (polled[0].revents & POLLIN)
            take(server);
    }
}

int main(int count, char **arguments)
{
    if (count == 3 && !strcmp(arguments[1], "supervise"))
        return supervise(arguments[2]);
    if (count >= 5 && !strcmp(arguments[1], "stub") && !strcmp(arguments[3], "--"))
        return stub(arguments[2], arguments + 4);
    dprintf(2, "usage: fips-node supervise NAME | fips-node stub NAME -- COMMAND...\n");
    return 2;
}
