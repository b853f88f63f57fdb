/* SPDX-License-Identifier: ISC */
/* The nearest name by edit distance, to which a name that was shortened is very near, and the former names in
 * tbl/conf.h that are too far from the new ones for that. */
#include "config.h"

#include "conf_guess.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LONGEST 40 /* bytes of a word that is compared */

static const struct {
    const char *old, *path;
} former[] = {
#define CONF_FORMER(section, old, key) {#section "." old, #section "." #key},
#include "tbl/conf.h"
};

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* How many letters must be changed, added or dropped to get from a to b (Levenshtein); SIZE_MAX if either is too
 * long. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1], n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            row[j] = least_of(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

void conf_guess_init(struct conf_guess *g, const char *word)
{
    *g = (struct conf_guess){.word = word, .distance = SIZE_MAX};
}

void conf_guess_add(struct conf_guess *g, const char *candidate)
{
    bool shortened = strncmp(candidate, g->word, strlen(g->word)) == 0;
    size_t d = shortened ? 1 : distance(g->word, candidate);
    if (d < g->distance) {
        g->distance = d;
        g->best = candidate;
    }
}

const char *conf_guess_result(const struct conf_guess *g)
{
    for (size_t i = 0; i < sizeof former / sizeof former[0]; i++)
        if (strcmp(former[i].old, g->word) == 0)
            return former[i].path;
    return g->best && g->distance <= strlen(g->word) / 2 + 1 ? g->best : NULL;
}
