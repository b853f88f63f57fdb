/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: the room and the author of a message are terms of it too, so FTS5 itself finds what a user said in a
 * room, however much was said elsewhere. They begin with a character of Unicode's private use area, which is removed
 * from whatever users write or search for. Another one marks the signs in names, at which the tokenizer would cut.
 */
#include "config.h"

#include "store/terms.h"

#include "store/fold.h"

#include <string.h>

#define ROOM_MARK "\xee\x80\x80"  /* U+E000 */
#define NAME_MARK "\xee\x80\x81"  /* U+E001 */
#define SIGN_MARK "\xee\x80\x82"  /* U+E002 */

static void mark(struct buf *out, const char *with, const char *name)
{
    buf_str(out, with);
    for (; *name; name++) {
        if (*name == '_' || *name == '-' || *name == '.' || *name == '@')
            buf_printf(out, SIGN_MARK "%x" SIGN_MARK, (unsigned)*name);
        else if (*name != '#' && *name != '"')
            buf_char(out, *name);
    }
}

void terms_index(struct buf *out, const char *room_key, const char *name, const char *text)
{
    fold_terms(out, text, strlen(text));
    buf_char(out, ' ');
    mark(out, ROOM_MARK, room_key);
    buf_char(out, ' ');
    mark(out, NAME_MARK, name);
}

/* ---- MATCH expressions ---- */

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (signed char)c < 0;
}

/* Terms as the tokenizer will see them. */
static int count_terms(const char *s)
{
    int n = 0;
    for (bool was = false; *s; was = is_word_byte(*s++))
        n += is_word_byte(*s) && !was;
    return n;
}

int terms_match(struct buf *match, const char *word)
{
    size_t len = strlen(word);
    bool begins = len && word[len - 1] == '*';
    struct buf folded = {0};
    fold_terms(&folded, word, len - begins);
    int n = count_terms(buf_text(&folded));
    if (n)
        buf_printf(match, "%s\"%s\"%s", match->len ? " " : "", buf_text(&folded), begins ? " *" : "");
    buf_fini(&folded);
    return n;
}

static void match_mark(struct buf *match, const char *with, const char *name)
{
    buf_str(match, match->len ? " \"" : "\"");
    mark(match, with, name);
    buf_char(match, '"');
}

void terms_match_room(struct buf *match, const char *room_key)
{
    match_mark(match, ROOM_MARK, room_key);
}

void terms_match_name(struct buf *match, const char *name)
{
    match_mark(match, NAME_MARK, name);
}
