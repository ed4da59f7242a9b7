/* Looks at the kernel's FIPS flag by each function that programs use: compiled for every libc. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAG "/proc/sys/crypto/fips_enabled"

static int code(int result)
{
    return result < 0 ? errno : 0;
}

static int bind_to(const char *name)
{
    struct {
        unsigned short family;
        char type[14];
        unsigned feature, mask;
        char name[64];
    } address = {.family = 38, .type = "hash"};
    strcpy(address.name, name);
    return bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&address, sizeof address);
}

int main(void)
{
    char value[3] = "-", word[3] = "-";
    struct stat info = {0};
    int fd = open(FLAG, O_RDONLY);
    if (fd >= 0 && read(fd, value, 2) == 2)
        value[1] = 0;
    FILE *file = fopen(FLAG, "r");
    if (!file || fscanf(file, "%2s", word) != 1)
        strcpy(word, "-");
    int found = stat(FLAG, &info);
    printf("open %s fopen %s stat %d %o", value, word, code(found), info.st_mode);
    printf(" access %d %d", code(access(FLAG, R_OK)), code(access(FLAG, W_OK)) != 0);
    printf(" write %d", code(open(FLAG, O_WRONLY)));
    printf(" link %d", code((int)readlink(FLAG, value, 2)));
    printf(" md5 %d sha256 %d\n", code(bind_to("md5")), code(bind_to("sha256")));
    return 0;
}
