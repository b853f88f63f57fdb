/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: SQLite's own tokenizer for Unicode knows an old edition of it, drops vowel signs as if they were
 * accents, and drops most symbols. So terms are cut here, and the tokenizer is the one for ASCII, which leaves all
 * other bytes alone.
 */
#include "config.h"

#include "store/fold.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <unigbrk.h>
#include <uninorm.h>
#include <unistr.h>
#include <unistring/version.h>

#define VERSION_OF_CODE 2 /* of this code: a higher one for each change of what it yields */

#define IN_WORDS (UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N)
#define SYMBOLS (UC_CATEGORY_MASK_S | UC_CATEGORY_MASK_Cn) /* unassigned: a symbol that is newer than the library */
#define ZERO_WIDTH_SPACE 0x200b
#define YPOGEGRAMMENI 0x0345 /* folding would make a letter of it */
#define TATWEEL 0x0640 /* makes an Arabic word longer to the eye */

int64_t fold_version(void)
{
    return (int64_t)VERSION_OF_CODE << 32 | _libunistring_version;
}

struct span {
    ucs4_t from, to;
};

static const struct span written_without_blanks[] = {
    {0x0e00, 0x0eff},   /* Thai, Lao */
    {0x1000, 0x109f},   /* Burmese */
    {0x1780, 0x17ff},   /* Khmer */
    {0x1950, 0x19df},   /* Tai Le, New Tai Lue */
    {0x1a20, 0x1aaf},   /* Tai Tham */
    {0x1b00, 0x1b7f},   /* Balinese */
    {0x3005, 0x3007},   /* iteration marks */
    {0x3041, 0x30ff},   /* Hiragana, Katakana */
    {0x3105, 0x312f},   /* Bopomofo */
    {0x31f0, 0x31ff},   /* Katakana extensions */
    {0x3400, 0x4dbf},   /* Han */
    {0x4e00, 0x9fff},   /* Han */
    {0xa000, 0xa48c},   /* Yi */
    {0xa980, 0xa9ff},   /* Javanese, Burmese extensions */
    {0xaa60, 0xaadf},   /* Burmese extensions, Tai Viet */
    {0xac00, 0xd7a3},   /* Korean */
    {0xf900, 0xfaff},   /* Han */
    {0x1b000, 0x1b16f}, /* older Kana */
    {0x20000, 0x3ffff}, /* Han */
};

static bool is_written_without_blanks(ucs4_t c)
{
    for (size_t i = 0; i < sizeof written_without_blanks / sizeof written_without_blanks[0]; i++)
        if (c >= written_without_blanks[i].from && c <= written_without_blanks[i].to)
            return true;
    return false;
}

static bool is_in(ucs4_t c, uint32_t categories)
{
    return uc_is_general_category_withtable(c, categories);
}

/* ---- what is dropped ---- */

/* Drops what cannot be seen; returns the new length. A space without width is one all the same. */
static size_t drop_unseen(uint8_t *s, size_t n)
{
    size_t kept = 0;
    ucs4_t c;
    for (size_t at = 0, len; at < n; at += len) {
        len = (size_t)u8_mbtouc(&c, s + at, n - at);
        if (c == ZERO_WIDTH_SPACE)
            s[kept++] = ' ';
        if (c == TATWEEL || (c >= 0x80 && uc_is_property_default_ignorable_code_point(c)))
            continue;
        memmove(s + kept, s + at, len);
        kept += len;
    }
    return kept;
}

/* ---- accents ---- */

/* Letters of their own, though Unicode composes them of another letter and a mark. */
static const struct {
    ucs4_t base, mark;
} letters[] = {
    {0x0438, 0x0306}, /* й */
    {0x0443, 0x0306}, /* ў */
    {0x0456, 0x0308}, /* ї */
    {0x0433, 0x0301}, /* ѓ */
    {0x043a, 0x0301}, /* ќ */
};

static bool is_dropped(ucs4_t base, ucs4_t mark)
{
    static const char *const scripts[] = {"Latin", "Greek", "Cyrillic", "Hebrew", "Arabic", "Common"};
    const uc_script_t *script = uc_script(base);
    bool has_accents = mark == YPOGEGRAMMENI;
    for (size_t i = 0; script && i < sizeof scripts / sizeof scripts[0]; i++)
        has_accents = has_accents || strcmp(script->name, scripts[i]) == 0;
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].base == uc_tolower(base) && letters[i].mark == mark)
            return false;
    return has_accents;
}

