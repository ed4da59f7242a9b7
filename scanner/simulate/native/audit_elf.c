/* Finds what a program would have called, had the audit not put itself before it.
 *
 * dlsym(RTLD_NEXT) cannot: it does not see libraries that were loaded with RTLD_LOCAL, and where
 * there are two libcryptos it knows nothing of which one the caller was linked with. So the
 * caller's own tables are read, and then those of all loaded files, as the loader would. */
#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>

#include "audit.h"

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

/* A loaded file. */
struct file {
    uintptr_t base;
    const char *path, *soname, *strings;
    const ElfW(Sym) *symbols;
    const uint32_t *gnu, *sysv;
    const uint16_t *versions;
    const char *needed_versions, *own_versions;
    const ElfW(Dyn) *dynamic;
    const ElfW(Rela) *jumps, *others;
    size_t jump_count, other_count;
};

struct search {
    const char *name;
    uintptr_t place;
    struct file caller, found;
    bool has_caller, refers;
    const char *version, *version_file;
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

bool audit_same(const char *left, const char *right) {
    while (*left && *left == *right) left++, right++;
    return *left == *right;
}

static bool begins(const char *text, const char *with) {
    while (*with)
        if (*text++ != *with++) return false;
    return true;
}

static bool contains(const struct dl_phdr_info *info, uintptr_t address) {
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && address - info->dlpi_addr - part->p_vaddr < part->p_memsz)
            return true;
    }
    return false;
}

/* glibc relocates the addresses in a dynamic section, musl and the vDSO do not. */
static const void *pointer(const struct dl_phdr_info *info, const ElfW(Dyn) *each) {
    uintptr_t value = each->d_un.d_ptr;
    return (const void *)(value < info->dlpi_addr ? value + info->dlpi_addr : value);
}

static bool read_file(const struct dl_phdr_info *info, struct file *file) {
    *file = (struct file){.base = info->dlpi_addr, .path = info->dlpi_name ? info->dlpi_name : ""};
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            file->dynamic = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    if (!file->dynamic) return false;
    size_t soname = 0;
    for (const ElfW(Dyn) *each = file->dynamic; each->d_tag != DT_NULL; each++) switch (each->d_tag) {
        case DT_SYMTAB: file->symbols = pointer(info, each); break;
        case DT_STRTAB: file->strings = pointer(info, each); break;
        case DT_GNU_HASH: file->gnu = pointer(info, each); break;
        case DT_HASH: file->sysv = pointer(info, each); break;
        case DT_VERSYM: file->versions = pointer(info, each); break;
        case DT_VERNEED: file->needed_versions = pointer(info, each); break;
        case DT_VERDEF: file->own_versions = pointer(info, each); break;
        case DT_JMPREL: file->jumps = pointer(info, each); break;
        case DT_PLTRELSZ: file->jump_count = each->d_un.d_val / sizeof(ElfW(Rela)); break;
        case DT_RELA: file->others = pointer(info, each); break;
        case DT_RELASZ: file->other_count = each->d_un.d_val / sizeof(ElfW(Rela)); break;
        case DT_SONAME: soname = each->d_un.d_val; break;
    }
    if (!file->symbols || !file->strings) return false;
    file->soname = soname ? file->strings + soname : "";
    return true;
}

/* The version under which symbol `at` is defined; "" for none. */
static const char *defined_version(const struct file *file, uint32_t at) {
    if (!file->versions || !file->own_versions) return "";
    uint16_t wanted = file->versions[at] & 0x7fff;
    if (wanted <= 1) return "";
    for (const char *next = file->own_versions;;) {
        const ElfW(Verdef) *each = (const void *)next;
        if (each->vd_ndx == wanted) {
            const ElfW(Verdaux) *aux = (const void *)(next + each->vd_aux);
            return file->strings + aux->vda_name;
        }
        if (!each->vd_next) return "";
        next += each->vd_next;
    }
}

/* Whether symbol `at` is a definition of `name` in `version`: 2 exactly, 1 without a version. */
static int fits(const struct file *file, uint32_t at, const char *name, const char *version) {
    const ElfW(Sym) *symbol = &file->symbols[at];
    unsigned type = symbol->st_info & 15;
    if (symbol->st_shndx == SHN_UNDEF || !symbol->st_value ||
        (type != STT_FUNC && type != STT_NOTYPE) ||
        !audit_same(file->strings + symbol->st_name, name))
        return 0;
    const char *own = defined_version(file, at);
    bool hidden = file->versions && file->versions[at] & 0x8000;
    if (!version) return hidden ? 1 : 2;
    return !*own ? 1 : audit_same(own, version) ? 2 : 0;
}

