/* Every function that the audit puts itself before, once: X(name), and what they have in common. */
#ifndef FIPS_AUDIT_FUNCTIONS_H
#define FIPS_AUDIT_FUNCTIONS_H

#include "audit.h"

#define FETCHES(X) \
    X(EVP_MD_fetch) X(EVP_CIPHER_fetch) X(EVP_MAC_fetch) X(EVP_KDF_fetch) X(EVP_RAND_fetch) \
    X(EVP_SIGNATURE_fetch) X(EVP_KEYEXCH_fetch) X(EVP_KEYMGMT_fetch) X(EVP_KEM_fetch) \
    X(EVP_ASYM_CIPHER_fetch) X(EVP_PKEY_CTX_new_from_name)
#define LOOK_UPS(X) X(EVP_get_digestbyname) X(EVP_get_cipherbyname)
#define DIGEST_INITS(X) X(EVP_DigestInit) X(EVP_DigestInit_ex) X(EVP_DigestInit_ex2)
#define CIPHER_INITS(X) \
    X(EVP_CipherInit) X(EVP_CipherInit_ex) X(EVP_CipherInit_ex2) X(EVP_EncryptInit) \
    X(EVP_EncryptInit_ex) X(EVP_EncryptInit_ex2) X(EVP_DecryptInit) X(EVP_DecryptInit_ex) \
    X(EVP_DecryptInit_ex2)
#define SIGN_INITS(X) X(EVP_DigestSignInit) X(EVP_DigestVerifyInit)
#define SIGN_INITS_BY_NAME(X) X(EVP_DigestSignInit_ex) X(EVP_DigestVerifyInit_ex)
/* Of OpenSSL's oldest interface: they never reach a provider. */
#define LOW_INITS(X) \
    X(MD2_Init, "MD2") X(MD4_Init, "MD4") X(MD5_Init, "MD5") X(RIPEMD160_Init, "RIPEMD160") \
    X(WHIRLPOOL_Init, "WHIRLPOOL") X(SHA1_Init, "SHA1") X(SHA224_Init, "SHA224") \
    X(SHA256_Init, "SHA256") X(SHA384_Init, "SHA384") X(SHA512_Init, "SHA512")
#define LOW_KEYS(X) \
    X(AES_set_encrypt_key, "AES") X(AES_set_decrypt_key, "AES") X(DES_set_key, "DES") \
    X(DES_set_key_checked, "DES") X(DES_set_key_unchecked, "DES") X(RC2_set_key, "RC2") \
    X(RC4_set_key, "RC4") X(BF_set_key, "BF") X(CAST_set_key, "CAST5") \
    X(IDEA_set_encrypt_key, "IDEA") X(SEED_set_key, "SEED") X(Camellia_set_key, "CAMELLIA")
#define ONE_SHOTS(X) \
    X(MD4, "MD4") X(MD5, "MD5") X(RIPEMD160, "RIPEMD160") X(SHA1, "SHA1") X(SHA224, "SHA224") \
    X(SHA256, "SHA256") X(SHA384, "SHA384") X(SHA512, "SHA512")
#define TLS_CONTEXTS(X) X(SSL_CTX_new) X(SSL_CTX_new_ex)
#define TLS_LISTS(X) \
    X(SSL_CTX_set_cipher_list) X(SSL_CTX_set_ciphersuites) X(SSL_set_cipher_list) \
    X(SSL_set_ciphersuites)
#define TLS_CONTROLS(X) X(SSL_CTX_ctrl) X(SSL_ctrl)
#define HANDSHAKES(X) X(SSL_do_handshake) X(SSL_accept) X(SSL_connect)
#define GCRYPT_OPENS(X) \
    X(gcry_md_open, GCRY_MD) X(gcry_cipher_open, GCRY_CIPHER) X(gcry_mac_open, GCRY_MAC)
#define GNUTLS_INITS(X) \
    X(gnutls_hash_init, GNUTLS_DIGEST) X(gnutls_hmac_init, GNUTLS_MAC) \
    X(gnutls_cipher_init, GNUTLS_CIPHER) X(gnutls_aead_cipher_init, GNUTLS_CIPHER)
#define GNUTLS_ONCE(X) X(gnutls_hash_fast, GNUTLS_DIGEST) X(gnutls_hmac_fast, GNUTLS_MAC)
#define GNUTLS_PRIORITIES(X) X(gnutls_priority_init) X(gnutls_priority_set_direct)
#define OTHERS(X) \
    X(EVP_PKEY_CTX_new_id) X(EVP_Digest) X(EVP_Q_digest) X(EVP_BytesToKey) X(HMAC) \
    X(HMAC_Init_ex) X(PKCS5_PBKDF2_HMAC) X(FIPS_mode_set) X(OSSL_PROVIDER_load) \
    X(EVP_default_properties_enable_fips) X(gcry_md_enable) X(gcry_md_hash_buffer) \
    X(gnutls_handshake) X(PK11_CreateDigestContext) X(PK11_HashBuf)
#define EVERY(X) \
    FETCHES(X) LOOK_UPS(X) DIGEST_INITS(X) CIPHER_INITS(X) SIGN_INITS(X) SIGN_INITS_BY_NAME(X) \
    LOW_INITS(X) LOW_KEYS(X) ONE_SHOTS(X) TLS_CONTEXTS(X) TLS_LISTS(X) TLS_CONTROLS(X) \
    HANDSHAKES(X) GCRYPT_OPENS(X) GNUTLS_INITS(X) GNUTLS_ONCE(X) GNUTLS_PRIORITIES(X) OTHERS(X)

#define EXPORT __attribute__((visibility("default")))
#define HERE ((uintptr_t)__builtin_return_address(0))

enum {
#define X(name, ...) F_##name,
    EVERY(X)
#undef X
    FUNCTIONS
};
_Static_assert(FUNCTIONS < 256, "a function's number has eight bits in the key of a place");

/* Looks up what the function `name` stands before, or gives `refused` where there is no such. */
#define ENTER(name, refused) \
    struct site site __attribute__((cleanup(audit_leave))); \
    if (!audit_site(F_##name, HERE, &site)) return refused
#define REAL(type) ((__typeof__(type) *)site.real)
#define NOTE(name, algorithm, granted, flags) \
    audit_note(&site, #name, algorithm, granted, flags)

void *audit_getter(const struct site *site, enum getter which);
const char *audit_by_number(const struct site *site, enum getter which, long number);

#endif
