/* Uses one algorithm of a libcrypto once: a digest, a cipher, a MAC, a derivation, a key.
 *
 * Tells nothing of it: `probe.c` asks, and says what worked.
 */
#include <stdlib.h>
#include <string.h>

#include "probe_keys.h"
#include "probe_library.h"

static const unsigned char message[] = "probe";
#define MESSAGE message, sizeof(message) - 1

/* --- parameters ---------------------------------------------------------------------------- */

static Param text(const char *key, const char *value) {
  return (Param){key, TEXT, (void *)value, strlen(value), (size_t)-1};
}
static Param octets(const char *key, size_t size) {
  return (Param){key, OCTETS, bytes, size, (size_t)-1};
}
static Param number(const char *key, uint64_t *value) {
  return (Param){key, UNSIGNED, value, sizeof(*value), (size_t)-1};
}
static const Param end = {0};

/* --- digests, ciphers, MACs ---------------------------------------------------------------- */

static Thing *digest(const char *name) {
  if (p_EVP_MD_fetch) return p_EVP_MD_fetch(NULL, name, NULL);
  return NEED(EVP_get_digestbyname) ? p_EVP_get_digestbyname(name) : NULL;
}

int use_digest(const char *name) {
  unsigned int size;
  Thing *md = digest(name), *ctx = p_EVP_MD_CTX_new();
  if (!md || !p_EVP_DigestInit_ex(ctx, md, NULL) || !p_EVP_DigestUpdate(ctx, MESSAGE)) return 0;
  unsigned long flags = p_EVP_MD_get_flags ? p_EVP_MD_get_flags(md)
                        : p_EVP_MD_flags   ? p_EVP_MD_flags(md)
                                           : 0;
  if (flags & 2) return p_EVP_DigestFinalXOF(ctx, scratch, 32); /* of any length */
  return p_EVP_DigestFinal_ex(ctx, scratch, &size);
}

int use_cipher(const char *name) {
  int size;
  Thing *ctx = p_EVP_CIPHER_CTX_new();
  Thing *cipher = p_EVP_CIPHER_fetch         ? p_EVP_CIPHER_fetch(NULL, name, NULL)
                  : NEED(EVP_get_cipherbyname) ? p_EVP_get_cipherbyname(name)
                                             : NULL;
  if (!cipher) return 0;
  if (p_EVP_CIPHER_CTX_set_flags) p_EVP_CIPHER_CTX_set_flags(ctx, 1); /* allows key wrapping */
  return p_EVP_EncryptInit_ex(ctx, cipher, NULL, bytes, bytes) &&
         p_EVP_EncryptUpdate(ctx, scratch, &size, bytes, 32);
}

int use_mac(const char *name, const char *hash, size_t key) {
  size_t size;
  if (!p_EVP_MAC_fetch) {
    unsigned int length;
    Thing *md = strcmp(name, "HMAC") || !NEED(HMAC) ? NULL : digest(hash);
    return md && p_HMAC(md, bytes, (int)key, MESSAGE, scratch, &length) != NULL;
  }
  Thing *mac = p_EVP_MAC_fetch(NULL, name, NULL);
  Thing *ctx = mac ? p_EVP_MAC_CTX_new(mac) : NULL;
  Param parameters[3] = {end, end, end};
  if (!strcmp(name, "HMAC")) parameters[0] = text("digest", hash);
  if (!strcmp(name, "CMAC")) parameters[0] = text("cipher", "AES-128-CBC");
  if (!strcmp(name, "GMAC")) {
    parameters[0] = text("cipher", "AES-128-GCM");
    parameters[1] = octets("iv", 12);
  }
  return ctx && p_EVP_MAC_init(ctx, bytes, key, parameters) && p_EVP_MAC_update(ctx, MESSAGE) &&
         p_EVP_MAC_final(ctx, scratch, &size, sizeof(scratch));
}

