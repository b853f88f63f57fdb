/* SPDX-License-Identifier: ISC */
#ifndef NET_TLS_MEMORY_H
#define NET_TLS_MEMORY_H

/*
 * Gives OpenSSL its memory: from malloc, but the buffers in which it makes and reads records from a region of their own
 * (tls_memory.c). Before the first call of OpenSSL in the process; later it changes nothing. Any thread.
 */
void tls_memory_init(void);

#endif
