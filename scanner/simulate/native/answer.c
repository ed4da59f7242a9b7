/* Answers one call of the workload, after reading what it is about from the workload's memory. */
#include "fips_node.h"
#include "crypto_names.h"
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

/* --- the workload's memory and files ---------------------------------------------------------- */

/* Engines may forbid the quick way to those without SYS_PTRACE, and yet the kernel lets them read
 * what belongs to their own user. */
static ssize_t through_file(pid_t pid, uint64_t at, void *data, size_t size, int writing)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int fd = open(path, (writing ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = writing ? pwrite(fd, data, size, (off_t)at) : pread(fd, data, size, (off_t)at);
    close(fd);
    return n;
}

static ssize_t copy_in(pid_t pid, uint64_t from, void *to, size_t size)
{
    struct iovec here = {.iov_base = to, .iov_len = size};
    struct iovec there = {.iov_base = (void *)(uintptr_t)from, .iov_len = size};
    ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);
    return n >= 0 || errno == EFAULT ? n : through_file(pid, from, to, size, 0);
}

static int copy_out(pid_t pid, uint64_t to, void *from, size_t size)
{
    struct iovec here = {.iov_base = from, .iov_len = size};
    struct iovec there = {.iov_base = (void *)(uintptr_t)to, .iov_len = size};
    ssize_t n = process_vm_writev(pid, &here, 1, &there, 1, 0);
    if (n < 0 && errno != EFAULT)
        n = through_file(pid, to, from, size, 1);
    return n == (ssize_t)size ? 0 : -1;
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

/* --- answers ----------------------------------------------------------------------------------- */

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
    if (ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0) {
        int error = errno;
        if (error == EINVAL) {
            add.flags = 0; /* before Linux 5.14 */
            int given = ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
            answer(fd, id, given, given < 0 ? -errno : 0);
        } else if (error != ENOENT) { /* such as EMFILE: the workload has no number left for it */
            answer(fd, id, 0, -error);
        }
    }
    close(copy);
}

#if defined(__x86_64__)
struct stat_i386 {
    uint64_t device;
    uint32_t pad, inode_low, mode, links, user, group;
    uint64_t special;
    uint32_t pad_more;
    int64_t size;
    uint32_t block;
    uint64_t blocks;
    uint32_t times[6];
    uint64_t inode;
} __attribute__((packed));

static size_t attributes_i386(void *to)
{
    struct stat info;
    if (stat(LIKE_FLAG, &info) != 0)
        return 0;
    struct stat_i386 made = {
        .device = info.st_dev, .inode_low = (uint32_t)info.st_ino, .mode = info.st_mode,
        .links = (uint32_t)info.st_nlink, .user = info.st_uid, .group = info.st_gid,
        .size = info.st_size, .block = (uint32_t)info.st_blksize, .inode = info.st_ino,
        .times = {(uint32_t)info.st_atime, 0, (uint32_t)info.st_mtime, 0, (uint32_t)info.st_ctime},
    };
    memcpy(to, &made, sizeof made);
    return sizeof made;
}
#else
static size_t attributes_i386(void *to)
{
    (void)to;
    return 0;
}
#endif

static void tell_attributes(int fd, const struct seccomp_notif *call, const struct call *about)
{
    char info[256];
    size_t size = 0;
    if (about->kind == STATX) {
        if (syscall(SYS_statx, AT_FDCWD, LIKE_FLAG, 0, (unsigned)call->data.args[3], info) == 0)
            size = sizeof info;
    } else if (about->kind == STAT_I386) {
        size = attributes_i386(info);
    } else if (syscall(SYS_newfstatat, AT_FDCWD, LIKE_FLAG, info, 0) == 0) {
        size = STAT_SIZE;
    }
    int fails = !size || copy_out((pid_t)call->pid, call->data.args[about->more], info, size) != 0;
    answer(fd, call->id, 0, fails ? -EFAULT : 0);
}

/* --- what else is asked about -------------------------------------------------------------------- */

static int bind_refused(pid_t pid, uint64_t at, uint64_t length)
{
    struct {
        uint16_t family;
        char type[14];
        uint32_t feature, mask;
        char name[64];
    } address = {0};
    size_t size = length < sizeof address ? length : sizeof address;
    if (size < 24 || copy_in(pid, at, &address, size) < 24 || address.family != AF_KERNEL_CRYPTO)
        return 0;
    address.type[13] = address.name[63] = 0;
    int refused = is_refused_algorithm(address.name);
    record("kernel-crypto", pid, address.name, !refused, NULL);
    return refused;
}

static int is_refused_bind(const struct seccomp_notif *call, enum kind kind)
{
    const uint64_t *args = (const uint64_t *)call->data.args;
    pid_t pid = (pid_t)call->pid;
    if (kind == BIND)
        return bind_refused(pid, args[1], args[2] & UINT32_MAX);
    uint32_t packed[3];
    return args[0] == 2 /* bind */ && copy_in(pid, args[1], packed, sizeof packed) == sizeof packed &&
           bind_refused(pid, packed[1], packed[2]);
}

