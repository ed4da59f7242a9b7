/* Asks a libcrypto what it offers, by using each algorithm once.
 *
 *   LOADER probe /path/libcrypto.so.3
 *
 * Runs in a container, through the loader of its image, under the configuration that the library
 * finds there. Works with OpenSSL 1.1.1 and later, and is built against neither: every function
 * is looked up in the library, and one that it lacks makes the algorithm unavailable.
 *
 * Each line on stdout is one JSON object: kind, name, whether it worked, and why not. A child does
 * the asking, so that a crash or a hang costs one algorithm: the next child goes on after it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe_keys.h"
#include "probe_library.h"

#define ITEM_SECONDS 2
#define TOTAL_SECONDS 9
#define MAX_ITEMS 700
#define MAX_RESTARTS 12
#define DEFINE(type, name, arguments) type(*p_##name) arguments;
FUNCTIONS(DEFINE)

static struct Shared {
  volatile int item;
  volatile int busy;
  char kind[16];
  char name[80];
} *shared;

static int first;                  /* items before this one are done */
static int item;                   /* of the one at hand, counted from 1 */
static const char *enumerated[MAX_ITEMS];
const char *lacking;
unsigned char scratch[65536];
unsigned char bytes[64];

/* --- telling ------------------------------------------------------------------------------- */

static void tell(const char *kind, const char *name, int worked, const char *why) {
  char line[512];
  size_t at = 0;
  const char *parts[] = {"{\"kind\":\"", kind, "\",\"name\":\"", name, "\",\"worked\":",
                         worked ? "true" : "false", ",\"why\":\"", why, "\"}\n"};
  for (size_t part = 0; part < COUNT(parts); part++) {
    size_t limit = at + 150;
    for (const char *c = parts[part]; *c && at < limit && at < sizeof(line) - 16; c++) {
      int quoted = part % 2 && part != 5;
      if (quoted && (*c == '"' || *c == '\\' || (unsigned char)*c < ' '))
        line[at++] = '?';
      else
        line[at++] = *c;
    }
  }
  if (write(1, line, at) < 0) _exit(1);
}

static void copy(char *to, size_t size, const char *from) {
  strncpy(to, from, size - 1);
  to[size - 1] = 0;
}

/* Whether the item is still to be asked about; each is asked about once. */
static int begin(const char *kind, const char *name) {
  static char *seen[MAX_ITEMS];
  char key[120];
  if (item >= MAX_ITEMS || !name || !*name) return 0;
  snprintf(key, sizeof(key), "%.16s %.96s", kind, name);
  for (int i = 0; i < item; i++)
    if (strcasecmp(seen[i], key) == 0) return 0;
  seen[item] = strdup(key);
  if (!seen[item++] || item <= first) return 0;
  copy(shared->kind, sizeof(shared->kind), kind);
  copy(shared->name, sizeof(shared->name), name);
  shared->item = item;
  shared->busy = 1;
  lacking = NULL;
  p_ERR_clear_error();
  alarm(ITEM_SECONDS);
  return 1;
}

static void done(int worked) {
  char why[160] = "";
  unsigned long error = p_ERR_peek_error();
  if (!worked && lacking) {
    snprintf(why, sizeof(why), "the library has no %s", lacking);
  } else if (!worked && error) {
    const char *library = p_ERR_lib_error_string(error);
    const char *reason = p_ERR_reason_error_string(error);
    snprintf(why, sizeof(why), "%s: %s", library ? library : "", reason ? reason : "");
  }
  alarm(0);
  tell(shared->kind, shared->name, worked, why);
  shared->busy = 0;
}

/* --- what is asked --------------------------------------------------------------------------- */

/* Names that nothing enumerates are asked for only where asking by name finds everything: what
 * OpenSSL 1.1 has under another name must not be called missing. */

static size_t listed;
static const char *(*name_of)(Thing *);

