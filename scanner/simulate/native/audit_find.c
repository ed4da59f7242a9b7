/* Finds what a program would have called, had the audit not put itself before it.
 *
 * dlsym(RTLD_NEXT) cannot: it does not see libraries that were loaded with RTLD_LOCAL, and where
 * there are two libcryptos it knows nothing of which one the caller was linked with. So the
 * caller's own tables are read, and then those of all loaded files, as the loader would. */
#include <stdatomic.h>
#include <stddef.h>

#include "audit_elf.h"

/* Weak, so that no C library of a certain name is asked for: the program's own has it. */
#pragma weak dl_iterate_phdr

#define SITES 2048u
#define PROBES 16u
#define CODE_BITS 48
#define PLACE ((1ull << CODE_BITS) - 1)

enum { EMPTY, FILLING, READY };

static const char *const getters[GETTERS] = {
    [MD_NAME] = "EVP_MD_get0_name", [MD_PROVIDER] = "EVP_MD_get0_provider",
    [MD_NID] = "EVP_MD_type", [MD_NID_3] = "EVP_MD_get_type",
    [CIPHER_NAME] = "EVP_CIPHER_get0_name", [CIPHER_PROVIDER] = "EVP_CIPHER_get0_provider",
    [CIPHER_NID] = "EVP_CIPHER_nid", [CIPHER_NID_3] = "EVP_CIPHER_get_nid",
    [NID_NAME] = "OBJ_nid2sn", [KEY_NAME] = "EVP_PKEY_get0_type_name",
    [KEY_NID] = "EVP_PKEY_get_id", [OLD_KEY_NID] = "EVP_PKEY_id",
    [SSL_CIPHER] = "SSL_get_current_cipher", [SSL_CIPHER_IANA] = "SSL_CIPHER_standard_name",
    [SSL_PROTOCOL] = "SSL_get_version", [SSL_CONTROL] = "SSL_ctrl",
    [SSL_GROUP] = "SSL_group_to_name", [SSL_SERVER] = "SSL_is_server",
    [GCRY_MD] = "gcry_md_algo_name", [GCRY_CIPHER] = "gcry_cipher_algo_name",
    [GCRY_MAC] = "gcry_mac_algo_name",
    [GNUTLS_DIGEST] = "gnutls_digest_get_name", [GNUTLS_MAC] = "gnutls_mac_get_name",
    [GNUTLS_CIPHER] = "gnutls_cipher_get_name", [GNUTLS_SUITE] = "gnutls_ciphersuite_get",
    [GNUTLS_GROUP_OF] = "gnutls_group_get", [GNUTLS_GROUP] = "gnutls_group_get_name",
    [GNUTLS_VERSION_OF] = "gnutls_protocol_get_version",
    [GNUTLS_VERSION] = "gnutls_protocol_get_name", [NSS_OID] = "SECOID_FindOIDTagDescription",
};

struct search {
    const char *name;
    uintptr_t place;
    struct file caller, found;
    bool has_caller;
    struct reference reference;
    void *wanted; /* this address only */
    const char *near; /* in the file with this soname only */
    void *real;
    int rank;
};

/* What a place called when it was last looked up. `key` holds place, function and generation. */
struct cached {
    _Atomic uint64_t key;
    struct site site;
};

static struct cached cache[SITES];
static struct library libraries[AUDIT_LIBRARIES];
static _Atomic uint32_t generation = 1;
static _Atomic(void *) found_by_name[256]; /* by function: what dlsym gave */
static _Atomic uint64_t unloads;
/* The call of ours that this thread is in. A preloaded file's thread storage is always there. */
static __thread struct site *current __attribute__((tls_model("initial-exec")));
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

static void each_file(int look(struct dl_phdr_info *, size_t, void *), void *data) {
    if (dl_iterate_phdr) dl_iterate_phdr(look, data);
}

static bool begins(const char *text, const char *with) {
    while (*with)
        if (*text++ != *with++) return false;
    return true;
}

static int find_caller(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    struct search *search = data;
    if (!audit_contains(info, search->place)) return 0;
    search->has_caller = audit_read(info, &search->caller);
    return 1;
}

static int find_definition(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    struct search *search = data;
    struct file file;
    int how;
    if (audit_contains(info, (uintptr_t)&find_definition) || !audit_read(info, &file)) return 0;
    if (search->near && !audit_same(file.soname, search->near)) return 0;
    const ElfW(Sym) *symbol = audit_defined(&file, search->name, search->reference.version, &how);
    if (!symbol) return 0;
    void *real = (void *)(file.base + symbol->st_value);
    if (search->wanted && real != search->wanted) return 0;
    int rank = how;
    if (search->has_caller && file.dynamic == search->caller.dynamic) rank = 10;
    else if (search->reference.file && audit_same(file.soname, search->reference.file)) rank += 6;
    else if (search->has_caller && *file.soname && audit_needs(&search->caller, file.soname)) rank += 4;
    if (rank > search->rank) search->rank = rank, search->real = real, search->found = file;
    return 0;
}

static const char *last_part(const char *path) {
    const char *name = path;
    for (; *path; path++)
        if (*path == '/') name = path + 1;
    return name;
}

static bool is_openssl(const char *path) {
    const char *name = last_part(path);
    return begins(name, "libcrypto") || begins(name, "libssl") || audit_same(name, "fips.so") ||
           audit_same(name, "legacy.so");
}

