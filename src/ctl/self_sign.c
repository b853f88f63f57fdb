/* SPDX-License-Identifier: ISC */
/*
 * A key and a certificate for a network without a certificate authority. Not obvious: root may call this for a chatd
 * that runs as another user; so the files belong to whoever owns the directory.
 */
#include "config.h"

#include "ctl/self_sign.h"

#include "base/log.h"
#include "base/secret.h"
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAYS 825 /* some clients refuse a certificate that is valid for longer */

static int complain(const char *path)
{
    fprintf(stderr, "chatctl: %s: %s%s\n", path, log_error_text(errno),
            errno == EEXIST ? "; move the old one away first, then call this again" : "");
    return -1;
}

/* Writes a new file, for the owner of the directory. Never replaces one: clients may trust it. */
static int write_file(const char *path, const struct stat *dir, const struct buf *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return complain(path);
    bool good = (dir->st_uid == geteuid() || fchown(fd, dir->st_uid, dir->st_gid) == 0) && fchmod(fd, mode) == 0 &&
                write(fd, text->data, text->len) == (ssize_t)text->len && fsync(fd) == 0;
    int err = errno;
    close(fd);
    errno = err;
    if (good)
        return 0;
    complain(path);
    unlink(path);
    return -1;
}

static void print_result(const char *certificate, const char *key, const char *fingerprint)
{
    printf("For chatd.conf, with tls = true; in a listener:\n\n"
           "tls = { certificates = (\n"
           "    { certificate = \"%s\"; key = \"%s\"; } ); };\n\n"
           "For the people who connect, to compare (SHA-256 of the certificate):\n\n%s\n",
           certificate, key, fingerprint);
}

static int write_files(const char *dir_path, const struct tls_self_signed *made)
{
    char certificate[PATHS_SIZE + 16], key[PATHS_SIZE + 16];
    struct stat dir;
    snprintf(certificate, sizeof certificate, "%s/tls-cert.pem", dir_path);
    snprintf(key, sizeof key, "%s/tls-key.pem", dir_path);
    if (stat(dir_path, &dir) != 0)
        return complain(dir_path);
    if (access(certificate, F_OK) == 0) {
        errno = EEXIST;
        return complain(certificate);
    }
    if (write_file(key, &dir, &made->key, 0600) != 0)
        return -1;
    if (write_file(certificate, &dir, &made->certificate, 0644) != 0) {
        unlink(key);
        return -1;
    }
    print_result(certificate, key, made->fingerprint);
    return 0;
}

int self_sign(const struct paths_given *given, char *const *hosts)
{
    struct tls_self_signed made;
    struct buf error = {0};
    char dir[PATHS_SIZE], wrong[PATHS_ERROR];
    int result = -1;
    if (tls_self_sign(hosts, DAYS, &made, &error) != 0) {
        fprintf(stderr, "chatctl: %s\n", buf_text(&error));
        buf_fini(&error);
        return -1;
    }
    if (paths_state(given, dir, wrong) == 0)
        result = write_files(dir, &made);
    else
        fprintf(stderr, "chatctl: %s\n", wrong);
    secret_free_buf(&made.key);
    buf_fini(&made.certificate);
    return result;
}
