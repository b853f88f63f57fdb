/* SPDX-License-Identifier: ISC */
/* OpenSSL's memory. Its blocks are 24 KiB long, for pieces of more than 16 KiB. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/tls_memory.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define PIECE 16704
#define MANY 5000 /* more than there are blocks */

static unsigned char *pieces[MANY];

static bool holds(const unsigned char *p, size_t n, int byte)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != byte)
            return false;
    return true;
}

static void pieces_do_not_overlap_also_when_all_blocks_are_used(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++) {
        pieces[i] = OPENSSL_malloc(PIECE);
        assert_non_null(pieces[i]);
        memset(pieces[i], i % 251, PIECE);
    }
    for (int i = 0; i < MANY; i++) {
        assert_true(holds(pieces[i], PIECE, i % 251));
        OPENSSL_free(pieces[i]);
    }
}

static void a_free_block_is_used_again(void **state)
{
    (void)state;
    void *first = OPENSSL_malloc(PIECE);
    OPENSSL_free(first);
    void *second = OPENSSL_malloc(PIECE + 1000);
    assert_ptr_equal(first, second);
    OPENSSL_free(second);
}

static void few_free_blocks_keep_their_pages(void **state)
{
    enum { BLOCKS = 200, MOST_KEPT = 64 };
    int kept = 0;
    (void)state;
    for (int i = 0; i < BLOCKS; i++) {
        pieces[i] = OPENSSL_malloc(PIECE);
        memset(pieces[i], 0xff, PIECE);
    }
    for (int i = 0; i < BLOCKS; i++)
        OPENSSL_free(pieces[i]);
    for (int i = 0; i < BLOCKS; i++) {
        pieces[i] = OPENSSL_malloc(PIECE);
        kept += pieces[i][0] == 0xff; /* a page that was given back is full of zeros */
    }
    for (int i = 0; i < BLOCKS; i++)
        OPENSSL_free(pieces[i]);
    assert_int_in_range(kept, 1, MOST_KEPT);
}

static void a_piece_that_grows_keeps_its_bytes(void **state)
{
    static const size_t sizes[] = {100, 16384, 16385, 24576, 24577, 100000, 20000, 100};
    (void)state;
    unsigned char *p = OPENSSL_malloc(50);
    memset(p, 'x', 50);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        p = OPENSSL_realloc(p, sizes[i]);
        assert_non_null(p);
        assert_true(holds(p, 50, 'x'));
        memset(p, 'x', sizes[i]);
    }
    assert_null(OPENSSL_realloc(p, 0));
    p = OPENSSL_malloc(PIECE);
    memset(p, 'y', PIECE);
    p = OPENSSL_realloc(p, 30000); /* out of the block */
    assert_true(holds(p, PIECE, 'y'));
    OPENSSL_free(p);
    assert_null(OPENSSL_malloc(0));
    OPENSSL_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_overlap_also_when_all_blocks_are_used),
        cmocka_unit_test(a_free_block_is_used_again),
        cmocka_unit_test(few_free_blocks_keep_their_pages),
        cmocka_unit_test(a_piece_that_grows_keeps_its_bytes),
    };
    tls_memory_init();
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
