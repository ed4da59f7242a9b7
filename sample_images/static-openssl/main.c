/* Answers every connection on port 8080 with an HMAC made by an OpenSSL linked into the program. */
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void stop(int number) { (void)number; _exit(0); }

int main(void)
{
    int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
    unsigned char key[32];
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (RAND_bytes(key, sizeof key) != 1) {
        fputs("no random numbers\n", stderr);
        return 1;
    }
    if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof address) ||
        listen(server, 16)) {
        perror("port 8080");
        return 1;
    }
    puts("listening on 8080");
    fflush(stdout);
    for (;;) {
        unsigned char request[4096], mac[EVP_MAX_MD_SIZE];
        unsigned int size = 0;
        int client = accept(server, NULL, NULL);
        ssize_t got = client < 0 ? -1 : read(client, request, sizeof request);
        if (got > 0 && HMAC(EVP_sha256(), key, sizeof key, request, got, mac, &size)) {
            dprintf(client, "HTTP/1.0 200 OK\r\n\r\n");
            for (unsigned int i = 0; i < size; i++)
                dprintf(client, "%02x", mac[i]);
            dprintf(client, "\n");
        }
        if (client >= 0)
            close(client);
    }
}