/* Drops accents from a decomposed text; returns its new length. */
static size_t drop_accents(uint8_t *s, size_t n)
{
    size_t kept = 0;
    ucs4_t c, base = 0;
    for (size_t at = 0, len; at < n; at += len) {
        len = (size_t)u8_mbtouc(&c, s + at, n - at);
        bool is_mark = c >= 0x300 && is_in(c, UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Me);
        if (is_mark && is_dropped(base, c))
            continue;
        if (!is_mark)
            base = uc_decimal_value(c) >= 0 ? '0' : c; /* which it will be written as */
        memmove(s + kept, s + at, len);
        kept += len;
    }
    return kept;
}

/* ---- letters that are typed as others ---- */

/* What people type for a letter that Unicode does not decompose, on a keyboard that lacks it; in order, folded. */
static const struct plain {
    ucs4_t letter;
    const char *typed; /* no longer than the letter in UTF-8 */
} plain[] = {
    {0x00e6, "ae"}, /* æ */
    {0x00f0, "d"},  /* ð */
    {0x00f8, "o"},  /* ø */
    {0x00fe, "th"}, /* þ */
    {0x0111, "d"},  /* đ */
    {0x0127, "h"},  /* ħ */
    {0x0131, "i"},  /* ı */
    {0x0138, "k"},  /* ĸ */
    {0x0142, "l"},  /* ł */
    {0x014b, "n"},  /* ŋ */
    {0x0153, "oe"}, /* œ */
    {0x0167, "t"},  /* ŧ */
    {0x0180, "b"},  /* ƀ */
    {0x0188, "c"},  /* ƈ */
    {0x0192, "f"},  /* ƒ */
    {0x0199, "k"},  /* ƙ */
    {0x019a, "l"},  /* ƚ */
    {0x019e, "n"},  /* ƞ */
    {0x01a5, "p"},  /* ƥ */
    {0x01ad, "t"},  /* ƭ */
    {0x01b4, "y"},  /* ƴ */
    {0x01b6, "z"},  /* ƶ */
    {0x01dd, "e"},  /* ǝ */
    {0x01e5, "g"},  /* ǥ */
    {0x0237, "j"},  /* ȷ */
    {0x023c, "c"},  /* ȼ */
    {0x0247, "e"},  /* ɇ */
    {0x0249, "j"},  /* ɉ */
    {0x024d, "r"},  /* ɍ */
    {0x024f, "y"},  /* ɏ */
    {0x0253, "b"},  /* ɓ */
    {0x0254, "o"},  /* ɔ */
    {0x0256, "d"},  /* ɖ */
    {0x0257, "d"},  /* ɗ */
    {0x0259, "e"},  /* ə */
    {0x025b, "e"},  /* ɛ */
    {0x0260, "g"},  /* ɠ */
    {0x0263, "g"},  /* ɣ */
    {0x0268, "i"},  /* ɨ */
    {0x0269, "i"},  /* ɩ */
    {0x026b, "l"},  /* ɫ */
    {0x0272, "n"},  /* ɲ */
    {0x0275, "o"},  /* ɵ */
    {0x0288, "t"},  /* ʈ */
    {0x0289, "u"},  /* ʉ */
    {0x028b, "v"},  /* ʋ */
    {0x0292, "z"},  /* ʒ */
    {0x0629, "\xd9\x87"}, /* Arabic: teh marbuta as heh */
    {0x0649, "\xd9\x8a"}, /* alef maksura as yeh */
    {0x0671, "\xd8\xa7"}, /* alef wasla as alef */
    {0x06a9, "\xd9\x83"}, /* Persian kaf as Arabic kaf */
    {0x06c1, "\xd9\x87"}, /* Urdu heh as heh */
    {0x06cc, "\xd9\x8a"}, /* Persian yeh as yeh */
    {0x06d5, "\xd9\x87"}, /* Kurdish ae as heh */
    {0x2c65, "a"},  /* ⱥ */
};

static int by_letter(const void *key, const void *element)
{
    ucs4_t a = *(const ucs4_t *)key, b = ((const struct plain *)element)->letter;
    return (a > b) - (a < b);
}

/* Writes what is typed for the letters of a folded text, and digits of all scripts as those of ASCII; returns the new
 * length. */
