/* A loaded file's tables, as the loader left them in memory. */
#ifndef FIPS_AUDIT_ELF_H
#define FIPS_AUDIT_ELF_H

#include <elf.h>
#include <link.h>

#include "audit.h"

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

/* How a file asks for a function; NULL for any version, or any file. */
struct reference {
    const char *version, *file;
};

bool audit_contains(const struct dl_phdr_info *info, uintptr_t address);
bool audit_read(const struct dl_phdr_info *info, struct file *file);
const ElfW(Sym) *audit_defined(const struct file *file, const char *name, const char *version,
                               int *how);
bool audit_refers(const struct file *file, const char *name, struct reference *found);
bool audit_needs(const struct file *file, const char *soname);

#endif
