/* SPDX-License-Identifier: ISC */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include <stddef.h>

/*
 * Where chatd keeps its state and its console, and where chatctl looks for it. One order for both:
 *
 *   state    -d DIR · the configuration · $STATE_DIRECTORY · LOCALSTATEDIR/lib/chatd · $XDG_STATE_HOME/chatd ·
 *            $HOME/.local/state/chatd · /tmp/chatd-UID
 *   console  DIR/admin.sock of -d · the configuration · $RUNTIME_DIRECTORY/admin.sock · RUNSTATEDIR/chatd/admin.sock ·
 *            $XDG_RUNTIME_DIR/chatd/admin.sock · admin.sock in the state directory
 *
 * chatd takes the first that it may write; root creates the installed ones. Start-up thread only.
 */
#define PATHS_SIZE 512
#define PATHS_ERROR 1024
#define PATHS_SOCKET_MOST 107 /* bytes of sun_path, unix(7) */
#define PATHS_CANDIDATES 16

struct paths_given {
    const char *dir;         /* -d, or NULL */
    const char *conf_dir;    /* store.directory, or "" */
    const char *conf_socket; /* admin.socket, or "" */
};

/* chatd: chooses the state directory and makes it (mode 0750; 0700 under /tmp). 0, or -1 with a line for the
 * operator. */
int paths_state(const struct paths_given *given, char out[PATHS_SIZE], char error[PATHS_ERROR]);

/* chatd: chooses the socket, makes its directory. `state` is what paths_state chose. 0, or -1 as above. */
int paths_socket(const struct paths_given *given, const char *state, char out[PATHS_SIZE], char error[PATHS_ERROR]);

/* chatctl: all places where the socket may be, in order. Their number. */
size_t paths_sockets(const struct paths_given *given, char out[PATHS_CANDIDATES][PATHS_SIZE]);

#endif