static void record_exec(const struct seccomp_notif *call, uint64_t list, const char *path)
{
    pid_t pid = (pid_t)call->pid;
    size_t width = call->data.arch == ARCH ? 8 : 4;
    char *text = NULL;
    size_t size = 0;
    if (!exists(pid, path)) /* a search of PATH tries many that are not there */
        return;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return;
    fputs(",\"argv\":[", out);
    for (unsigned i = 0; i < MAX_ARGUMENTS; i++) {
        uint64_t at = 0;
        char argument[TEXT / 2];
        if (copy_in(pid, list + width * i, &at, width) != (ssize_t)width || !at ||
            text_of(pid, at, argument, sizeof argument) != 0)
            break;
        if (i)
            fputc(',', out);
        put_text(out, argument);
    }
    fputc(']', out);
    if (fclose(out) == 0)
        record("exec", pid, path, 1, text);
    free(text);
}

/* --- which is which ------------------------------------------------------------------------------ */

static const struct call *find(const struct seccomp_notif *call)
{
    int is_native = call->data.arch == ARCH;
    const struct call *calls = is_native ? native_calls : compat_calls;
    size_t count = is_native ? native_count : compat_count;
    for (size_t i = 0; i < count; i++)
        if (calls[i].number == call->data.nr)
            return &calls[i];
    return NULL;
}

static int flags_of(const struct seccomp_notif *call, const struct call *about, uint64_t *flags)
{
    uint64_t value = call->data.args[about->more];
    struct open_how how = {0};
    if (about->kind == OPEN2 && copy_in((pid_t)call->pid, value, &how, sizeof how) != sizeof how)
        return -1;
    *flags = about->kind == OPEN2 ? how.flags : value & UINT32_MAX;
    return 0;
}

static void answer_flag(int fd, const struct seccomp_notif *call, const struct call *about)
{
    uint64_t flags = 0;
    int64_t error = 0;
    switch (about->kind) {
    case OPEN: case OPEN2:
        if (flags_of(call, about, &flags) != 0)
            go_on(fd, call->id);
        else
            open_flag(fd, call->id, flags);
        return;
    case STAT: case STAT_I386: case STATX:
        tell_attributes(fd, call, about);
        return;
    case ACCESS:
        error = call->data.args[about->more] & (W_OK | X_OK) ? -EACCES : 0;
        break;
    case ATTRIBUTE: /* asked by ls -l */
        error = -EOPNOTSUPP;
        break;
    case LINK:
        error = -EINVAL;
        break;
    default: /* started as a program */
        error = -EACCES;
    }
    answer(fd, call->id, 0, (int)error);
}

static void note(const struct seccomp_notif *call, const struct call *about, const char *path, int is_flag)
{
    pid_t pid = (pid_t)call->pid;
    uint64_t flags = 0;
    if (about->kind == EXEC) {
        record_exec(call, call->data.args[about->more], path);
    } else if ((about->kind == OPEN || about->kind == OPEN2) && flags_of(call, about, &flags) == 0) {
        if (is_flag)
            record("flag", pid, path, 1, NULL);
        else if (!(flags & O_CREAT) && !(flags & O_DIRECTORY))
            record("open", pid, path, exists(pid, path), NULL);
    }
}

void answer_call(int fd, int is_host, const struct seccomp_notif *call)
{
    const struct call *about = find(call);
    pid_t pid = (pid_t)call->pid;
    char raw[PATH_MAX], path[PATH_MAX];
    if (!about) {
        go_on(fd, call->id);
        return;
    }
    if (about->kind == BIND || about->kind == SOCKETCALL) {
        if (is_refused_bind(call, about->kind) && !is_host)
            answer(fd, call->id, 0, -ENOENT);
        else
            go_on(fd, call->id);
        return;
    }
    if (about->kind == RING) {
        record("ring", pid, "", 1, NULL); /* what is opened through it is not asked about */
        go_on(fd, call->id);
        return;
    }
    if (text_of(pid, call->data.args[about->path], raw, sizeof raw) != 0) {
        static int told;
        if (is_alive(fd, call->id) && !told++)
            write_line("{\"event\":\"unreadable\"}\n");
        go_on(fd, call->id);
        return;
    }
    int may_be_flag = strstr(raw, "fips_enabled") != NULL;
    if (about->kind != EXEC && !may_be_flag && !is_crypto(raw)) {
        go_on(fd, call->id);
        return;
    }
    int folder = about->folder < 0 ? AT_FDCWD : (int)call->data.args[about->folder];
    absolute(pid, folder, raw, path);
    if (!is_alive(fd, call->id))
        return; /* it ended: what was read may be another process */
    int is_flag = may_be_flag && !strcmp(path, FLAG);
    note(call, about, path, is_flag);
    if (is_flag && !is_host)
        answer_flag(fd, call, about);
    else
        go_on(fd, call->id);
}
