/* Answers every connection on port 8080 with one line of HTTP; no cryptography. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello\n";

static void stop(int number) { (void)number; _exit(0); }

int main(void)
{
    int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof address) ||
        listen(server, 16)) {
        perror("port 8080");
        return 1;
    }
    puts("listening on 8080");
    fflush(stdout);
    for (;;) {
        char request[4096];
        int client = accept(server, NULL, NULL);
        if (client < 0)
            continue;
        if (read(client, request, sizeof request) > 0 &&
            write(client, answer, strlen(answer)) < 0)
            perror("write");
        close(client);
    }
}
