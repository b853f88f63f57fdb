/* SPDX-License-Identifier: ISC */
/* Passwords and random secrets: a stored hash accepts the right one, refuses others, and does not reveal it. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/panic.h"
#include "base/secret.h"

#include <string.h>
#include <unistd.h>

static int cheap(void **state)
{
    (void)state;
    secret_configure(64, 1);
    return 0;
}

#define SODIUM                                                                                                         \
    do {                                                                                                               \
        (void)state;                                                                                                   \
        if (!secret_available())                                                                                       \
            skip();                                                                                                    \
    } while (0)

static void a_wiped_secret_is_gone(void **state)
{
    char secret[] = "open sesame", none[sizeof secret] = {0};
    (void)state;
    secret_wipe(secret, sizeof secret);
    assert_memory_equal(secret, none, sizeof secret);
    secret_wipe(secret, 0);
}

static void a_hash_knows_its_password_and_no_other(void **state)
{
    char hash[SECRET_HASH];
    SODIUM;
    assert_true(secret_hash(hash, "open sesame"));
    assert_int_equal(secret_verify(hash, "open sesame"), SECRET_RIGHT);
    assert_int_equal(secret_verify(hash, "open sesam"), SECRET_WRONG);
    assert_int_equal(secret_verify(hash, "open sesame "), SECRET_WRONG);
    assert_int_equal(secret_verify(hash, "Open sesame"), SECRET_WRONG);
    assert_int_equal(secret_verify(hash, ""), SECRET_WRONG);
    assert_null(strstr(hash, "sesame"));
}

static void the_same_password_has_another_hash_each_time(void **state)
{
    char one[SECRET_HASH], two[SECRET_HASH];
    SODIUM;
    assert_true(secret_hash(one, "open sesame") && secret_hash(two, "open sesame"));
    assert_string_not_equal(one, two);
}

static void a_hash_contains_its_cost_so_old_ones_stay_valid(void **state)
{
    char cheap[SECRET_HASH], dear[SECRET_HASH];
    SODIUM;
    secret_configure(8, 1);
    assert_true(secret_hash(cheap, "open sesame"));
    secret_configure(1024, 3);
    assert_true(secret_hash(dear, "open sesame"));
    assert_non_null(strstr(cheap, "$argon2id$v=19$m=8,t=1,p=1$"));
    assert_non_null(strstr(dear, "$argon2id$v=19$m=1024,t=3,p=1$"));
    assert_int_equal(secret_verify(cheap, "open sesame"), SECRET_RIGHT);
    assert_int_equal(secret_verify(dear, "open sesame"), SECRET_RIGHT);
}

static void an_invalid_hash_matches_no_password(void **state)
{
    SODIUM;
    assert_int_equal(secret_verify("", ""), SECRET_WRONG);
    assert_int_equal(secret_verify("open sesame", "open sesame"), SECRET_WRONG);
    assert_int_equal(secret_verify("$argon2id$v=19$m=8,t=1,p=1$", "x"), SECRET_WRONG);
}

static void each_new_secret_is_different_and_one_word(void **state)
{
    char one[SECRET_TEXT], two[SECRET_TEXT];
    SODIUM;
    secret_new(one);
    secret_new(two);
    assert_string_not_equal(one, two);
    assert_int_equal(strlen(one), SECRET_TEXT - 1);
    assert_int_equal(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), SECRET_TEXT - 1);
}

static void equal_secrets_have_equal_digests_and_others_differ(void **state)
{
    unsigned char one[SECRET_DIGEST], again[SECRET_DIGEST], other[SECRET_DIGEST];
    SODIUM;
    secret_digest(one, "code");
    secret_digest(again, "code");
    secret_digest(other, "Code");
    assert_memory_equal(one, again, SECRET_DIGEST);
    assert_memory_not_equal(one, other, SECRET_DIGEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, cheap)
        TEST(a_wiped_secret_is_gone),
        TEST(a_hash_knows_its_password_and_no_other),
        TEST(the_same_password_has_another_hash_each_time),
        TEST(a_hash_contains_its_cost_so_old_ones_stay_valid),
        TEST(an_invalid_hash_matches_no_password),
        TEST(each_new_secret_is_different_and_one_word),
        TEST(equal_secrets_have_equal_digests_and_others_differ),
    };
    alarm(300);
    must(secret_start() == 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
