/* The part of the algorithm audit that is not of OpenSSL's algorithms: TLS, libgcrypt, GnuTLS, NSS.
 *
 * As in audit.c, nothing is called but the function itself and what tells names. */
#include <stddef.h>

#include "audit_functions.h"

#define SET_GROUPS_LIST 92 /* SSL_CTRL_SET_GROUPS_LIST, as SSL_CTX_set1_groups_list has it */
#define GET_GROUP 134      /* SSL_CTRL_GET_NEGOTIATED_GROUP */

/* --- OpenSSL: TLS -------------------------------------------------------------------------- */

#define X(name) \
    EXPORT void *name(void *a, void *b, void *c) { \
        ENTER(name, NULL); \
        void *result = REAL(void *(void *, void *, void *))(a, b, c); \
        NOTE(name, "TLS", result != NULL, 0); \
        return result; \
    }
TLS_CONTEXTS(X)
#undef X

#define X(name) \
    EXPORT int name(void *context, const char *list) { \
        ENTER(name, 0); \
        int result = REAL(int(void *, const char *))(context, list); \
        NOTE(name, list, result == 1, 0); \
        return result; \
    }
TLS_LISTS(X)
#undef X

#define X(name) \
    EXPORT long name(void *context, int command, long number, void *pointer) { \
        ENTER(name, 0); \
        long result = REAL(long(void *, int, long, void *))(context, command, number, pointer); \
        if (command == SET_GROUPS_LIST) NOTE(name, pointer, result == 1, 0); \
        return result; \
    }
TLS_CONTROLS(X)
#undef X

static void note_session(struct site *site, const char *api, void *session) {
    void *(*cipher_of)(void *) = audit_getter(site, SSL_CIPHER);
    const char *(*iana)(void *) = audit_getter(site, SSL_CIPHER_IANA);
    const char *(*protocol)(void *) = audit_getter(site, SSL_PROTOCOL);
    const char *(*group_name)(void *, int) = audit_getter(site, SSL_GROUP);
    long (*control)(void *, int, long, void *) = audit_getter(site, SSL_CONTROL);
    int (*is_server)(void *) = audit_getter(site, SSL_SERVER);
    unsigned flags = is_server && is_server(session) ? AUDIT_SERVER : 0;
    if (protocol) audit_note(site, api, protocol(session), true, flags);
    void *cipher = cipher_of ? cipher_of(session) : NULL;
    if (cipher && iana) audit_note(site, api, iana(cipher), true, flags);
    if (!group_name || !control) return;
    long group = control(session, GET_GROUP, 0, NULL);
    if (group > 0) audit_note(site, api, group_name(session, (int)group), true, flags);
}

#define X(name) \
    EXPORT int name(void *session) { \
        ENTER(name, 0); \
        int result = REAL(int(void *))(session); \
        if (result == 1) note_session(&site, #name, session); \
        return result; \
    }
HANDSHAKES(X)
#undef X

/* --- libgcrypt ------------------------------------------------------------------------------ */

#define X(name, getter) \
    EXPORT unsigned name(void *handle, int algorithm, long c, long d) { \
        ENTER(name, 1); \
        unsigned result = REAL(unsigned(void *, int, long, long))(handle, algorithm, c, d); \
        if (algorithm) NOTE(name, audit_by_number(&site, getter, algorithm), !result, 0); \
        return result; \
    }
GCRYPT_OPENS(X)
#undef X

EXPORT unsigned gcry_md_enable(void *handle, int algorithm) {
    ENTER(gcry_md_enable, 1);
    unsigned result = REAL(unsigned(void *, int))(handle, algorithm);
    NOTE(gcry_md_enable, audit_by_number(&site, GCRY_MD, algorithm), !result, 0);
    return result;
}

EXPORT void gcry_md_hash_buffer(int algorithm, void *out, const void *data, size_t size) {
    ENTER(gcry_md_hash_buffer, );
    /* It ends the program where it is refused, so the note comes first. */
    NOTE(gcry_md_hash_buffer, audit_by_number(&site, GCRY_MD, algorithm), true, 0);
    REAL(void(int, void *, const void *, size_t))(algorithm, out, data, size);
}

/* --- GnuTLS --------------------------------------------------------------------------------- */

#define X(name, getter) \
    EXPORT int name(void *handle, int algorithm, const void *key, size_t size) { \
        ENTER(name, -1); \
        int result = REAL(int(void *, int, const void *, size_t))(handle, algorithm, key, size); \
        NOTE(name, audit_by_number(&site, getter, algorithm), result >= 0, 0); \
        return result; \
    }
GNUTLS_INITS(X)
#undef X

#define X(name, getter) \
    EXPORT int name(int algorithm, const void *b, long c, long d, long e, void *f) { \
        ENTER(name, -1); \
        int result = REAL(int(int, const void *, long, long, long, void *))(algorithm, b, c, d, e, f); \
        NOTE(name, audit_by_number(&site, getter, algorithm), result >= 0, 0); \
        return result; \
    }
GNUTLS_ONCE(X)
#undef X

#define X(name) \
    EXPORT int name(void *where, const char *list, const char **wrong) { \
        ENTER(name, -1); \
        int result = REAL(int(void *, const char *, const char **))(where, list, wrong); \
        NOTE(name, list, result >= 0, 0); \
        return result; \
    }
GNUTLS_PRIORITIES(X)
#undef X

EXPORT int gnutls_handshake(void *session) {
    ENTER(gnutls_handshake, -1);
    int result = REAL(int(void *))(session);
    if (result) return result;
    const char *(*suite)(void *) = audit_getter(&site, GNUTLS_SUITE);
    int (*group)(void *) = audit_getter(&site, GNUTLS_GROUP_OF);
    int (*version)(void *) = audit_getter(&site, GNUTLS_VERSION_OF);
    if (suite) NOTE(gnutls_handshake, suite(session), true, 0);
    if (group) NOTE(gnutls_handshake, audit_by_number(&site, GNUTLS_GROUP, group(session)), true, 0);
    if (version)
        NOTE(gnutls_handshake, audit_by_number(&site, GNUTLS_VERSION, version(session)), true, 0);
    return result;
}

/* --- NSS ------------------------------------------------------------------------------------ */

/* Another library of NSS tells the names. */
static const char *nss_name(int tag) {
    const char *(*name)(int) = audit_symbol("SECOID_FindOIDTagDescription", NULL);
    return name && audit_is_open() ? name(tag) : NULL;
}

EXPORT void *PK11_CreateDigestContext(int tag) {
    ENTER(PK11_CreateDigestContext, NULL);
    void *result = REAL(void *(int))(tag);
    NOTE(PK11_CreateDigestContext, nss_name(tag), result != NULL, 0);
    return result;
}

EXPORT int PK11_HashBuf(int tag, void *out, const void *data, int size) {
    ENTER(PK11_HashBuf, -1);
    int result = REAL(int(int, void *, const void *, int))(tag, out, data, size);
    NOTE(PK11_HashBuf, nss_name(tag), result == 0, 0);
    return result;
}
