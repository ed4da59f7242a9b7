/* Which files and kernel algorithms have to do with FIPS: shared with the preloaded library. */
#ifndef CRYPTO_NAMES_H
#define CRYPTO_NAMES_H
#include <stddef.h>
#include <string.h>

static inline int has_any(const char *text, const char *const *parts)
{
    for (; *parts; parts++)
        if (strstr(text, *parts))
            return 1;
    return 0;
}

static inline int is_crypto(const char *path)
{
    static const char *const parts[] = {
        "libcrypto", "libssl", "fips", "openssl.cnf", "java.security", "bcprov", "bc-noncert",
        "libgcrypt", "libgnutls", "libnettle", "softokn", "freebl", "libnss3", "libsodium",
        "libmbed", "libwolfssl", "ca-bundle", "ca-certificates.crt", "cacerts", "/ossl-modules/",
        "/engines-", "libaws", "libbotan", "symcrypt", "crypto-policies", ".hmac", NULL,
    };
    return has_any(path, parts);
}

/* Kernel crypto by name. A FIPS kernel has no algorithm that its self-tests do not allow. */
static inline int is_refused_algorithm(const char *name)
{
    static const char *const parts[] = {
        "md4", "md5", "arc4", "des)", "blowfish", "cast", "serpent", "twofish", "camellia",
        "chacha", "poly1305", "rmd", "wp512", "seed", "anubis", "tea", "khazad", "blake2",
        "streebog", NULL,
    };
    return !strcmp(name, "des") || has_any(name, parts);
}
#endif
