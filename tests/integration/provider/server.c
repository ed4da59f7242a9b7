/* Says what its OpenSSL 3 serves, then serves TLS on port 8443 with a certificate made at start.
 * Declares what it uses of OpenSSL, as there are no headers beside the libraries it is linked to. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef void *P;
int OSSL_PROVIDER_available(P library, const char *name);
P EVP_MD_fetch(P library, const char *name, const char *properties);
P EVP_PKEY_Q_keygen(P library, const char *properties, const char *type, ...);
P EVP_sha256(void);
P X509_new(void);
P X509_get_serialNumber(P certificate);
P X509_getm_notBefore(P certificate);
P X509_getm_notAfter(P certificate);
P X509_gmtime_adj(P time, long seconds);
P X509_get_subject_name(P certificate);
int X509_NAME_add_entry_by_txt(P name, const char *field, int type, const unsigned char *text,
                               int length, int at, int set);
int X509_set_issuer_name(P certificate, P name);
int X509_set_pubkey(P certificate, P key);
int X509_sign(P certificate, P key, P digest);
int ASN1_INTEGER_set(P number, long value);
P TLS_server_method(void);
P SSL_CTX_new(P method);
int SSL_CTX_use_certificate(P context, P certificate);
int SSL_CTX_use_PrivateKey(P context, P key);
P SSL_new(P context);
int SSL_set_fd(P connection, int file);
int SSL_accept(P connection);
int SSL_write(P connection, const void *bytes, int count);
int SSL_shutdown(P connection);
void SSL_free(P connection);

static void say(const char *digest) {
    printf("%s %s\n", digest, EVP_MD_fetch(NULL, digest, NULL) ? "served" : "refused");
}

static P context(void) {
    P key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    P certificate = X509_new();
    if (!key || !certificate)
        return NULL;
    P name = X509_get_subject_name(certificate);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(name, "CN", 0x1001, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    P made = SSL_CTX_new(TLS_server_method());
    if (!made || !X509_sign(certificate, key, EVP_sha256()) ||
        SSL_CTX_use_certificate(made, certificate) != 1 || SSL_CTX_use_PrivateKey(made, key) != 1)
        return NULL;
    return made;
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    printf("fips %s\n", OSSL_PROVIDER_available(NULL, "fips") ? "active" : "inactive");
    say("MD5");
    say("SHA2-256");
    if (count > 1 && arguments[1][0])
        return 0;
    P served = context();
    int port = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8443)};
    setsockopt(port, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!served || bind(port, (struct sockaddr *)&address, sizeof address) || listen(port, 16))
        return 1;
    for (;;) {
        int file = accept(port, NULL, NULL);
        if (file < 0)
            continue;
        P connection = SSL_new(served);
        SSL_set_fd(connection, file);
        if (SSL_accept(connection) == 1) {
            const char *answer = "HTTP/1.0 200 OK\r\n\r\nhello\n";
            SSL_write(connection, answer, (int)strlen(answer));
            SSL_shutdown(connection);
        }
        SSL_free(connection);
        close(file);
    }
}
