/* What the parts of the helper share. */
#ifndef FIPS_NODE_H
#define FIPS_NODE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
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

#define FLAG "/proc/sys/crypto/fips_enabled"
#define LIKE_FLAG "/proc/sys/kernel/ostype" /* a file of the same kind, to copy attributes from */
#define AF_KERNEL_CRYPTO 38
#define PATIENCE_MS 20000
#define MAX_EVENTS 4096
#define MAX_WRITTEN (2 << 20)
#define MAX_ARGUMENTS 12
#define TEXT 512

/* What a stub tells the supervisor of itself, in one byte. */
#define STUB_IS_READY 'L'
#define HOST_HAS_FLAG 1    /* the kernel itself answers: nothing is to be faked */
#define NO_PRIVILEGES 2    /* set-uid programs give none, as the filter came without SYS_ADMIN */

/* What a supervisor tells of the engine's own seccomp profile, in one byte: bits. */
#define PROFILE_OPEN 'a'
#define REFUSES_NAMESPACES 1
#define LACKS_CLONE3 2

enum kind { OPEN, OPEN2, STAT, STAT_I386, STATX, ACCESS, ATTRIBUTE, LINK, EXEC, BIND, SOCKETCALL, RING };

/* A system call that is asked about. Arguments are counted from 0; folder -1: has none. */
struct call {
    int number;
    enum kind kind;
    signed char folder, path, more; /* more: flags of open, structure of stat, mode of access … */
};
extern const struct call native_calls[], compat_calls[];
extern const size_t native_count, compat_count;

void die(const char *what) __attribute__((noreturn));
socklen_t address_of(const char *name, struct sockaddr_un *address);

int become(const char *name, char **command);
int with_own_supervisor(const char *name, const char *events, char **command);
int preloading(const char *library, const char *events, char **command);
int profile_of_engine(void);
int listen_at(const char *name);
int supervise(int server, int profile);

void answer_call(int listener, int is_host, const struct seccomp_notif *call);

void write_line(const char *line);
void record(const char *kind, pid_t pid, const char *path, int found, const char *more);
void put_text(FILE *out, const char *text);
#endif
