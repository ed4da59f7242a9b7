/* Shows the dynamic programs of a container a FIPS node where the kernel cannot be asked to.
 *
 * Loaded before all other libraries. Answers the functions by which programs of glibc and of musl
 * look at the kernel's FIPS flag, and writes each program, the crypto libraries in its memory and
 * its reading of the flag into a file. Uses only what every libc has, so that one build serves all
 * of them. Static and set-uid programs do not load it.
 */
#define _GNU_SOURCE
#include "crypto_names.h"
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The libc's headers define some of what is answered here in other words: they are not used. */
#define FLAG "/proc/sys/crypto/fips_enabled"
#define LIKE_FLAG "/proc/sys/kernel/ostype"
#define EVENTS "/.fips-node-events/events"
#define MAX_WRITTEN (2 << 20)
#define WRITE_ONLY 1
#define APPEND 02000
#define CREATE 0100
#define TEMPORARY 020000000
#define CLOSE_ON_EXEC 02000000
#define HERE (-100)
#define AF_KERNEL_CRYPTO 38
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* --- what is written down ---------------------------------------------------------------------- */

struct line {
    char text[4096];
    size_t length;
};

static void put(struct line *to, const char *text)
{
    while (*text && to->length < sizeof to->text - 1)
        to->text[to->length++] = *text++;
}

static void put_quoted(struct line *to, const char *text, size_t limit)
{
    static const char digits[] = "0123456789abcdef";
    put(to, "\"");
    for (const unsigned char *c = (const unsigned char *)text; *c && limit--; c++) {
        char one[7] = {(char)*c};
        if (*c < 0x20 || *c > 0x7e || *c == '"' || *c == '\\') {
            memcpy(one, "\\u00", 4);
            one[4] = digits[*c >> 4];
            one[5] = digits[*c & 15];
        }
        put(to, one);
    }
    put(to, "\"");
}

static void put_number(struct line *to, unsigned long value)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    put(to, digits + at);
}

static void write_down(struct line *line)
{
    int error = errno;
    put(line, "}\n");
    long fd = syscall(SYS_openat, HERE, EVENTS, WRITE_ONLY | APPEND | CLOSE_ON_EXEC);
    /* A line that was cut off has no end and would spoil the next one. */
    if (fd >= 0 && line->text[line->length - 1] == '\n' &&
        syscall(SYS_lseek, fd, 0L, 2) < MAX_WRITTEN)
        (void)!write((int)fd, line->text, line->length);
    if (fd >= 0)
        close((int)fd);
    errno = error;
}

static void begin(struct line *line, const char *event, const char *path)
{
    char program[512];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = 0;
    line->length = 0;
    put(line, "{\"event\":\"");
    put(line, event);
    put(line, "\",\"program\":");
    put_quoted(line, program, 512);
    put(line, ",\"pid\":");
    put_number(line, (unsigned long)getpid());
    put(line, ",\"uid\":");
    put_number(line, geteuid());
    put(line, ",\"path\":");
    put_quoted(line, *path ? path : program, 512);
}

static void record(const char *event, const char *path, int found)
{
    struct line line;
    begin(&line, event, path);
    put(&line, found ? ",\"found\":true" : ",\"found\":false");
    write_down(&line);
}

static int record_library(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (info->dlpi_name && info->dlpi_name[0] == '/' && is_crypto(info->dlpi_name) &&
        !strstr(info->dlpi_name, "/.fips-node/"))
        record("open", info->dlpi_name, 1);
    return 0;
}

static void record_start(void)
{
    char words[1024];
    long fd = syscall(SYS_openat, HERE, "/proc/self/cmdline", CLOSE_ON_EXEC);
    ssize_t n = fd < 0 ? 0 : read((int)fd, words, sizeof words - 1);
    if (fd >= 0)
        close((int)fd);
    struct line line;
    begin(&line, "exec", "");
    put(&line, ",\"found\":true,\"argv\":[");
    words[n > 0 ? n : 0] = 0;
    int count = 0;
    for (ssize_t at = 0; at < n && count < 12; at += (ssize_t)strlen(words + at) + 1) {
        if (count++)
            put(&line, ",");
        put_quoted(&line, words + at, 255);
    }
    put(&line, "]");
    write_down(&line);
}

/* --- the flag ------------------------------------------------------------------------------------ */

static int is_flag(const char *path)
{
    return path && !strcmp(path, FLAG);
}

static int is_started, is_told;

static int flag_for(int flags)
{
    char path[64] = "/proc/self/fd/";
    if ((flags & 3) || (flags & CREATE)) {
        errno = EROFS;
        return -1;
    }
    if (is_started && !is_told++)
        record("flag", FLAG, 1);
    long memory = syscall(SYS_memfd_create, "fips_enabled", 1);
    if (memory < 0)
        return -1;
    (void)!write((int)memory, "1\n", 2);
    struct line number = {.length = 0};
    put_number(&number, (unsigned long)memory);
    number.text[number.length] = 0;
    memcpy(path + 14, number.text, number.length + 1);
    long fd = syscall(SYS_openat, HERE, path, flags & CLOSE_ON_EXEC);
    close((int)memory);
    return (int)fd;
}

static void *stream_of_flag(const char *mode)
{
    extern void *fdopen(int, const char *);
    int fd = flag_for(mode[0] != 'r' || strchr(mode, '+') ? WRITE_ONLY : 0);
    return fd < 0 ? NULL : fdopen(fd, "r");
}

/* --- the functions that programs call --------------------------------------------------------------- */