static void collect(Thing *each, void *unused) {
  (void)unused;
  const char *name = name_of(each);
  if (name && listed < COUNT(enumerated)) enumerated[listed++] = strdup(name);
}
static void collect_old(Thing *each, const char *from, const char *to, void *unused) {
  (void)to, (void)unused;
  char *name = each && from && listed < COUNT(enumerated) ? strdup(from) : NULL;
  if (!name) return;
  for (char *c = name; *c; c++) /* of each there are two spellings, in no order */
    if (*c >= 'a' && *c <= 'z') *c -= 'a' - 'A';
  enumerated[listed++] = name;
}

#define ALL_PROVIDED(type)                                                                        \
  (listed = 0, name_of = p_##type##_get0_name,                                                    \
   p_##type##_do_all_provided && name_of ? p_##type##_do_all_provided(NULL, collect, NULL)        \
                                         : (void)0)
#define EACH(names, kind, use)                                                                    \
  for (size_t i = 0; i < COUNT(names); i++)                                                       \
    if (begin(kind, names[i])) done(use)
#define EACH_PROVIDED(kind, use)                                                                  \
  for (size_t i = 0; i < listed; i++)                                                             \
    if (begin(kind, enumerated[i])) done(use)
#define EACH_FETCHED(type, kind, wanted)                                                          \
  ALL_PROVIDED(type);                                                                             \
  for (size_t i = 0; i < listed; i++)                                                             \
    if ((wanted) && begin(kind, enumerated[i]))                                                   \
  done(NEED(type##_fetch) && p_##type##_fetch(NULL, enumerated[i], NULL) != NULL)

static void digests(void) {
  static const char *names[] = {"MD4", "MD5", "MD5-SHA1", "SHA1", "SHA2-224", "SHA2-256",
                                "SHA2-384", "SHA2-512", "SHA3-256", "SHAKE-256", "RIPEMD-160",
                                "BLAKE2B-512", "BLAKE2S-256", "SM3"};
  ALL_PROVIDED(EVP_MD);
  if (!p_EVP_MD_fetch && p_EVP_MD_do_all) p_EVP_MD_do_all(collect_old, NULL);
  EACH_PROVIDED("digest", use_digest(enumerated[i]));
  if (p_EVP_MD_fetch) EACH(names, "digest", use_digest(names[i]));
}

static void ciphers(void) {
  static const char *names[] = {
      "AES-128-ECB", "AES-128-CBC", "AES-256-CBC", "AES-256-CTR", "AES-128-GCM", "AES-256-GCM",
      "AES-256-CCM", "AES-256-XTS", "AES-256-OCB", "AES-256-SIV", "AES-256-WRAP",
      "ChaCha20-Poly1305", "ChaCha20", "CAMELLIA-256-CBC", "ARIA-256-GCM", "SM4-CBC",
      "DES-EDE3-CBC", "DES-CBC", "RC4", "RC2-CBC", "BF-CBC", "CAST5-CBC", "IDEA-CBC", "SEED-CBC"};
  ALL_PROVIDED(EVP_CIPHER);
  if (!p_EVP_CIPHER_fetch && p_EVP_CIPHER_do_all) p_EVP_CIPHER_do_all(collect_old, NULL);
  EACH_PROVIDED("cipher", use_cipher(enumerated[i]));
  if (p_EVP_CIPHER_fetch) EACH(names, "cipher", use_cipher(names[i]));
}

static void macs_and_kdfs(void) {
  static const char *kdfs[] = {"HKDF", "SCRYPT", "TLS1-PRF", "TLS13-KDF"};
  if (begin("mac", "HMAC")) done(use_mac("HMAC", "SHA256", 32));
  if (begin("mac", "HMAC-SHA1")) done(use_mac("HMAC", "SHA1", 32));
  if (begin("mac", "HMAC-MD5")) done(use_mac("HMAC", "MD5", 32));
  ALL_PROVIDED(EVP_MAC);
  EACH_PROVIDED("mac", use_mac(enumerated[i], "SHA256", mac_key(enumerated[i])));
  if (begin("key-size", "HMAC with a 64-bit key")) done(use_mac("HMAC", "SHA256", 8));
  ALL_PROVIDED(EVP_KDF);
  EACH_PROVIDED("kdf", use_kdf(enumerated[i], 16, 1000));
  if (begin("kdf", "PBKDF2")) done(use_kdf("PBKDF2", 16, 1000));
  if (p_EVP_KDF_fetch) EACH(kdfs, "kdf", use_kdf(kdfs[i], 16, 1000));
  if (begin("key-size", "PBKDF2 with a 64-bit salt")) done(use_kdf("PBKDF2", 8, 1000));
  if (begin("key-size", "PBKDF2 with 100 iterations")) done(use_kdf("PBKDF2", 16, 100));
}

static void rsa(void) {
  static const struct { int bits; const char *hash, *kind, *sign, *verify; } uses[] = {
      {2048, "SHA256", "signature", "RSA with SHA2-256", "RSA with SHA2-256, to verify"},
      {2048, "SHA1", "signature", "RSA with SHA-1", "RSA with SHA-1, to verify"},
      {1024, "SHA256", "key-size", "RSA-1024 with SHA2-256", "RSA-1024 with SHA2-256, to verify"},
      {1024, "SHA1", "key-size", "RSA-1024 with SHA-1", "RSA-1024 with SHA-1, to verify"}};
  static const unsigned char *signatures[] = {rsa_2048_sha256, rsa_2048_sha1, rsa_1024_sha256,
                                              rsa_1024_sha1};
  for (size_t i = 0; i < COUNT(uses); i++) {
    if (begin(uses[i].kind, uses[i].sign)) done(sign(stored_key(uses[i].bits), uses[i].hash, 0));
    if (begin(uses[i].kind, uses[i].verify))
      done(verify(stored_key(uses[i].bits), uses[i].hash, signatures[i], uses[i].bits / 8));
  }
  if (begin("signature", "RSA with MD5")) done(sign(stored_key(2048), "MD5", 0));
  if (begin("signature", "RSA-PSS")) done(sign(stored_key(2048), "SHA256", 1));
  if (begin("exchange", "RSA-OAEP")) done(transport(stored_key(2048), "oaep"));
  if (begin("exchange", "RSA PKCS #1 v1.5")) done(transport(stored_key(2048), "pkcs1"));
}

static void curves_and_groups(void) {
  static const char *signatures[] = {"ED25519", "ED448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87",
                                     "SLH-DSA-SHA2-128f"};
  static const char *curves[] = {"P-192", "P-224", "P-256", "P-384", "P-521", "secp256k1",
                                 "brainpoolP256r1"};
  static const char *groups[] = {"ffdhe2048", "ffdhe3072", "modp_1536", "modp_2048"};
  static const char *montgomery[] = {"X25519", "X448"};
  static const char *kems[] = {"ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"};
  EACH(signatures, "signature", sign(new_key(signatures[i], NULL, NULL), NULL, 0));
  if (begin("signature", "ECDSA"))
    done(sign(new_key("EC", "ec_paramgen_curve", "P-256"), "SHA256", 0));
  if (begin("signature", "ECDSA with SHA-1"))
    done(sign(new_key("EC", "ec_paramgen_curve", "P-256"), "SHA1", 0));
  EACH(curves, "group", agree(new_key("EC", "ec_paramgen_curve", curves[i])));
  EACH(groups, "group", agree(new_key("DH", "dh_param", groups[i])));
  EACH(montgomery, "group", agree(new_key(montgomery[i], NULL, NULL)));
  EACH(kems, "exchange", encapsulate(new_key(kems[i], NULL, NULL)));
}

/* Whether a signature is one of the compositions of key and digest that are really made. */
static int is_used_above(const char *name) {
  return !strncmp(name, "RSA-", 4) || !strncmp(name, "ECDSA-", 6) || !strncmp(name, "DSA-", 4) ||
         !strncmp(name, "ED25519", 7) || !strncmp(name, "ED448", 5) || !strcmp(name, "HMAC") ||
         !strcmp(name, "CMAC") || !strcmp(name, "SIPHASH") || !strcmp(name, "POLY1305");
}

static int tell_provider(Thing *provider, void *unused) {
  (void)unused;
  char *version = "", line[120];
  unsigned int status = 0;
  Param asked[] = {{"version", TEXT_POINTER, &version, 0, (size_t)-1},
                   {"status", UNSIGNED, &status, sizeof(status), (size_t)-1}, {0}};
  const char *name = p_OSSL_PROVIDER_get0_name(provider);
  p_OSSL_PROVIDER_get_params(provider, asked);
  snprintf(line, sizeof(line), "%s %s", name ? name : "", version ? version : "");
  if (begin("provider", line)) done(status == 1);
  return 1;
}

static void library(void) {
  if (begin("library", p_OpenSSL_version(0))) done(1);
  if (begin("random", "RAND_bytes")) done(p_RAND_bytes(scratch, 32) > 0);
  if (p_OSSL_PROVIDER_do_all) p_OSSL_PROVIDER_do_all(NULL, tell_provider, NULL);
  if (p_EVP_default_properties_is_fips_enabled && begin("setting", "fips=yes by default"))
    done(p_EVP_default_properties_is_fips_enabled(NULL));
  if (p_OpenSSL_version_num() < 0x30000000UL && begin("setting", "FIPS mode"))
    done(p_FIPS_mode && p_FIPS_mode());
}

static int ask(const char *path) {
  void *opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!opened) {
    tell("end", "the library cannot be loaded", 0, dlerror());
    return 0;
  }
#define FIND(type, name, arguments) p_##name = (type(*) arguments)dlsym(opened, #name);
  FUNCTIONS(FIND)
  if (!p_OPENSSL_init_crypto || !p_OpenSSL_version || !p_ERR_peek_error || !p_EVP_DigestUpdate) {
    tell("end", "this is no OpenSSL 1.1 or later", 0, "");
    return 0;
  }
  for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (unsigned char)(i * 7 + 1);
  p_OPENSSL_init_crypto(0x4c, NULL); /* digests and ciphers by name; read the configuration */
  library();
  digests();
  ciphers();
  macs_and_kdfs();
  rsa();
  curves_and_groups();
  EACH_FETCHED(EVP_SIGNATURE, "signature", !is_used_above(enumerated[i]));
  EACH_FETCHED(EVP_KEYEXCH, "exchange", 1);
  EACH_FETCHED(EVP_KEM, "exchange", 1);
  EACH_FETCHED(EVP_RAND, "random", strstr(enumerated[i], "DRBG"));
  tell("end", "complete", 1, "");
  return 0;
}

/* --- the watching parent ---------------------------------------------------------------------- */

static pid_t child;

static void too_long(int signal_number) {
  (void)signal_number;
  kill(child, SIGKILL);
  tell("end", "the time was used up", 0, "");
  _exit(1);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  signal(SIGALRM, too_long);
  alarm(TOTAL_SECONDS);
  for (int starts = 0; starts <= MAX_RESTARTS; starts++) {
    int status = 0;
    shared->item = first;
    shared->busy = 0;
    child = fork();
    if (child < 0) break;
    if (child == 0) {
      signal(SIGALRM, SIG_DFL);
      alarm(ITEM_SECONDS * 2); /* to load the library and its configuration */
      _exit(ask(arguments[1]));
    }
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
    if (!shared->busy) {
      const char *when = shared->item == first ? "it crashed when it was loaded"
                                               : "it crashed between two algorithms";
      tell("end", when, 0, strsignal(WTERMSIG(status)));
      return 1;
    }
    tell(shared->kind, shared->name, 0, strsignal(WTERMSIG(status)));
    first = shared->item;
  }
  tell("end", "it crashed too often", 0, "");
  return 1;
}
