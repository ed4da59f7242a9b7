/* What is written down: one JSON object on a line of stdout, each fact once, within bounds. */
#include "fips_node.h"

static uint64_t seen[MAX_EVENTS * 2];
static unsigned events;
static size_t written;
static int lost;

void write_line(const char *line)
{
    size_t length = strlen(line);
    if (written + length > MAX_WRITTEN) {
        if (!lost++)
            printf("{\"event\":\"lost\"}\n");
        return;
    }
    written += length;
    fputs(line, stdout);
}

void put_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c > 0x7e)
            fprintf(out, "\\u%04x", *c); /* each byte as a character: paths have no encoding */
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

/* Whether this is the first time; the same program doing the same again says nothing new. */
static int is_new(const char *kind, const char *program, const char *detail, int found)
{
    uint64_t hash = 1469598103934665603u + (uint64_t)found;
    const char *parts[] = {kind, program, detail};
    for (int i = 0; i < 3; i++)
        for (const char *c = parts[i];; c++) {
            hash = (hash ^ (unsigned char)*c) * 1099511628211u;
            if (!*c)
                break;
        }
    hash |= 1;
    size_t at = hash % (MAX_EVENTS * 2);
    while (seen[at] && seen[at] != hash)
        at = (at + 1) % (MAX_EVENTS * 2);
    if (seen[at] == hash)
        return 0;
    if (events >= MAX_EVENTS) {
        if (!lost++)
            printf("{\"event\":\"lost\"}\n");
        return 0;
    }
    seen[at] = hash;
    events++;
    return 1;
}

static void program_of(pid_t pid, char *out)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/exe", pid);
    ssize_t n = readlink(link, out, TEXT - 1);
    out[n > 0 ? n : 0] = 0;
}

static unsigned user_of(pid_t pid)
{
    char file[64], line[128];
    unsigned user = UINT_MAX;
    snprintf(file, sizeof file, "/proc/%d/status", pid);
    FILE *in = fopen(file, "re");
    if (!in)
        return user;
    while (fgets(line, sizeof line, in))
        if (sscanf(line, "Uid: %*u %u", &user) == 1)
            break;
    fclose(in);
    return user;
}

void record(const char *kind, pid_t pid, const char *path, int found, const char *more)
{
    char program[TEXT], detail[2 * TEXT + PATH_MAX];
    program_of(pid, program);
    snprintf(detail, sizeof detail, "%s%s", path, more ? more : "");
    if (!is_new(kind, program, detail, found))
        return;
    char *line = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&line, &size);
    if (!out)
        return;
    fprintf(out, "{\"event\":\"%s\",\"program\":", kind);
    put_text(out, program);
    fprintf(out, ",\"pid\":%d,\"uid\":%u,\"path\":", pid, user_of(pid));
    put_text(out, path);
    fprintf(out, ",\"found\":%s%s}\n", found ? "true" : "false", more ? more : "");
    if (fclose(out) == 0)
        write_line(line);
    free(line);
}
