/* What the parts of the algorithm audit share: see audit.c for what it is. */
#ifndef FIPS_AUDIT_H
#define FIPS_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#define AUDIT_NONE 0xffffu
#define AUDIT_OPTED_OUT 1u /* the properties asked for say that it is not for security */
#define AUDIT_SERVER 2u
#define AUDIT_NAME 112u
#define AUDIT_API 32u
#define AUDIT_PATH 188u
#define AUDIT_LIBRARIES 16u

/* Functions of a crypto library that tell names. They change nothing and report no errors. */
enum getter {
    MD_NAME, MD_PROVIDER, MD_NID, CIPHER_NAME, CIPHER_PROVIDER, CIPHER_NID, NID_NAME,
    KEY_NAME, KEY_NID, OLD_KEY_NID, MD_NID_3, CIPHER_NID_3,
    SSL_CIPHER, SSL_CIPHER_IANA, SSL_PROTOCOL, SSL_CONTROL, SSL_GROUP, SSL_SERVER,
    GCRY_MD, GCRY_CIPHER, GCRY_MAC,
    GNUTLS_DIGEST, GNUTLS_MAC, GNUTLS_CIPHER, GNUTLS_SUITE, GNUTLS_GROUP_OF, GNUTLS_GROUP,
    GNUTLS_VERSION_OF, GNUTLS_VERSION, NSS_OID, GETTERS
};

struct library {
    _Atomic uint32_t state;
    uint32_t generation;
    uintptr_t base;
    void *get[GETTERS];
};

/* One place in a program that calls one function. */
struct site {
    struct site *outer;      /* the call that this one was made in, in this thread */
    void *real;              /* what it would have called without us */
    struct library *library; /* whose `real` is; NULL where there was no room */
    uint64_t offset;         /* of the place in the caller's file */
    uint16_t caller, callee; /* objects in the record */
    bool internal;           /* a crypto library that calls itself or its sister */
};

struct function {
    const char *name;
    void *own; /* our function of this name */
};

extern const struct function audit_functions[];
extern const unsigned audit_function_count;

bool audit_same(const char *left, const char *right);

/* audit_find.c */
bool audit_site(unsigned function, uintptr_t place, struct site *site);
void audit_leave(struct site *site);
void *audit_own(const char *name, unsigned *function);
void *audit_symbol(const char *name, const char *near);
bool audit_keep_found(unsigned function, void *real);
void audit_unloaded(void);

/* audit_record.c */
void audit_open(void);
bool audit_is_open(void);
uint16_t audit_object(const char *path);
void audit_note(const struct site *site, const char *api, const char *name, bool granted,
                unsigned flags);

#endif