#define SHOWN __attribute__((visibility("default")))
#define OPENED(real)                                   \
    if (is_flag(path))                                 \
        return flag_for(flags);                        \
    int mode = 0;                                      \
    if (flags & (CREATE | TEMPORARY)) {                \
        va_list rest;                                  \
        va_start(rest, flags);                         \
        mode = va_arg(rest, int);                      \
        va_end(rest);                                  \
    }                                                  \
    int fd = real;                                     \
    if (path && !(flags & CREATE) && is_crypto(path))  \
        record("open", path, fd >= 0 || errno != ENOENT); \
    return fd

SHOWN int open(const char *path, int flags, ...) { OPENED(NEXT(open)(path, flags, mode)); }
SHOWN int open64(const char *path, int flags, ...) { OPENED(NEXT(open64)(path, flags, mode)); }
SHOWN int openat(int at, const char *path, int flags, ...) { OPENED(NEXT(openat)(at, path, flags, mode)); }
SHOWN int openat64(int at, const char *path, int flags, ...) { OPENED(NEXT(openat64)(at, path, flags, mode)); }

/* As compiled with _FORTIFY_SOURCE. */
#define CHECKED(name, before, list)                                          \
    SHOWN int name list                                                      \
    {                                                                        \
        return is_flag(path) ? flag_for(flags) : NEXT(name) before;          \
    }
CHECKED(__open_2, (path, flags), (const char *path, int flags))
CHECKED(__open64_2, (path, flags), (const char *path, int flags))
CHECKED(__openat_2, (at, path, flags), (int at, const char *path, int flags))
CHECKED(__openat64_2, (at, path, flags), (int at, const char *path, int flags))

#undef fopen64
SHOWN void *fopen(const char *path, const char *mode)
{
    return is_flag(path) ? stream_of_flag(mode) : NEXT(fopen)(path, mode);
}
SHOWN void *fopen64(const char *path, const char *mode)
{
    return is_flag(path) ? stream_of_flag(mode) : NEXT(fopen64)(path, mode);
}

/* All that only looks at attributes sees those of a file of the same kind. */
#define LOOKED(name, list, arguments) LOOKED_AT(int, name, list, arguments)
#define LOOKED_AT(type, name, list, arguments)          \
    SHOWN type name list                                \
    {                                                   \
        if (is_flag(path))                              \
            path = LIKE_FLAG;                           \
        return NEXT(name) arguments;                    \
    }
LOOKED(stat, (const char *path, void *to), (path, to))
LOOKED(stat64, (const char *path, void *to), (path, to))
LOOKED(lstat, (const char *path, void *to), (path, to))
LOOKED(lstat64, (const char *path, void *to), (path, to))
LOOKED(fstatat, (int at, const char *path, void *to, int flags), (at, path, to, flags))
LOOKED(fstatat64, (int at, const char *path, void *to, int flags), (at, path, to, flags))
LOOKED(__xstat, (int kind, const char *path, void *to), (kind, path, to))
LOOKED(__xstat64, (int kind, const char *path, void *to), (kind, path, to))
LOOKED(__lxstat, (int kind, const char *path, void *to), (kind, path, to))
LOOKED(__lxstat64, (int kind, const char *path, void *to), (kind, path, to))
LOOKED(__fxstatat, (int kind, int at, const char *path, void *to, int flags), (kind, at, path, to, flags))
LOOKED(__fxstatat64, (int kind, int at, const char *path, void *to, int flags), (kind, at, path, to, flags))
LOOKED(statx, (int at, const char *path, int flags, unsigned mask, void *to), (at, path, flags, mask, to))
LOOKED(access, (const char *path, int mode), (path, mode))
LOOKED(eaccess, (const char *path, int mode), (path, mode))
LOOKED(euidaccess, (const char *path, int mode), (path, mode))
LOOKED(faccessat, (int at, const char *path, int mode, int flags), (at, path, mode, flags))
LOOKED_AT(long, readlink, (const char *path, char *to, unsigned long size), (path, to, size))
LOOKED_AT(long, getxattr, (const char *path, const char *name, void *to, unsigned long size), (path, name, to, size))
LOOKED_AT(long, lgetxattr, (const char *path, const char *name, void *to, unsigned long size), (path, name, to, size))

SHOWN int bind(int fd, const void *address, unsigned length)
{
    const char *bytes = address;
    uint16_t family = 0;
    if (address && length >= 24)
        memcpy(&family, address, sizeof family);
    if (family == AF_KERNEL_CRYPTO) {
        char name[64] = "";
        memcpy(name, bytes + 24, length - 24 < 63 ? length - 24 : 63);
        int refused = is_refused_algorithm(name);
        record("kernel-crypto", name, !refused);
        if (refused) {
            errno = ENOENT;
            return -1;
        }
    }
    return NEXT(bind)(fd, address, length);
}

__attribute__((constructor)) static void on_start(void)
{
    int error = errno;
    char value = 0;
    record_start();
    /* Asked for as programs do, so that it shows whether the answer reaches them. */
    int (*as_programs_do)(const char *, int, ...) = dlsym(RTLD_DEFAULT, "open");
    int fd = as_programs_do(FLAG, CLOSE_ON_EXEC);
    if (fd >= 0 && read(fd, &value, 1) == 1 && value == '1')
        record("preloaded", "", 1);
    if (fd >= 0)
        close(fd);
    dl_iterate_phdr(record_library, NULL);
    is_started = 1;
    errno = error;
}

/* Once more for those that it loaded while it ran. */
__attribute__((destructor)) static void on_end(void)
{
    dl_iterate_phdr(record_library, NULL);
}