size_t mac_key(const char *name) {
  static const char *short_keys[] = {"CMAC", "GMAC", "SIPHASH"};
  for (size_t i = 0; i < COUNT(short_keys); i++)
    if (!strcmp(name, short_keys[i])) return 16;
  return 32;
}

/* --- key derivation ------------------------------------------------------------------------- */

int use_kdf(const char *name, size_t salt, uint64_t rounds) {
  uint64_t cost = 16, block = 8, one = 1, lanes = 1, memory = 64, id = 1;
  char type[] = "A";
  if (!p_EVP_KDF_fetch) {
    Thing *md = strcmp(name, "PBKDF2") || !NEED(PKCS5_PBKDF2_HMAC) ? NULL : digest("SHA256");
    return md && p_PKCS5_PBKDF2_HMAC((const char *)bytes, 16, bytes, (int)salt, (int)rounds, md,
                                     32, scratch);
  }
  Thing *kdf = p_EVP_KDF_fetch(NULL, name, NULL);
  Thing *ctx = kdf ? p_EVP_KDF_CTX_new(kdf) : NULL;
  if (!ctx) return 0;
  Param list[16];
  size_t n = 0, length = 32;
#define IS(text) (!strcmp(name, text))
  if (IS("KRB5KDF")) {
    list[n++] = text("cipher", "AES-128-CBC");
    list[n++] = octets("key", 16);
    list[n++] = octets("constant", 16);
    length = 16;
  } else if (IS("SCRYPT") || !strncmp(name, "ARGON2", 6)) {
    list[n++] = octets("pass", 16);
    list[n++] = octets("salt", 16);
    if (IS("SCRYPT")) {
      list[n++] = number("n", &cost);
      list[n++] = number("r", &block);
      list[n++] = number("p", &one);
    } else {
      list[n++] = number("iter", &one);
      list[n++] = number("lanes", &lanes);
      list[n++] = number("memcost", &memory);
    }
  } else {
    list[n++] = text("digest", IS("PBKDF1") ? "SHA1" : "SHA256");
    if (!strncmp(name, "PBKDF", 5) || IS("PKCS12KDF") || IS("PVKKDF")) {
      list[n++] = octets("pass", 16);
      list[n++] = octets("salt", IS("PBKDF1") ? 8 : salt);
      list[n++] = number("iter", &rounds);
      if (IS("PKCS12KDF")) list[n++] = number("id", &id);
      if (IS("PBKDF1")) length = 16;
    } else if (IS("TLS1-PRF")) {
      list[n++] = octets("secret", 48);
      list[n++] = octets("seed", 32);
    } else if (IS("SSHKDF")) {
      list[n++] = octets("key", 32);
      list[n++] = octets("xcghash", 32);
      list[n++] = octets("session_id", 32);
      list[n++] = text("type", type);
    } else if (!strncmp(name, "X942KDF", 7)) {
      list[n++] = octets("secret", 32);
      list[n++] = IS("X942KDF-ASN1") ? text("cekalg", "AES-256-WRAP") : octets("info", 16);
    } else if (IS("TLS13-KDF")) {
      list[n++] = text("mode", "EXTRACT_ONLY");
      list[n++] = octets("key", 32);
      list[n++] = octets("prefix", 6);
      list[n++] = octets("label", 7);
    } else {
      list[n++] = octets("key", 32);
      list[n++] = octets("salt", 16);
      list[n++] = octets("info", 16);
      if (IS("KBKDF")) list[n++] = text("mac", "HMAC");
    }
  }
#undef IS
  list[n] = end;
  return p_EVP_KDF_derive(ctx, scratch, length, list) > 0;
}

/* --- keys ----------------------------------------------------------------------------------- */

Thing *stored_key(int bits) {
  const unsigned char *at = bits == 1024 ? rsa_1024 : rsa_2048;
  long size = bits == 1024 ? (long)sizeof(rsa_1024) : (long)sizeof(rsa_2048);
  return p_d2i_PrivateKey(6, NULL, &at, size);
}

