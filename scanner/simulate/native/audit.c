/* Notes which algorithms a program asks its crypto libraries for, and which it is refused.
 *
 * Loaded before a program by LD_PRELOAD, under glibc and musl alike: of libc it asks for nothing
 * but dl_iterate_phdr. Each function here has the name of one of a library's, calls that one with
 * the same arguments, notes name and result, and gives the result back. It never calls anything
 * that changes the library's state or its error queue, and where it cannot do its work it does
 * nothing but to pass the call on. */
#include <stddef.h>

#include "audit.h"
#include "audit_functions.h"

#define MOST_NIDS 1000 /* below it every OpenSSL knows them, and reports no error */

/* --- names ------------------------------------------------------------------------------- */

void *audit_getter(const struct site *site, enum getter which) {
    if (!site->library || site->internal || !audit_is_open() || which >= GETTERS) return NULL;
    return site->library->get[which];
}

const char *audit_by_number(const struct site *site, enum getter which, long number) {
    const char *(*name)(int) = (const char *(*)(int))audit_getter(site, which);
    return name ? name((int)number) : NULL;
}

static const char *by_nid(const struct site *site, int nid) {
    return nid > 0 && nid < MOST_NIDS ? audit_by_number(site, NID_NAME, nid) : NULL;
}

/* The name of an EVP_MD or EVP_CIPHER. NULL for one that was fetched: that was noted then. */
static const char *method_name(const struct site *site, const void *method, enum getter provider,
                               enum getter name, enum getter nid, enum getter nid3) {
    if (!method) return NULL;
    const void *(*provider_of)(const void *) = audit_getter(site, provider);
    if (provider_of && provider_of(method)) return NULL;
    const char *(*name_of)(const void *) = audit_getter(site, name);
    if (name_of) return name_of(method);
    int (*nid_of)(const void *) = audit_getter(site, nid);
    if (!nid_of) nid_of = audit_getter(site, nid3);
    return nid_of ? by_nid(site, nid_of(method)) : NULL;
}

static const char *digest_name(const struct site *site, const void *digest) {
    return method_name(site, digest, MD_PROVIDER, MD_NAME, MD_NID, MD_NID_3);
}

/* As above, and also of one that was fetched. */
static const char *any_digest(const struct site *site, const void *digest) {
    return method_name(site, digest, GETTERS, MD_NAME, MD_NID, MD_NID_3);
}

static const char *key_name(const struct site *site, const void *key) {
    if (!key) return NULL;
    const char *(*name_of)(const void *) = audit_getter(site, KEY_NAME);
    if (name_of) return name_of(key);
    int (*nid_of)(const void *) = audit_getter(site, OLD_KEY_NID);
    if (!nid_of) nid_of = audit_getter(site, KEY_NID);
    return nid_of ? by_nid(site, nid_of(key)) : NULL;
}

/* Two names as one; either may be missing. */
static const char *joined(char *room, const char *first, const char *second) {
    unsigned at = 0;
    for (; first && *first && at < AUDIT_NAME / 2; first++) room[at++] = *first;
    if (at && second && *second) room[at++] = '-';
    for (; second && *second && at < AUDIT_NAME - 1; second++) room[at++] = *second;
    room[at] = 0;
    return room;
}

/* Whether a property query says that an algorithm outside the module will do. */
static unsigned opted_out(const char *properties) {
    static const char *const ways[] = {"-fips", "fips=no", "fips!=yes"};
    for (; properties && *properties; properties++)
        for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
            const char *text = properties, *way = ways[i];
            while (*way && *text == *way) text++, way++;
            if (!*way) return AUDIT_OPTED_OUT;
        }
    return 0;
}

/* --- OpenSSL: algorithms ------------------------------------------------------------------ */

#define X(name) \
    EXPORT void *name(void *context, const char *algorithm, const char *properties) { \
        ENTER(name, NULL); \
        void *result = REAL(void *(void *, const char *, const char *))(context, algorithm, \
                                                                          properties); \
        NOTE(name, algorithm, result != NULL, opted_out(properties)); \
        return result; \
    }
FETCHES(X)
#undef X

#define X(name) \
    EXPORT void *name(const char *algorithm) { \
        ENTER(name, NULL); \
        void *result = REAL(void *(const char *))(algorithm); \
        NOTE(name, algorithm, result != NULL, 0); \
        return result; \
    }
LOOK_UPS(X)
#undef X

#define X(name) \
    EXPORT int name(void *context, void *digest, void *more) { \
        ENTER(name, 0); \
        int result = REAL(int(void *, void *, void *))(context, digest, more); \
        NOTE(name, digest_name(&site, digest), result == 1, 0); \
        return result; \
    }
DIGEST_INITS(X)
#undef X

#define X(name) \
    EXPORT int name(void *context, void *cipher, long c, long d, long e, long f) { \
        ENTER(name, 0); \
        int result = REAL(int(void *, void *, long, long, long, long))(context, cipher, c, d, e, f); \
        NOTE(name, method_name(&site, cipher, CIPHER_PROVIDER, CIPHER_NAME, CIPHER_NID, \
                               CIPHER_NID_3), result == 1, 0); \
        return result; \
    }
CIPHER_INITS(X)
#undef X

#define X(name) \
    EXPORT int name(void *context, void **pkey_context, void *digest, void *engine, void *key) { \
        ENTER(name, 0); \
        char room[AUDIT_NAME]; \
        int result = REAL(int(void *, void **, void *, void *, void *))(context, pkey_context, \
                                                                         digest, engine, key); \
        NOTE(name, joined(room, key_name(&site, key), any_digest(&site, digest)), result > 0, 0); \
        return result; \
    }
SIGN_INITS(X)
#undef X

