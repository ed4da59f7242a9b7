/* The interface of libcrypto as the probe uses it, and what its two halves share. */
#ifndef PROBE_LIBRARY_H
#define PROBE_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct {
  const char *key;
  unsigned int type;
  void *data;
  size_t size;
  size_t returned;
} Param; /* OSSL_PARAM, whose layout is part of the library's ABI */
enum { INTEGER = 1, UNSIGNED = 2, TEXT = 4, OCTETS = 5, TEXT_POINTER = 6 };

typedef void Thing;
typedef void Visit(Thing *, void *);

#define FUNCTIONS(F)                                                                              \
  F(unsigned long, OpenSSL_version_num, (void))                                                   \
  F(const char *, OpenSSL_version, (int))                                                         \
  F(int, OPENSSL_init_crypto, (uint64_t, const void *))                                           \
  F(unsigned long, ERR_peek_error, (void))                                                        \
  F(void, ERR_clear_error, (void))                                                                \
  F(const char *, ERR_reason_error_string, (unsigned long))                                       \
  F(const char *, ERR_lib_error_string, (unsigned long))                                          \
  F(int, FIPS_mode, (void))                                                                       \
  F(int, EVP_default_properties_is_fips_enabled, (Thing *))                                       \
  F(int, OSSL_PROVIDER_do_all, (Thing *, int (*)(Thing *, void *), void *))                       \
  F(const char *, OSSL_PROVIDER_get0_name, (Thing *))                                             \
  F(int, OSSL_PROVIDER_get_params, (Thing *, Param *))                                            \
  F(int, RAND_bytes, (unsigned char *, int))                                                      \
  F(void, EVP_MD_do_all_provided, (Thing *, Visit *, void *))                                     \
  F(void, EVP_MD_do_all, (void (*)(Thing *, const char *, const char *, void *), void *))         \
  F(const char *, EVP_MD_get0_name, (Thing *))                                                    \
  F(Thing *, EVP_MD_fetch, (Thing *, const char *, const char *))                                 \
  F(Thing *, EVP_get_digestbyname, (const char *))                                                \
  F(unsigned long, EVP_MD_get_flags, (Thing *))                                                   \
  F(unsigned long, EVP_MD_flags, (Thing *))                                                       \
  F(Thing *, EVP_MD_CTX_new, (void))                                                              \
  F(int, EVP_DigestInit_ex, (Thing *, Thing *, Thing *))                                          \
  F(int, EVP_DigestUpdate, (Thing *, const void *, size_t))                                       \
  F(int, EVP_DigestFinal_ex, (Thing *, unsigned char *, unsigned int *))                          \
  F(int, EVP_DigestFinalXOF, (Thing *, unsigned char *, size_t))                                  \
  F(void, EVP_CIPHER_do_all_provided, (Thing *, Visit *, void *))                                 \
  F(void, EVP_CIPHER_do_all, (void (*)(Thing *, const char *, const char *, void *), void *))     \
  F(const char *, EVP_CIPHER_get0_name, (Thing *))                                                \
  F(Thing *, EVP_CIPHER_fetch, (Thing *, const char *, const char *))                             \
  F(Thing *, EVP_get_cipherbyname, (const char *))                                                \
  F(Thing *, EVP_CIPHER_CTX_new, (void))                                                          \
  F(void, EVP_CIPHER_CTX_set_flags, (Thing *, int))                                               \
  F(int, EVP_EncryptInit_ex,                                                                      \
    (Thing *, Thing *, Thing *, const unsigned char *, const unsigned char *))                    \
  F(int, EVP_EncryptUpdate, (Thing *, unsigned char *, int *, const unsigned char *, int))        \
  F(void, EVP_MAC_do_all_provided, (Thing *, Visit *, void *))                                    \
  F(const char *, EVP_MAC_get0_name, (Thing *))                                                   \
  F(Thing *, EVP_MAC_fetch, (Thing *, const char *, const char *))                                \
  F(Thing *, EVP_MAC_CTX_new, (Thing *))                                                          \
  F(int, EVP_MAC_init, (Thing *, const unsigned char *, size_t, const Param *))                   \
  F(int, EVP_MAC_update, (Thing *, const unsigned char *, size_t))                                \
  F(int, EVP_MAC_final, (Thing *, unsigned char *, size_t *, size_t))                             \
  F(unsigned char *, HMAC,                                                                        \
    (Thing *, const void *, int, const unsigned char *, size_t, unsigned char *,                  \
     unsigned int *))                                                                             \
  F(void, EVP_KDF_do_all_provided, (Thing *, Visit *, void *))                                    \
  F(const char *, EVP_KDF_get0_name, (Thing *))                                                   \
  F(Thing *, EVP_KDF_fetch, (Thing *, const char *, const char *))                                \
  F(Thing *, EVP_KDF_CTX_new, (Thing *))                                                          \
  F(int, EVP_KDF_derive, (Thing *, unsigned char *, size_t, const Param *))                       \
  F(int, PKCS5_PBKDF2_HMAC,                                                                       \
    (const char *, int, const unsigned char *, int, int, Thing *, int, unsigned char *))          \
  F(void, EVP_SIGNATURE_do_all_provided, (Thing *, Visit *, void *))                              \
  F(const char *, EVP_SIGNATURE_get0_name, (Thing *))                                             \
  F(Thing *, EVP_SIGNATURE_fetch, (Thing *, const char *, const char *))                          \
  F(void, EVP_KEYEXCH_do_all_provided, (Thing *, Visit *, void *))                                \
  F(const char *, EVP_KEYEXCH_get0_name, (Thing *))                                               \
  F(Thing *, EVP_KEYEXCH_fetch, (Thing *, const char *, const char *))                            \
  F(void, EVP_KEM_do_all_provided, (Thing *, Visit *, void *))                                    \
  F(const char *, EVP_KEM_get0_name, (Thing *))                                                   \
  F(Thing *, EVP_KEM_fetch, (Thing *, const char *, const char *))                                \
  F(void, EVP_RAND_do_all_provided, (Thing *, Visit *, void *))                                   \
  F(const char *, EVP_RAND_get0_name, (Thing *))                                                  \
  F(Thing *, EVP_RAND_fetch, (Thing *, const char *, const char *))                               \
  F(Thing *, d2i_PrivateKey, (int, Thing **, const unsigned char **, long))                       \
  F(Thing *, EVP_PKEY_CTX_new_from_name, (Thing *, const char *, const char *))                   \
  F(Thing *, EVP_PKEY_CTX_new_id, (int, Thing *))                                                 \
  F(Thing *, EVP_PKEY_CTX_new, (Thing *, Thing *))                                                \
  F(int, EVP_PKEY_CTX_ctrl_str, (Thing *, const char *, const char *))                            \
  F(int, EVP_PKEY_keygen_init, (Thing *))                                                         \
  F(int, EVP_PKEY_keygen, (Thing *, Thing **))                                                    \
  F(int, EVP_DigestSignInit, (Thing *, Thing **, Thing *, Thing *, Thing *))                      \
  F(int, EVP_DigestSign,                                                                          \
    (Thing *, unsigned char *, size_t *, const unsigned char *, size_t))                          \
  F(int, EVP_DigestVerifyInit, (Thing *, Thing **, Thing *, Thing *, Thing *))                    \
  F(int, EVP_DigestVerify,                                                                        \
    (Thing *, const unsigned char *, size_t, const unsigned char *, size_t))                      \
  F(int, EVP_PKEY_derive_init, (Thing *))                                                         \
  F(int, EVP_PKEY_derive_set_peer, (Thing *, Thing *))                                            \
  F(int, EVP_PKEY_derive, (Thing *, unsigned char *, size_t *))                                   \
  F(int, EVP_PKEY_encrypt_init, (Thing *))                                                        \
  F(int, EVP_PKEY_encrypt,                                                                        \
    (Thing *, unsigned char *, size_t *, const unsigned char *, size_t))                          \
  F(int, EVP_PKEY_encapsulate_init, (Thing *, const Param *))                                     \
  F(int, EVP_PKEY_encapsulate,                                                                    \
    (Thing *, unsigned char *, size_t *, unsigned char *, size_t *))                              \
  F(int, EVP_PKEY_decapsulate_init, (Thing *, const Param *))                                     \
  F(int, EVP_PKEY_decapsulate,                                                                    \
    (Thing *, unsigned char *, size_t *, const unsigned char *, size_t))

#define DECLARE(type, name, arguments) extern type(*p_##name) arguments;
FUNCTIONS(DECLARE)
#define NEED(name) (p_##name != NULL || (lacking = #name, 0))

extern const char *lacking; /* the function that the library does not have */
extern unsigned char scratch[65536];
extern unsigned char bytes[64];

/* Each uses an algorithm once, and returns whether that worked. */
int use_digest(const char *name);
int use_cipher(const char *name);
int use_mac(const char *name, const char *hash, size_t key);
int use_kdf(const char *name, size_t salt, uint64_t rounds);
int sign(Thing *key, const char *hash, int pss);
int verify(Thing *key, const char *hash, const unsigned char *signature, size_t size);
int agree(Thing *key);
int transport(Thing *key, const char *padding);
int encapsulate(Thing *key);

size_t mac_key(const char *name);
Thing *stored_key(int bits);
Thing *new_key(const char *type, const char *option, const char *value);

#endif