Thing *new_key(const char *type, const char *option, const char *value) {
  static const struct { const char *name; int id; } ids[] = {
      {"EC", 408}, {"DH", 28}, {"X25519", 1034}, {"X448", 1035}, {"ED25519", 1087},
      {"ED448", 1088}};
  Thing *ctx = NULL, *key = NULL;
  if (p_EVP_PKEY_CTX_new_from_name) ctx = p_EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
  for (size_t i = 0; !p_EVP_PKEY_CTX_new_from_name && i < COUNT(ids); i++)
    if (!strcmp(ids[i].name, type)) ctx = p_EVP_PKEY_CTX_new_id(ids[i].id, NULL);
  if (!ctx || p_EVP_PKEY_keygen_init(ctx) <= 0) return NULL;
  if (option && p_EVP_PKEY_CTX_ctrl_str(ctx, option, value) <= 0) return NULL;
  return p_EVP_PKEY_keygen(ctx, &key) > 0 ? key : NULL;
}

int sign(Thing *key, const char *hash, int pss) {
  size_t size = sizeof(scratch);
  Thing *ctx = p_EVP_MD_CTX_new(), *settings = NULL, *md = hash ? digest(hash) : NULL;
  if (!key || (hash && !md) || !NEED(EVP_DigestSign)) return 0;
  if (p_EVP_DigestSignInit(ctx, &settings, md, NULL, key) <= 0) return 0;
  if (pss && p_EVP_PKEY_CTX_ctrl_str(settings, "rsa_padding_mode", "pss") <= 0) return 0;
  return p_EVP_DigestSign(ctx, scratch, &size, MESSAGE) > 0;
}

int verify(Thing *key, const char *hash, const unsigned char *signature, size_t size) {
  Thing *ctx = p_EVP_MD_CTX_new(), *md = digest(hash);
  if (!key || !md || !NEED(EVP_DigestVerify)) return 0;
  if (p_EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) <= 0) return 0;
  return p_EVP_DigestVerify(ctx, signature, size, MESSAGE) > 0;
}

int agree(Thing *key) {
  size_t size = sizeof(scratch);
  Thing *ctx = key ? p_EVP_PKEY_CTX_new(key, NULL) : NULL;
  return ctx && p_EVP_PKEY_derive_init(ctx) > 0 && p_EVP_PKEY_derive_set_peer(ctx, key) > 0 &&
         p_EVP_PKEY_derive(ctx, scratch, &size) > 0;
}

int transport(Thing *key, const char *padding) {
  size_t size = sizeof(scratch);
  Thing *ctx = key ? p_EVP_PKEY_CTX_new(key, NULL) : NULL;
  return ctx && p_EVP_PKEY_encrypt_init(ctx) > 0 &&
         p_EVP_PKEY_CTX_ctrl_str(ctx, "rsa_padding_mode", padding) > 0 &&
         p_EVP_PKEY_encrypt(ctx, scratch, &size, bytes, 32) > 0;
}

int encapsulate(Thing *key) {
  unsigned char secret[64], again[64];
  size_t size = sizeof(scratch), length = sizeof(secret), second = sizeof(again);
  if (!key || !NEED(EVP_PKEY_encapsulate_init) || !NEED(EVP_PKEY_decapsulate_init)) return 0;
  Thing *in = p_EVP_PKEY_CTX_new(key, NULL), *out = p_EVP_PKEY_CTX_new(key, NULL);
  return p_EVP_PKEY_encapsulate_init(in, NULL) > 0 &&
         p_EVP_PKEY_encapsulate(in, scratch, &size, secret, &length) > 0 &&
         p_EVP_PKEY_decapsulate_init(out, NULL) > 0 &&
         p_EVP_PKEY_decapsulate(out, again, &second, scratch, size) > 0 && length == second &&
         !memcmp(secret, again, length);
}