#define X(name) \
    EXPORT int name(void *context, void **pkey_context, const char *digest, void *library, \
                    const char *properties, void *key, void *parameters) { \
        ENTER(name, 0); \
        char room[AUDIT_NAME]; \
        int result = REAL(int(void *, void **, const char *, void *, const char *, void *, void *))( \
            context, pkey_context, digest, library, properties, key, parameters); \
        NOTE(name, joined(room, key_name(&site, key), digest), result > 0, opted_out(properties)); \
        return result; \
    }
SIGN_INITS_BY_NAME(X)
#undef X

#define X(name, algorithm) \
    EXPORT long name(void *context) { \
        ENTER(name, 0); \
        long result = REAL(long(void *))(context); \
        NOTE(name, algorithm, (int)result == 1, 0); \
        return result; \
    }
LOW_INITS(X)
#undef X

/* What they give back differs; a refusal of theirs ends the program, where there is one. */
#define X(name, algorithm) \
    EXPORT long name(long a, long b, long c, long d) { \
        ENTER(name, 0); \
        NOTE(name, algorithm, true, 0); \
        return REAL(long(long, long, long, long))(a, b, c, d); \
    }
LOW_KEYS(X)
#undef X

#define X(name, algorithm) \
    EXPORT void *name(const void *data, size_t size, void *digest) { \
        ENTER(name, NULL); \
        void *result = REAL(void *(const void *, size_t, void *))(data, size, digest); \
        NOTE(name, algorithm, result != NULL, 0); \
        return result; \
    }
ONE_SHOTS(X)
#undef X

EXPORT void *EVP_PKEY_CTX_new_id(int nid, void *engine) {
    ENTER(EVP_PKEY_CTX_new_id, NULL);
    void *result = REAL(void *(int, void *))(nid, engine);
    NOTE(EVP_PKEY_CTX_new_id, by_nid(&site, nid), result != NULL, 0);
    return result;
}

EXPORT int EVP_Digest(const void *data, size_t count, void *out, void *size, void *digest,
                      void *engine) {
    ENTER(EVP_Digest, 0);
    int result = REAL(int(const void *, size_t, void *, void *, void *, void *))(data, count, out,
                                                                                size, digest, engine);
    NOTE(EVP_Digest, digest_name(&site, digest), result == 1, 0);
    return result;
}

EXPORT int EVP_Q_digest(void *library, const char *name, const char *properties, const void *data,
                        size_t size, void *out, size_t *out_size) {
    ENTER(EVP_Q_digest, 0);
    int result = REAL(int(void *, const char *, const char *, const void *, size_t, void *, size_t *))(
        library, name, properties, data, size, out, out_size);
    NOTE(EVP_Q_digest, name, result == 1, opted_out(properties));
    return result;
}

EXPORT int EVP_BytesToKey(void *cipher, void *digest, const void *salt, const void *data, int size,
                          int rounds, void *key, void *iv) {
    ENTER(EVP_BytesToKey, 0);
    int result = REAL(int(void *, void *, const void *, const void *, int, int, void *, void *))(
        cipher, digest, salt, data, size, rounds, key, iv);
    NOTE(EVP_BytesToKey, any_digest(&site, digest), result > 0, 0);
    return result;
}

EXPORT void *HMAC(void *digest, const void *key, int key_size, const void *data, size_t size,
                  void *out, void *out_size) {
    ENTER(HMAC, NULL);
    char room[AUDIT_NAME];
    void *result = REAL(void *(void *, const void *, int, const void *, size_t, void *, void *))(
        digest, key, key_size, data, size, out, out_size);
    NOTE(HMAC, joined(room, "HMAC", any_digest(&site, digest)), result != NULL, 0);
    return result;
}

EXPORT int HMAC_Init_ex(void *context, const void *key, int size, void *digest, void *engine) {
    ENTER(HMAC_Init_ex, 0);
    char room[AUDIT_NAME];
    int result = REAL(int(void *, const void *, int, void *, void *))(context, key, size, digest,
                                                                     engine);
    const char *name = any_digest(&site, digest);
    NOTE(HMAC_Init_ex, name ? joined(room, "HMAC", name) : NULL, result == 1, 0);
    return result;
}

EXPORT int PKCS5_PBKDF2_HMAC(const void *pass, int pass_size, const void *salt, int salt_size,
                             int rounds, void *digest, int size, void *out) {
    ENTER(PKCS5_PBKDF2_HMAC, 0);
    char room[AUDIT_NAME];
    int result = REAL(int(const void *, int, const void *, int, int, void *, int, void *))(
        pass, pass_size, salt, salt_size, rounds, digest, size, out);
    NOTE(PKCS5_PBKDF2_HMAC, joined(room, "PBKDF2", any_digest(&site, digest)), result == 1, 0);
    return result;
}

/* --- OpenSSL: FIPS mode -------------------------------------------------------------------- */

EXPORT int FIPS_mode_set(int on) {
    ENTER(FIPS_mode_set, 0);
    int result = REAL(int(int))(on);
    NOTE(FIPS_mode_set, on ? "1" : "0", result == 1, 0);
    return result;
}

EXPORT void *OSSL_PROVIDER_load(void *library, const char *name) {
    ENTER(OSSL_PROVIDER_load, NULL);
    void *result = REAL(void *(void *, const char *))(library, name);
    NOTE(OSSL_PROVIDER_load, name, result != NULL, 0);
    return result;
}

EXPORT int EVP_default_properties_enable_fips(void *library, int on) {
    ENTER(EVP_default_properties_enable_fips, 0);
    int result = REAL(int(void *, int))(library, on);
    NOTE(EVP_default_properties_enable_fips, on ? "fips=yes" : "fips=no", result == 1, 0);
    return result;
}
