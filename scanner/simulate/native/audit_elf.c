/* Reads the tables of a loaded file: what it defines, what it refers to, in which version. */
#include <elf.h>
#include <link.h>
#include <stddef.h>

#include "audit_elf.h"

bool audit_same(const char *left, const char *right) {
    while (*left && *left == *right) left++, right++;
    return *left == *right;
}

bool audit_contains(const struct dl_phdr_info *info, uintptr_t address) {
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

bool audit_read(const struct dl_phdr_info *info, struct file *file) {
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

const ElfW(Sym) *audit_defined(const struct file *file, const char *name, const char *version,
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

static void needed_version(const struct file *file, uint32_t at, struct reference *found) {
    if (!file->versions || !file->needed_versions) return;
    uint16_t wanted = file->versions[at] & 0x7fff;
    for (const char *next = file->needed_versions; wanted > 1;) {
        const ElfW(Verneed) *each = (const void *)next;
        const char *part = next + each->vn_aux;
        for (unsigned i = 0; i < each->vn_cnt; i++) {
            const ElfW(Vernaux) *aux = (const void *)part;
            if (aux->vna_other == wanted) {
                found->version = file->strings + aux->vna_name;
                found->file = file->strings + each->vn_file;
                return;
            }
            part += aux->vna_next;
        }
        if (!each->vn_next) return;
        next += each->vn_next;
    }
}

static bool find_reference(const struct file *file, const char *name, const ElfW(Rela) *table,
                           size_t count, struct reference *found) {
    for (size_t i = 0; table && i < count; i++) {
        uint32_t at = (uint32_t)(table[i].r_info >> 32);
        if (at && audit_same(file->strings + file->symbols[at].st_name, name)) {
            needed_version(file, at, found);
            return true;
        }
    }
    return false;
}

/* Relocations tell what a file refers to; its hash tables list only what it defines. */
bool audit_refers(const struct file *file, const char *name, struct reference *found) {
    *found = (struct reference){0};
    return find_reference(file, name, file->jumps, file->jump_count, found) ||
           find_reference(file, name, file->others, file->other_count, found);
}

bool audit_needs(const struct file *file, const char *soname) {
    for (const ElfW(Dyn) *each = file->dynamic; each->d_tag != DT_NULL; each++)
        if (each->d_tag == DT_NEEDED && audit_same(file->strings + each->d_un.d_val, soname))
            return true;
    return false;
}
