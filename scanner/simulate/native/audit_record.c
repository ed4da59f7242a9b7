/* The record of the algorithm audit: one file that every process of the container maps.
 *
 * The scanner puts the file there, complete and writable for everybody, so that nothing is ever
 * created, and it takes it out when the container is over. What is written survives any death of
 * the writer. Opened once, before the program begins: later it may be in a sandbox or a chroot.
 * No function of libc is called. */
#include <stddef.h>
#include <stdatomic.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <sys/syscall.h>

#include "audit.h"

#define RECORD "/.fips-scanner/audit"
#define MAGIC 0x3153504946445541ull /* AUDFIPS1 */
#define OBJECTS 1023u
#define ENTRIES 9000u
#define PROBES 64u

enum { EMPTY, FILLING, READY };

struct object {
    _Atomic uint32_t state;
    char path[AUDIT_PATH];
};

struct entry {
    _Atomic uint32_t state;
    uint32_t flags;
    _Atomic uint64_t count, failed;
    uint64_t hash, offset;
    uint16_t program, caller, callee, unused;
    char api[AUDIT_API];
    char name[AUDIT_NAME];
};

struct record {
    uint64_t magic;
    _Atomic uint64_t dropped;
    char unused[176];
    struct object objects[OBJECTS];
    struct entry entries[ENTRIES];
};

_Static_assert(sizeof(struct object) == 192, "as the reader expects it");
_Static_assert(sizeof(struct entry) == 192, "as the reader expects it");
_Static_assert(offsetof(struct record, entries) == 192 * 1024, "as the reader expects it");

static struct record *record;
static uint16_t program = AUDIT_NONE;

static long system_call(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#else
#error "no system calls for this architecture"
#endif
}

/* The compiler may ask for these; libc's are not asked. */
__attribute__((visibility("hidden"))) void *memset(void *to, int value, size_t size) {
    for (size_t i = 0; i < size; i++) ((volatile char *)to)[i] = (char)value;
    return to;
}

__attribute__((visibility("hidden"))) void *memcpy(void *to, const void *from, size_t size) {
    for (size_t i = 0; i < size; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}

void audit_open(void) {
    char path[AUDIT_PATH];
    long file = system_call(SYS_openat, AT_FDCWD, (long)RECORD, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0,
                            0, 0);
    if (file < 0) return;
    /* A file that is too short would kill the program on access. */
    long size = system_call(SYS_lseek, file, 0, 2, 0, 0, 0);
    long at = size < (long)sizeof(struct record)
                  ? -1
                  : system_call(SYS_mmap, 0, sizeof(struct record), PROT_READ | PROT_WRITE,
                                MAP_SHARED, file, 0);
    system_call(SYS_close, file, 0, 0, 0, 0, 0);
    if (at < 0 && at > -4096) return;
    struct record *mapped = (struct record *)at;
    if (mapped->magic != MAGIC) return;
    record = mapped;
    long length = system_call(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path,
                              sizeof path - 1, 0, 0);
    path[length > 0 ? length : 0] = 0;
    program = audit_object(path);
}

bool audit_is_open(void) { return record != NULL; }

static uint64_t mixed(uint64_t hash, const char *text, unsigned most) {
    for (unsigned i = 0; i < most && text[i]; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ull;
    return (hash ^ 0xff) * 0x100000001b3ull;
}

static void copy(char *to, const char *from, unsigned room) {
    unsigned i = 0;
    for (; i + 1 < room && from[i]; i++) to[i] = from[i];
    for (; i < room; i++) to[i] = 0;
}

static bool starts_as(const char *kept, const char *text, unsigned room) {
    for (unsigned i = 0; i + 1 < room; i++) {
        if (kept[i] != text[i]) return false;
        if (!text[i]) return true;
    }
    return true;
}

/* Whether the slot is ours to fill. One whose writer died stays as it is for ever. */
static bool claimed(_Atomic uint32_t *state) {
    uint32_t expected = EMPTY;
    if (atomic_compare_exchange_strong(state, &expected, FILLING)) return true;
    for (int turn = 0; turn < 1000 && atomic_load(state) == FILLING; turn++) continue;
    return false;
}

uint16_t audit_object(const char *path) {
    if (!record) return AUDIT_NONE;
    if (!path || !*path) return program;
    uint64_t hash = mixed(0xcbf29ce484222325ull, path, AUDIT_PATH);
    for (unsigned probe = 0; probe < PROBES; probe++) {
        unsigned at = (unsigned)((hash + probe) % OBJECTS);
        struct object *object = &record->objects[at];
        if (claimed(&object->state)) {
            copy(object->path, path, AUDIT_PATH);
            atomic_store(&object->state, READY);
            return (uint16_t)at;
        }
        if (atomic_load(&object->state) == READY && starts_as(object->path, path, AUDIT_PATH))
            return (uint16_t)at;
    }
    return AUDIT_NONE;
}

void audit_note(const struct site *site, const char *api, const char *name, bool granted,
                unsigned flags) {
    if (!record || site->internal || !name || !*name) return;
    uint64_t hash = mixed(0xcbf29ce484222325ull ^ site->offset, name, AUDIT_NAME - 1);
    hash = mixed(hash ^ flags, api, AUDIT_API);
    hash ^= (uint64_t)site->caller << 48 ^ (uint64_t)site->callee << 32 ^ (uint64_t)program << 16;
    hash ^= hash >> 29;
    for (unsigned probe = 0; probe < PROBES; probe++) {
        struct entry *entry = &record->entries[(hash + probe) % ENTRIES];
        if (claimed(&entry->state)) {
            entry->flags = flags;
            entry->hash = hash;
            entry->offset = site->offset;
            entry->program = program;
            entry->caller = site->caller;
            entry->callee = site->callee;
            copy(entry->api, api, AUDIT_API);
            copy(entry->name, name, AUDIT_NAME);
            atomic_store(&entry->state, READY);
        } else if (atomic_load(&entry->state) != READY || entry->hash != hash ||
                   entry->offset != site->offset || entry->program != program ||
                   entry->flags != flags) {
            continue;
        }
        atomic_fetch_add(&entry->count, 1);
        if (!granted) atomic_fetch_add(&entry->failed, 1);
        return;
    }
    atomic_fetch_add(&record->dropped, 1);
}