static const ElfW(Sym) *defined(const struct file *file, const char *name, const char *version,
                                int *how) {
    const ElfW(Sym) *found = NULL;
    *how = 0;
    if (file->gnu) {
        uint32_t hash = 5381;
        for (const char *c = name; *c; c++) hash = hash * 33 + (unsigned char)*c;
        uint32_t buckets = file->gnu[0], offset = file->gnu[1], blooms = file->gnu[2];
        const uint64_t *bloom = (const void *)(file->gnu + 4);
        const uint32_t *bucket = (const void *)(bloom + blooms), *chain = bucket + buckets;
        if (!buckets || !blooms) return NULL;
        uint64_t word = bloom[hash / 64 % blooms];
        if (!(word >> hash % 64 & word >> (hash >> file->gnu[3]) % 64 & 1)) return NULL;
        uint32_t at = bucket[hash % buckets];
        if (at < offset) return NULL;
        for (;; at++) {
            uint32_t link = chain[at - offset];
            int fit = (link | 1) == (hash | 1) ? fits(file, at, name, version) : 0;
            if (fit > *how) *how = fit, found = &file->symbols[at];
            if (link & 1) return found;
        }
    }
    if (!file->sysv || !file->sysv[0]) return NULL;
    uint32_t hash = 0;
    for (const char *c = name; *c; c++) {
        hash = (hash << 4) + (unsigned char)*c;
        uint32_t high = hash & 0xf0000000;
        hash = (hash ^ high >> 24) & ~high;
    }
    const uint32_t *bucket = file->sysv + 2, *chain = bucket + file->sysv[0];
    for (uint32_t at = bucket[hash % file->sysv[0]]; at; at = chain[at]) {
        int fit = fits(file, at, name, version);
        if (fit > *how) *how = fit, found = &file->symbols[at];
    }
    return found;
}

static void needed_version(struct search *search, uint32_t at) {
    const struct file *file = &search->caller;
    search->refers = true;
    if (!file->versions || !file->needed_versions) return;
    uint16_t wanted = file->versions[at] & 0x7fff;
    for (const char *next = file->needed_versions; wanted > 1;) {
        const ElfW(Verneed) *each = (const void *)next;
        const char *part = next + each->vn_aux;
        for (unsigned i = 0; i < each->vn_cnt; i++) {
            const ElfW(Vernaux) *aux = (const void *)part;
            if (aux->vna_other == wanted) {
                search->version = file->strings + aux->vna_name;
                search->version_file = file->strings + each->vn_file;
                return;
            }
            part += aux->vna_next;
        }
        if (!each->vn_next) return;
        next += each->vn_next;
    }
}

/* Relocations tell what a file refers to; its hash tables list only what it defines. */
static bool find_reference(struct search *search, const ElfW(Rela) *table, size_t count) {
    const struct file *file = &search->caller;
    for (size_t i = 0; table && i < count; i++) {
        uint32_t at = (uint32_t)(table[i].r_info >> 32);
        if (at && audit_same(file->strings + file->symbols[at].st_name, search->name)) {
            needed_version(search, at);
            return true;
        }
    }
    return false;
}

static int find_caller(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    struct search *search = data;
    if (!contains(info, search->place)) return 0;
    search->has_caller = read_file(info, &search->caller);
    return 1;
}

static bool needs(const struct file *file, const char *soname) {
    for (const ElfW(Dyn) *each = file->dynamic; each->d_tag != DT_NULL; each++)
        if (each->d_tag == DT_NEEDED && audit_same(file->strings + each->d_un.d_val, soname))
            return true;
    return false;
}

static int find_definition(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    struct search *search = data;
    struct file file;
    int how;
    if (contains(info, (uintptr_t)&find_definition) || !read_file(info, &file)) return 0;
    if (search->near && !audit_same(file.soname, search->near)) return 0;
    const ElfW(Sym) *symbol = defined(&file, search->name, search->version, &how);
    if (!symbol) return 0;
    void *real = (void *)(file.base + symbol->st_value);
    if (search->wanted && real != search->wanted) return 0;
    int rank = how;
    if (search->has_caller && file.dynamic == search->caller.dynamic) rank = 10;
    else if (search->version_file && audit_same(file.soname, search->version_file)) rank += 6;
    else if (search->has_caller && *file.soname && needs(&search->caller, file.soname)) rank += 4;
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
            const ElfW(Sym) *symbol = defined(file, getters[getter], NULL, &how);
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
    dl_iterate_phdr(find_caller, &search);
    if (search.has_caller &&
        !find_reference(&search, search.caller.jumps, search.caller.jump_count))
        find_reference(&search, search.caller.others, search.caller.other_count);
    if (!search.refers) {
        /* It has the function from dlsym, maybe by way of another file. */
        search.wanted = atomic_load(&found_by_name[function]);
        if (search.wanted) dl_iterate_phdr(find_definition, &search);
        search.wanted = NULL;
    }
    if (!search.real) dl_iterate_phdr(find_definition, &search);
    if (!search.real && search.version) {
        search.version = NULL;
        dl_iterate_phdr(find_definition, &search);
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
    dl_iterate_phdr(find_definition, &search);
    return search.real;
}

/* Remember what dlsym found. False where it found another one before: ours could not tell which
 * of them a caller means. */
bool audit_keep_found(unsigned function, void *real) {
    void *before = NULL;
    struct search search = {.name = audit_functions[function].name, .wanted = real};
    dl_iterate_phdr(find_definition, &search);
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
    dl_iterate_phdr(count_unloads, &now);
    if (atomic_exchange(&unloads, now) == now) return;
    atomic_fetch_add(&generation, 1);
    for (unsigned i = 0; i < 256; i++) {
        void *real = atomic_load(&found_by_name[i]);
        struct search search = {.wanted = real};
        if (!real) continue;
        search.name = audit_functions[i].name;
        dl_iterate_phdr(find_definition, &search);
        if (!search.real) atomic_store(&found_by_name[i], NULL);
    }
}
