/* The part of the algorithm audit that deals with the loader: what is there before main, and what
 * programs look up by name at run time, as .NET, Go and plug-ins do. */
#include <stddef.h>

#include "audit_functions.h"

#define X(name, ...) extern void name();
#pragma clang diagnostic ignored "-Wdeprecated-non-prototype"
#pragma clang diagnostic ignored "-Wincompatible-library-redeclaration"
EVERY(X)
#undef X

const struct function audit_functions[] = {
#define X(name, ...) {#name, (void *)name},
    EVERY(X)
#undef X
};
const unsigned audit_function_count = FUNCTIONS;

#define NEXT ((void *)-1) /* RTLD_NEXT */

typedef void *lookup(void *, const char *);

/* The loader's own function: glibc has it in libc since 2.34, in libdl before; musl in libc. */
static void *of_loader(const char *name, void *_Atomic *kept) {
    void *real = *kept;
    if (!real) real = audit_symbol(name, "libc.so.6");
    if (!real) real = audit_symbol(name, "libdl.so.2");
    if (!real) real = audit_symbol(name, NULL);
    return *kept = real;
}

static lookup *real_dlsym(void) {
    static void *_Atomic kept;
    return (lookup *)of_loader("dlsym", &kept);
}

EXPORT void *dlsym(void *handle, const char *name) {
    lookup *real = real_dlsym();
    unsigned function = 0;
    void *own = name ? audit_own(name, &function) : NULL;
    if (!real) return NULL;
    /* Who asks decides what comes next, so the call must not look like ours. */
    if (!own || handle == NEXT)
        __attribute__((musttail)) return real(handle, name);
    void *found = real(handle, name);
    if (found == own) {
        /* It searched everywhere and came upon us. Without us, would it have found one? */
        found = audit_symbol(name, NULL);
        if (!found) return real(handle, "(hidden by the algorithm audit)");
        return own;
    }
    return found && audit_keep_found(function, found) ? own : found;
}

EXPORT int dlclose(void *handle) {
    static void *_Atomic kept;
    int (*real)(void *) = of_loader("dlclose", &kept);
    int result = real ? real(handle) : -1;
    audit_unloaded();
    return result;
}

__attribute__((constructor)) static void begin(void) {
    audit_open();
    struct site start = {.caller = audit_object(NULL), .callee = AUDIT_NONE};
    audit_note(&start, "start", "start", true, 0);
}
