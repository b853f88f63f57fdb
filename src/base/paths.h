/* SPDX-License-Identifier: ISC */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include <stddef.h>

/*
 * Where chatd keeps its state and its console socket, and where chatctl looks for the socket. Both use this order:
 *
 *   state    -d DIR · the configuration · $STATE_DIRECTORY · LOCALSTATEDIR/lib/chatd · $XDG_STATE_HOME/chatd ·
 *            $HOME/.local/state/chatd · /tmp/chatd-UID
 *   console  DIR/admin.sock of -d · the configuration · $RUNTIME_DIRECTORY/admin.sock · RUNSTATEDIR/chatd/admin.sock
 *            · $XDG_RUNTIME_DIR/chatd/admin.sock · admin.sock in the state directory
 *
 * chatd uses the first directory that it can write to, and creates it if necessary; those of the installation
 * (LOCALSTATEDIR, RUNSTATEDIR) only as root. A directory given by -d or the configuration is used or refused; no other
 * is tried then. Main thread, at start; may block on the disk.
 */
#define PATHS_SIZE 512
#define PATHS_ERROR 1024
#define PATHS_SOCKET_MOST 107 /* bytes of the longest path that fits sun_path, unix(7) */
#define PATHS_CANDIDATES 16

struct paths_given {
    const char *dir;         /* -d, or NULL */
    const char *conf_dir;    /* store.directory, or "" */
    const char *conf_socket; /* admin.socket, or "" */
};

/* chatd: chooses the state directory and creates it (mode 0750; 0700 under /tmp). 0, or -1 with a line for the
 * operator. */
int paths_state(const struct paths_given *given, char out[PATHS_SIZE], char error[PATHS_ERROR]);

/* chatd: chooses the path of the socket, an absolute one, and creates its directory. `state` is what paths_state chose.
 * 0, or -1 as above. */
int paths_socket(const struct paths_given *given, const char *state, char out[PATHS_SIZE], char error[PATHS_ERROR]);

/* chatctl: fills `out` with all paths where the socket may be, in order; returns their number. */
size_t paths_sockets(const struct paths_given *given, char out[PATHS_CANDIDATES][PATHS_SIZE]);

/* chatctl: fills `out` with the paths of all sockets of that name on which somebody listens, at most `most` of them;
 * returns their number. 0 where the kernel does not tell (proc_pid_net(5)). */
size_t paths_listening(char (*out)[PATHS_SIZE], size_t most);

#endif
