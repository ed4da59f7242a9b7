/* The system calls that are asked about, for programs of this architecture and, on x86_64, of
 * the older one for 32 bits. */
#include "fips_node.h"

#define LENGTH(table) (sizeof(table) / sizeof *(table))

const struct call native_calls[] = {
#ifdef SYS_open
    {SYS_open, OPEN, -1, 0, 1},
    {SYS_stat, STAT, -1, 0, 1},
    {SYS_lstat, STAT, -1, 0, 1},
    {SYS_access, ACCESS, -1, 0, 1},
    {SYS_readlink, LINK, -1, 0, 0},
#endif
    {SYS_openat, OPEN, 0, 1, 2},
    {437 /* openat2 */, OPEN2, 0, 1, 2},
    {SYS_newfstatat, STAT, 0, 1, 2},
    {SYS_statx, STATX, 0, 1, 4},
    {SYS_faccessat, ACCESS, 0, 1, 2},
    {439 /* faccessat2 */, ACCESS, 0, 1, 2},
    {SYS_readlinkat, LINK, 0, 1, 0},
    {SYS_getxattr, ATTRIBUTE, -1, 0, 0},
    {SYS_lgetxattr, ATTRIBUTE, -1, 0, 0},
    {SYS_execve, EXEC, -1, 0, 1},
    {SYS_execveat, EXEC, 0, 1, 2},
    {SYS_bind, BIND, -1, 0, 0},
    {425 /* io_uring_setup */, RING, -1, 0, 0},
};
const size_t native_count = LENGTH(native_calls);

#if defined(__x86_64__)
const struct call compat_calls[] = {
    {5 /* open */, OPEN, -1, 0, 1},
    {295 /* openat */, OPEN, 0, 1, 2},
    {437 /* openat2 */, OPEN2, 0, 1, 2},
    {195 /* stat64 */, STAT_I386, -1, 0, 1},
    {196 /* lstat64 */, STAT_I386, -1, 0, 1},
    {300 /* fstatat64 */, STAT_I386, 0, 1, 2},
    {383 /* statx */, STATX, 0, 1, 4},
    {33 /* access */, ACCESS, -1, 0, 1},
    {307 /* faccessat */, ACCESS, 0, 1, 2},
    {439 /* faccessat2 */, ACCESS, 0, 1, 2},
    {85 /* readlink */, LINK, -1, 0, 0},
    {305 /* readlinkat */, LINK, 0, 1, 0},
    {229 /* getxattr */, ATTRIBUTE, -1, 0, 0},
    {230 /* lgetxattr */, ATTRIBUTE, -1, 0, 0},
    {11 /* execve */, EXEC, -1, 0, 1},
    {358 /* execveat */, EXEC, 0, 1, 2},
    {361 /* bind */, BIND, -1, 0, 0},
    {102 /* socketcall */, SOCKETCALL, -1, 0, 0},
    {425 /* io_uring_setup */, RING, -1, 0, 0},
};
const size_t compat_count = LENGTH(compat_calls);
#else
const struct call compat_calls[1];
const size_t compat_count = 0;
#endif