static struct library *library_of(const struct file *file) {
    uint32_t now = atomic_load(&generation);
    for (unsigned i = 0; i < AUDIT_LIBRARIES; i++) {
        struct library *each = &libraries[i];
        uint32_t state = atomic_load(&each->state);
        if (state == READY && each->generation == now) {
            if (each->base == file->base) return each;
            continue;
        }
        if (state == FILLING || !atomic_compare_exchange_strong(&each->state, &state, FILLING))
            continue;
        for (unsigned getter = 0; getter < GETTERS; getter++) {
            int how;
            const ElfW(Sym) *symbol = audit_defined(file, getters[getter], NULL, &how);
            each->get[getter] = symbol ? (void *)(file->base + symbol->st_value) : NULL;
        }
        each->base = file->base;
        each->generation = now;
        atomic_store(&each->state, READY);
        return each;
    }
    return NULL;
}

static void look_up(unsigned function, uintptr_t place, struct site *site) {
    struct search search = {.name = audit_functions[function].name, .place = place};
    each_file(find_caller, &search);
    if (!search.has_caller || !audit_refers(&search.caller, search.name, &search.reference)) {
        /* It has the function from dlsym, maybe by way of another file. */
        search.wanted = atomic_load(&found_by_name[function]);
        if (search.wanted) each_file(find_definition, &search);
        search.wanted = NULL;
    }
    if (!search.real) each_file(find_definition, &search);
    if (!search.real && search.reference.version) {
        search.reference.version = NULL;
        each_file(find_definition, &search);
    }
    *site = (struct site){.real = search.real, .caller = AUDIT_NONE, .callee = AUDIT_NONE};
    if (!search.real) return;
    site->library = library_of(&search.found);
    site->callee = audit_object(search.found.path);
    if (!search.has_caller) return;
    site->caller = audit_object(search.caller.path);
    site->offset = place - search.caller.base;
    site->internal = search.caller.base == search.found.base || is_openssl(search.caller.path);
}

static void find_site(unsigned function, uintptr_t place, struct site *site) {
    uint32_t now = atomic_load(&generation);
    uint64_t key = (place & PLACE) | (uint64_t)function << CODE_BITS | (uint64_t)now << 56;
    uint64_t start = (place ^ place >> 12 ^ function * 97u) % SITES;
    struct cached *room = NULL;
    uint64_t before = 0;
    for (unsigned probe = 0; probe < PROBES; probe++) {
        struct cached *each = &cache[(start + probe) % SITES];
        uint64_t held = atomic_load(&each->key);
        if (held == key) {
            *site = each->site;
            atomic_thread_fence(memory_order_acquire);
            if (atomic_load(&each->key) == key) return;
        }
        if (!room && held != FILLING && (held == EMPTY || held >> 56 != (now & 0xff)))
            room = each, before = held;
    }
    look_up(function, place, site);
    if (room && atomic_compare_exchange_strong(&room->key, &before, FILLING)) {
        room->site = *site;
        atomic_store(&room->key, key);
    }
}

void audit_leave(struct site *site) { current = site->outer; }

/* What the code at `place` calls under the name of `function`; false where there is no such. */
bool audit_site(unsigned function, uintptr_t place, struct site *site) {
    struct site *outer = current;
    /* What we called has ended with a jump here: the library that we called is the caller. */
    if (place - (uintptr_t)__ehdr_start < (uintptr_t)(_end - __ehdr_start) && outer)
        place = (uintptr_t)outer->real;
    find_site(function, place, site);
    site->outer = outer;
    current = site;
    return site->real != NULL;
}

/* A function of ours by its name. */
void *audit_own(const char *name, unsigned *function) {
    for (unsigned i = 0; i < audit_function_count; i++)
        if (audit_same(audit_functions[i].name, name)) {
            *function = i;
            return audit_functions[i].own;
        }
    return NULL;
}

/* `name` in the first loaded file that defines it, ours left out. */
void *audit_symbol(const char *name, const char *near) {
    struct search search = {.name = name, .near = near};
    each_file(find_definition, &search);
    return search.real;
}

/* Remember what dlsym found. False where it found another one before: ours could not tell which
 * of them a caller means. */
bool audit_keep_found(unsigned function, void *real) {
    void *before = NULL;
    struct search search = {.name = audit_functions[function].name, .wanted = real};
    each_file(find_definition, &search);
    if (!search.real) return false;
    return atomic_compare_exchange_strong(&found_by_name[function], &before, real) ||
           before == real;
}

static int count_unloads(struct dl_phdr_info *info, size_t size, void *data) {
    if (size > offsetof(struct dl_phdr_info, dlpi_subs)) *(uint64_t *)data = info->dlpi_subs;
    return 1;
}

/* After dlclose: what was looked up may lie where another file is loaded next. */
void audit_unloaded(void) {
    uint64_t now = 0;
    each_file(count_unloads, &now);
    if (atomic_exchange(&unloads, now) == now) return;
    atomic_fetch_add(&generation, 1);
    for (unsigned i = 0; i < 256; i++) {
        void *real = atomic_load(&found_by_name[i]);
        struct search search = {.wanted = real};
        if (!real) continue;
        search.name = audit_functions[i].name;
        each_file(find_definition, &search);
        if (!search.real) atomic_store(&found_by_name[i], NULL);
    }
}