static size_t write_plainly(uint8_t *s, size_t n)
{
    size_t kept = 0;
    ucs4_t c;
    for (size_t at = 0, len; at < n; at += len) {
        len = (size_t)u8_mbtouc(&c, s + at, n - at);
        int digit = c < 0x80 ? -1 : uc_decimal_value(c);
        const struct plain *p = bsearch(&c, plain, sizeof plain / sizeof plain[0], sizeof plain[0], by_letter);
        size_t typed = p ? strlen(p->typed) : digit >= 0 ? 1 : len;
        if (digit >= 0)
            s[kept] = (uint8_t)('0' + digit);
        else
            memmove(s + kept, p ? (const uint8_t *)p->typed : s + at, typed);
        kept += typed;
    }
    return kept;
}

/* ---- terms ---- */

/* Signs such as ʻ and ʼ count as letters, but people type an apostrophe, which separates terms. */
static bool is_apostrophe(ucs4_t c)
{
    return c >= 0x2b9 && c <= 0x2bf;
}

/* Where a text is read and its terms are written. */
struct folding {
    struct buf *out;
    const uint8_t *s, *end;
    bool in_word; /* the last that was written belongs to a word, which may go on */
};

static void put(struct folding *f, const uint8_t *s, size_t n, bool in_word)
{
    if (!in_word || !f->in_word)
        buf_char(f->out, ' ');
    buf_add(f->out, s, n);
    if (!in_word)
        buf_char(f->out, ' ');
    f->in_word = in_word;
}

static bool is_half_flag(const struct folding *f, const uint8_t *at)
{
    ucs4_t c = 0;
    if (at < f->end)
        u8_mbtouc(&c, at, (size_t)(f->end - at));
    return c >= 0x1f1e6 && c <= 0x1f1ff;
}

/* Takes one character, or more that belong together. */
static void take(struct folding *f)
{
    ucs4_t c;
    int len = u8_mbtouc(&c, f->s, (size_t)(f->end - f->s));
    const uint8_t *s = f->s, *next = s + len;
    bool is_plain_sign = c < 0x80 && !is_in(c, IN_WORDS); /* in smileys, code, addresses: no terms */
    bool is_word = is_in(c, IN_WORDS) && !is_apostrophe(c), alone = is_word && is_written_without_blanks(c);
    if (alone)
        next = u8_grapheme_next(s, f->end);
    else if (is_half_flag(f, s) && is_half_flag(f, next))
        next += len;
    f->s = next;
    if (is_word || (f->in_word && is_in(c, UC_CATEGORY_MASK_M)))
        put(f, s, (size_t)(next - s), !alone);
    else if (is_in(c, SYMBOLS) && !is_plain_sign)
        put(f, s, (size_t)(next - s), false);
    else
        f->in_word = false;
}

/* Valid UTF-8, not empty. */
static void fold_text(struct buf *out, const uint8_t *s, size_t n)
{
    uint8_t *seen = panic_malloc(n);
    memcpy(seen, s, n);
    size_t len = drop_unseen(seen, n);
    uint8_t *apart = u8_normalize(UNINORM_NFKD, seen, len, NULL, &len); /* NULL: out of memory, for a message at most */
    must(apart);
    len = drop_accents(apart, len);
    uint8_t *whole = u8_casefold(apart, len, NULL, UNINORM_NFKC, NULL, &len);
    must(whole);
    free(seen);
    free(apart);
    len = write_plainly(whole, len);
    for (struct folding f = {.out = out, .s = whole, .end = whole + len}; f.s < f.end;)
        take(&f);
    free(whole);
}

static bool is_plain(const char *s, size_t n)
{
    while (n && (signed char)*s > 0 && *s != '"')
        s++, n--;
    return !n;
}

void fold_terms(struct buf *out, const char *s, size_t n)
{
    if (is_plain(s, n)) {
        buf_add(out, s, n);
        return;
    }
    for (const uint8_t *at = (const uint8_t *)s, *end = at + n; at < end;) {
        const uint8_t *bad = u8_check(at, (size_t)(end - at));
        const uint8_t *upto = bad ? bad : end;
        if (upto > at)
            fold_text(out, at, (size_t)(upto - at));
        buf_char(out, ' ');
        at = bad ? bad + 1 : end;
    }
}
