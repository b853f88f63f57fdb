/* SPDX-License-Identifier: ISC */
/*
 * docgen TABLE FORMAT : prints a table of src/tbl/ as part of a document. `make docs` puts its output between the
 * marker lines of the documents (build-aux/docs.sh), and make check reports any difference, so the documents always
 * agree with the program.
 *
 * Not obvious: no text of a table may be read as markup. All of it is printed by markdown_text, mdoc_sentence,
 * mdoc_syntax and literal, which escape what Markdown or mdoc(7) would take for markup.
 */
#include "config.h"

#include "base/lock.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum format { MARKDOWN, MDOC, SAMPLE, COMPLETION, FORMATS };

static const char *const format_names[FORMATS] = {"markdown", "mdoc", "sample", "completion"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- the tables ---- */

enum { ANYTIME = 1, PRIVATE = 2, TALK = 4, SECRET = 8, KEYED = 16, ROOM = 32 };

static const struct {
    unsigned flags;
    const char *syntax, *help;
} commands[] = {
#define COMMAND(name, handler, args, flags, syntax, help) {flags, syntax, help},
#include "tbl/commands.h"
#undef COMMAND
};

static const struct {
    const char *name, *message, *when;
} errors[] = {
#define ERROR(name, message, when) {#name, message, when},
#include "tbl/errors.h"
#undef ERROR
};

static const struct {
    const char *text, *when;
} notices[] = {
#define NOTICE(name, text, when) {"NOTICE " text, when},
#include "tbl/notices.h"
#undef NOTICE
};

static const struct {
    const char *name, *what;
} caps[] = {
#define CAP(name, word, what) {word, what},
#include "tbl/caps.h"
#undef CAP
};

enum { IRC_ANYTIME = 1, IRC_SECRET = 2, IRC_TALK = 4 };

static const struct {
    const char *syntax;
    unsigned flags;
} irc_commands[] = {
#define IRC_COMMAND(name, handler, least, flags, syntax) {syntax, flags},
#include "tbl/irc_commands.h"
#undef IRC_COMMAND
};

static const struct {
    const char *name, *what;
} irc_caps[] = {
#define IRC_CAP(name, word, extra, what) {word, what},
#include "tbl/irc_caps.h"
#undef IRC_CAP
};

static const struct {
    const char *name, *what;
} options[] = {
#define OPTION(name, word, kind, default_value, most, what) {word, what},
#include "tbl/options.h"
#undef OPTION
};

static const struct {
    const char *label, *words, *error, *queue;
    int drain_ms;
} closes[] = {
#define CLOSE(name, label, words, error, queue, wakes, drain_ms, code) {label, #words, #error, #queue, drain_ms},
#include "tbl/close.h"
#undef CLOSE
};

static const struct {
    const char *verb, *syntax, *help;
} verbs[] = {
#define ADMIN(handler, verb, args, shape, syntax, help) {verb, syntax, help},
#include "tbl/admin.h"
#undef ADMIN
};

static const struct {
    const char *label, *what;
} counters[] = {
#define COUNTER(name, label, what) {label, what},
#include "tbl/counters.h"
#undef COUNTER
};

static const struct {
    const char *name, *what;
} locks[] = {
#define LOCK(name, what) {#name, what},
#include "tbl/locks.h"
#undef LOCK
};

static const struct {
    const char *name, *what;
} protocols[] = {
#define PROTOCOL(NAME, symbol, name, what) {name, what},
#include "tbl/protocols.h"
#undef PROTOCOL
};

enum conf_kind { A_LIST, A_ITEM, A_SECTION, A_KEY };
enum conf_type { IS_INT, IS_BOOL, IS_STRING, IS_ADDRESS, IS_PROTOCOL, IS_PATH, IS_NAME, IS_HASH };

/* A section, a key of the section before it, a list, which stands by itself or in the section before it, or an item: a
 * key of the list before it. */
struct conf_row {
    enum conf_kind kind;
    const char *section, *key, *comment; /* .section of a list and of its items: the path of the list */
    enum conf_type type;
    int value, least, most; /* of a list .least and .most: how many groups */
    const char *text, *allowed;
    const char *when;       /* of a list and in a section LIVE or RESTART, in a list REQUIRED or OPTIONAL */
};

static const struct conf_row confs[] = {
#define CONF_LIST(NAME, list, item, fewest, many, takes_effect, about)                                                 \
    {A_LIST, CONF_AT_##list, #list, about, IS_INT, 0, fewest, many, NULL, NULL, #takes_effect},
#define CONF_ITEM_INT(list, name, default_value, low, high, need, about)                                               \
    {A_ITEM, CONF_AT_##list, #name, about, IS_INT, default_value, low, high, NULL, NULL, #need},
#define CONF_ITEM_BOOL(list, name, default_value, need, about)                                                         \
    {A_ITEM, CONF_AT_##list, #name, about, IS_BOOL, default_value, 0, 1, NULL, NULL, #need},
#define CONF_ITEM_STRING(list, name, default_text, check, need, about)                                                 \
    {A_ITEM, CONF_AT_##list, #name, about, IS_##check, 0, 0, 0, default_text, "", #need},
#define CONF_SECTION(section, about) {A_SECTION, #section, NULL, about, IS_INT, 0, 0, 0, NULL, NULL, NULL},
#define CONF_INT(section, name, default_value, low, high, takes_effect, about)                                         \
    {A_KEY, #section, #name, about, IS_INT, default_value, low, high, NULL, NULL, #takes_effect},
#define CONF_BOOL(section, name, default_value, takes_effect, about)                                                   \
    {A_KEY, #section, #name, about, IS_BOOL, default_value, 0, 1, NULL, NULL, #takes_effect},
#define CONF_STRING(section, name, default_text, values, takes_effect, about)                                          \
    {A_KEY, #section, #name, about, IS_STRING, 0, 0, 0, default_text, values, #takes_effect},
#include "tbl/conf.h"
};

/* ---- text that is not markup ---- */

static void markdown_char(const char *s, const char *at)
{
    bool in_word = at > s && isalnum((unsigned char)at[-1]) && isalnum((unsigned char)at[1]);
    if (strchr("\\|<>*`[]", *at) || (*at == '_' && !in_word))
        putchar('\\');
    putchar(*at);
}

static void mdoc_char(const char *s, const char *at)
{
    if (*at == '\\') {
        fputs("\\e", stdout);
        return;
    }
    if (at == s && (*at == '.' || *at == '\''))
        fputs("\\&", stdout);
    bool ends = *at == ' ' && at > s && at[-1] == '.' && isupper((unsigned char)at[1]);
    putchar(ends ? '\n' : *at); /* a new sentence begins a new line */
}

static void markdown_text(const char *s)
{
    for (const char *at = s; *at; at++)
        markdown_char(s, at);
}

/* In mdoc each text of a table is a sentence of its own. A key of the configuration keeps its small first letter. */
static void mdoc_sentence(const char *s)
{
    size_t n = strlen(s);
    bool is_key = memchr(s, '.', strcspn(s, " ")) && strcspn(s, " ") < n;
    putchar(is_key ? *s : toupper((unsigned char)*s));
    for (const char *at = s + 1; *at; at++)
        mdoc_char(s, at);
    puts(n && s[n - 1] == '.' ? "" : ".");
}

/* Literal text, with dots for each value that is filled in (`%` and a letter): as code in a cell of a Markdown table,
 * where a bar would end the cell even within code, or as one argument of an mdoc macro. */
static void literal(enum format f, const char *s)
{
    char mark = f == MARKDOWN ? '`' : '"';
    putchar(mark);
    for (; *s; s++) {
        if (*s == '%' && isalpha((unsigned char)s[1])) {
            fputs(f == MARKDOWN ? "…" : "...", stdout);
            s++;
        } else if (f == MARKDOWN) {
            printf("%s%c", *s == '|' ? "\\" : "", *s);
        } else if (*s == '"' || *s == '\\') {
            fputs(*s == '"' ? "\\(dq" : "\\e", stdout);
        } else {
            putchar(*s);
        }
    }
    putchar(mark);
}

/*
 * A syntax as mdoc macros: `<name>`, or a word in capitals if the syntax is not `marked`, is an argument; the rest is
 * literal. Short words get a \& so that none of them is read as a macro or as punctuation.
 */
static void mdoc_syntax(const char *s, bool marked)
{
    const char *last = "";
    while (*s) {
        size_t skip = 1;
        const char *macro = "";
        if (*s == '[') {
            macro = " Oo";
        } else if (*s == ']') {
            macro = " Oc";
        } else if (*s == ' ' && s[1] == '|') {
            macro = " |";
            skip = 2;
        } else if (*s == '|') {
            macro = " Ns | Ns";
        } else if (*s != ' ' && *s != ']') {
            bool open = *s == '<';
            size_t len = strcspn(s + open, " |]>");
            macro = (marked ? open : isupper((unsigned char)*s)) ? " Ar" : " Cm";
            printf("%s %s%.*s", macro == last ? "" : macro, len <= 3 ? "\\&" : "", (int)len, s + open);
            skip = len + open + (s[open + len] == '>');
            last = macro;
            macro = "";
        }
        fputs(macro, stdout);
        if (*macro)
            last = macro;
        s += skip;
    }
    putchar('\n');
}

/* ---- tables ---- */

/* `columns`: the headings of the Markdown table, separated by bars. */
static void table_begins(enum format f, const char *columns)
{
    if (f == MDOC) {
        puts(".Bl -tag -width Ds");
        return;
    }
    printf("| %s |\n| --- |", columns);
    for (const char *c = columns; (c = strchr(c, '|')); c++)
        fputs(" --- |", stdout);
    putchar('\n');
}

static void table_ends(enum format f)
{
    if (f == MDOC)
        puts(".El");
}

/* A row of two columns. */
static void row(enum format f, const char *what, const char *meaning)
{
    fputs(f == MARKDOWN ? "| " : ".It Cm ", stdout);
    literal(f, what);
    if (f == MARKDOWN) {
        fputs(" | ", stdout);
        markdown_text(meaning);
        puts(" |");
    } else {
        putchar('\n');
        mdoc_sentence(meaning);
    }
}

static void print_commands(enum format f)
{
    table_begins(f, "command | what it does | before `USERNAME`");
    for (size_t i = 0; i < COUNT(commands); i++) {
        bool anytime = commands[i].flags & ANYTIME;
        if (f == MARKDOWN) {
            fputs("| ", stdout);
            literal(f, commands[i].syntax);
            fputs(" | ", stdout);
            markdown_text(commands[i].help);
            printf(" | %s |\n", anytime ? "yes" : "no");
        } else {
            fputs(".It", stdout);
            mdoc_syntax(commands[i].syntax, true);
            mdoc_sentence(commands[i].help);
            if (anytime)
                puts("Also answered before a name is given.");
        }
    }
    table_ends(f);
}

static void print_errors(enum format f)
{
    table_begins(f, "message | when");
    for (size_t i = 0; i < COUNT(errors); i++)
        row(f, errors[i].message, errors[i].when);
    table_ends(f);
}

static void print_notices(enum format f)
{
    table_begins(f, "notice | when");
    for (size_t i = 0; i < COUNT(notices); i++)
        row(f, notices[i].text, notices[i].when);
    table_ends(f);
}

static void print_caps(enum format f)
{
    table_begins(f, "name | what it does");
    for (size_t i = 0; i < COUNT(caps); i++)
        row(f, caps[i].name, caps[i].what);
    table_ends(f);
}

static void print_irc_commands(enum format f)
{
    table_begins(f, "command | allowed");
    for (size_t i = 0; i < COUNT(irc_commands); i++)
        row(f, irc_commands[i].syntax, irc_commands[i].flags & IRC_ANYTIME ? "at any time" : "with a name");
    table_ends(f);
}

static void print_irc_caps(enum format f)
{
    table_begins(f, "name | what it does");
    for (size_t i = 0; i < COUNT(irc_caps); i++)
        row(f, irc_caps[i].name, irc_caps[i].what);
    table_ends(f);
}

static void print_options(enum format f)
{
    table_begins(f, "name | what it does");
    for (size_t i = 0; i < COUNT(options); i++)
        row(f, options[i].name, options[i].what);
    table_ends(f);
}

/* The last words for a close reason; "" for none. */
static const char *last_words(size_t i, char out[128])
{
    const char *message = "";
    for (size_t e = 0; e < COUNT(errors); e++)
        if (strcmp(errors[e].name, closes[i].error) == 0)
            message = errors[e].message;
    if (strcmp(closes[i].words, "NONE") == 0)
        *out = '\0';
    else if (strcmp(closes[i].words, "GOODBYE") == 0)
        snprintf(out, 128, "OK Goodbye!");
    else
        snprintf(out, 128, "ERROR %s", message);
    return out;
}

static void print_close(enum format f)
{
    table_begins(f, "reason | last words | what is queued | may take");
    for (size_t i = 0; i < COUNT(closes); i++) {
        const char *queue = strcmp(closes[i].queue, "KEEP") == 0 ? "written first" : "dropped";
        char words[128], most[32] = "";
        last_words(i, words);
        if (closes[i].drain_ms)
            snprintf(most, sizeof most, "%g s", closes[i].drain_ms / 1000.0);
        if (f == MARKDOWN) {
            printf("| `%s` | ", closes[i].label);
            if (*words)
                literal(f, words);
            printf("%s | %s | %s |\n", *words ? "" : "none", queue, *most ? most : "no time");
        } else {
            printf(".It Cm %s\n", closes[i].label);
            printf(*words ? "Last words:\n.Dq " : "No last words.\n");
            if (*words) {
                literal(f, words);
                fputs(" .\n", stdout);
            }
            printf("What is queued is %s", queue);
            printf(*most ? "; all of it may take %s.\n" : ".\n", most);
        }
    }
    table_ends(f);
}

static void print_counters(enum format f)
{
    table_begins(f, "counter | what is counted");
    for (size_t i = 0; i < COUNT(counters); i++)
        row(f, counters[i].label, counters[i].what);
    table_ends(f);
}

static void print_locks(enum format f)
{
    table_begins(f, "rank | lock | hot | what it protects");
    for (size_t i = 0; i < COUNT(locks); i++) {
        if (f == MARKDOWN) {
            printf("| %zu | `%s` | %s | ", i, locks[i].name, i >= LOCK_HOT_FIRST ? "hot" : "");
            markdown_text(locks[i].what);
            puts(" |");
        } else {
            row(f, locks[i].name, locks[i].what);
        }
    }
    table_ends(f);
}

/* ---- the console ---- */

static void print_completion(void)
{
    puts("# SPDX-License-Identifier: ISC\n"
         "#\n"
         "# Bash completion for chatctl, generated from src/tbl/admin.h by `make docs`: do not edit it here. Source\n"
         "# this file, or install it as chatctl in the directory that\n"
         "# `pkg-config --variable=completionsdir bash-completion` prints.\n"
         "\n"
         "_chatctl()\n"
         "{\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} said='' next='' verb i\n"
         "    local -a verbs=(");
    for (size_t i = 0; i < COUNT(verbs); i++)
        printf("        '%s'\n", verbs[i].verb);
    puts("    )\n"
         "    COMPREPLY=()\n"
         "    case ${COMP_WORDS[COMP_CWORD - 1]} in\n"
         "    -s)\n"
         "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
         "        return\n"
         "        ;;\n"
         "    -d)\n"
         "        mapfile -t COMPREPLY < <(compgen -d -- \"$word\")\n"
         "        return\n"
         "        ;;\n"
         "    esac\n"
         "    # The words of the command that are typed already, without options and their arguments.\n"
         "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "        case ${COMP_WORDS[i]} in\n"
         "        -s | -d) i=$((i + 1)) ;;\n"
         "        -*) ;;\n"
         "        *) said+=\"${COMP_WORDS[i]} \" ;;\n"
         "        esac\n"
         "    done\n"
         "    if [[ -z $said && $word == -* ]]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -W '-s -d --json -V -h' -- \"$word\")\n"
         "        return\n"
         "    fi\n"
         "    for verb in \"${verbs[@]}\"; do\n"
         "        if [[ $verb == \"$said\"* ]]; then\n"
         "            verb=${verb#\"$said\"}\n"
         "            next+=\"${verb%% *} \"\n"
         "        fi\n"
         "    done\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$next\" -- \"$word\" | sort -u)\n"
         "}\n"
         "complete -F _chatctl chatctl");
}

static void print_admin(enum format f)
{
    if (f == COMPLETION) {
        print_completion();
        return;
    }
    table_begins(f, "command | what it does");
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (f == MARKDOWN) {
            row(f, verbs[i].syntax, verbs[i].help);
        } else {
            fputs(".It", stdout);
            mdoc_syntax(verbs[i].syntax, false);
            mdoc_sentence(verbs[i].help);
        }
    }
    table_ends(f);
}

/* ---- the configuration ---- */

static bool is(const char *word, const struct conf_row *r)
{
    return strcmp(r->when, word) == 0;
}

static bool is_quoted(const struct conf_row *r)
{
    return r->type != IS_INT && r->type != IS_BOOL;
}

/* A string that must be set and is empty by default stands for something that only the operator knows. */
static bool has_default(const struct conf_row *r)
{
    return !is_quoted(r) || *r->text || !is("REQUIRED", r);
}

static void print_value(const struct conf_row *r, const char *quote)
{
    if (!has_default(r))
        printf("%s...%s", quote, quote);
    else if (is_quoted(r))
        printf("%s%s%s", quote, r->text, quote);
    else if (r->type == IS_INT)
        printf("%d", r->value);
    else
        fputs(r->value ? "true" : "false", stdout);
}

/* `"a", "b" or "c"`, of n. */
static void print_choice(const char *word, int len, size_t i, size_t n)
{
    printf("%s\"%.*s\"", !i ? "" : i + 1 < n ? ", " : " or ", len, word);
}

/* What may stand there, in words. */
static void print_range(const struct conf_row *r)
{
    size_t n = 1;
    if (r->type == IS_INT) {
        printf("%d to %d", r->least, r->most);
    } else if (r->type == IS_BOOL) {
        fputs("true or false", stdout);
    } else if (r->type == IS_PROTOCOL) {
        for (size_t i = 0; i < COUNT(protocols); i++)
            print_choice(protocols[i].name, (int)strlen(protocols[i].name), i, COUNT(protocols));
    } else if (r->type == IS_ADDRESS) {
        fputs("an address or \"*\"", stdout);
    } else if (r->type == IS_PATH) {
        fputs("an absolute path", stdout);
    } else if (r->type == IS_NAME) {
        fputs("a name", stdout);
    } else if (r->type == IS_HASH) {
        fputs("a hash", stdout);
    } else if (!*r->allowed) {
        fputs("a string", stdout);
    } else {
        for (const char *a = r->allowed; (a = strchr(a, '|')); a++)
            n++;
        const char *a = r->allowed;
        for (size_t i = 0; i < n; i++) {
            print_choice(a, (int)strcspn(a, "|"), i, n);
            a += strcspn(a, "|") + 1;
        }
    }
}

static const char *effect(const struct conf_row *r)
{
    return is("LIVE", r) ? "at reload" : "at restart";
}

/* A list within a section, rather than beside the sections. */
static bool is_nested(const struct conf_row *list)
{
    return strcmp(list->section, list->key) != 0;
}

/* The list as it is without a configuration, one group of all defaults without what is off; of a list that is empty by
 * default, its form in one line. */
static void print_list_form(const struct conf_row *list)
{
    printf(list->least ? "%s = (\n    {" : "%s = ( {", list->key);
    for (const struct conf_row *r = list + 1; r->kind == A_ITEM; r++) {
        if (r->type == IS_BOOL && !r->value)
            continue;
        printf(" %s = ", r->key);
        print_value(r, "\"");
        putchar(';');
    }
    puts(list->least ? " }\n);" : " } );");
}

static void print_key_mdoc(const struct conf_row *r)
{
    printf(".It Cm %s", r->key);
    if (has_default(r)) {
        fputs(" No = ", stdout);
        print_value(r, "\\(dq");
    }
    putchar('\n');
    mdoc_sentence(r->comment);
    fputs("Takes ", stdout);
    print_range(r);
    if (is("REQUIRED", r))
        puts("; must be set in each group.");
    else if (is("OPTIONAL", r))
        puts(".");
    else
        printf("; changes take effect %s.\n", effect(r));
    for (size_t i = 0; r->type == IS_PROTOCOL && i < COUNT(protocols); i++)
        printf("\\(dq%s\\(dq is %s.\n", protocols[i].name, protocols[i].what);
}

static void print_list_mdoc(const struct conf_row *list)
{
    mdoc_sentence(list->comment);
    printf("A list of %d to %d groups; changes take effect %s.\n", list->least, list->most, effect(list));
    puts(list->least ? "The default is:" : "The default is an empty list.\nIts form is:");
    puts(".Bd -literal -offset indent");
    print_list_form(list);
    puts(".Ed");
    table_begins(MDOC, "");
    for (const struct conf_row *r = list + 1; r->kind == A_ITEM; r++)
        print_key_mdoc(r);
    table_ends(MDOC);
}

static void print_conf_mdoc(void)
{
    bool in_section = false;
    for (size_t i = 0; i < COUNT(confs); i++) {
        const struct conf_row *r = &confs[i];
        if (r->kind == A_ITEM)
            continue; /* was printed with its list */
        if (r->kind == A_KEY) {
            print_key_mdoc(r);
        } else if (r->kind == A_LIST && is_nested(r)) {
            printf(".It Cm %s\n", r->key);
            print_list_mdoc(r);
        } else {
            if (in_section)
                table_ends(MDOC);
            in_section = r->kind == A_SECTION;
            printf(".Ss %s\n", r->section);
            if (in_section) {
                mdoc_sentence(r->comment);
                table_begins(MDOC, "");
            } else {
                print_list_mdoc(r);
            }
        }
    }
    if (in_section)
        table_ends(MDOC);
}

static void print_conf_markdown(void)
{
    table_begins(MARKDOWN, "key | default | takes | takes effect | what it is");
    const struct conf_row *list = NULL;
    for (size_t i = 0; i < COUNT(confs); i++) {
        const struct conf_row *r = &confs[i];
        if (r->kind == A_LIST)
            list = r;
        if (r->kind != A_KEY && r->kind != A_ITEM)
            continue;
        printf("| `%s.%s` | ", r->section, r->key);
        if (has_default(r)) {
            putchar('`');
            print_value(r, "\"");
            fputs("` ", stdout);
        }
        fputs("| ", stdout);
        print_range(r);
        printf(" | %s | ", effect(r->kind == A_ITEM ? list : r));
        markdown_text(r->comment);
        puts(" |");
    }
}

/* A comment of the sample, cut between words into lines of at most 100 bytes. The first line begins with `first`, the
 * others with `next`. */
static void print_comment(const char *first, const char *next, const char *s)
{
    while (*s) {
        size_t n = strlen(s);
        if (n > 100)
            for (n = 100; n && s[n] != ' ';)
                n--;
        printf("%s%.*s\n", first, (int)n, s);
        s += n + (s[n] == ' ');
        first = next;
    }
}

/* The keys of a list as comments, then the list itself, which stands uncommented unless it is empty by default. */
static void print_sample_list(const struct conf_row *list)
{
    const char *in = is_nested(list) ? "    " : "";
    char start[16], first[64], next[64];
    int width = 0;
    for (const struct conf_row *r = list + 1; r->kind == A_ITEM; r++)
        if ((int)strlen(r->key) > width)
            width = (int)strlen(r->key);
    snprintf(start, sizeof start, "%s# ", in);
    snprintf(next, sizeof next, "%s#   %-*s  ", in, width, "");
    print_comment(start, start, list->comment);
    for (const struct conf_row *r = list + 1; r->kind == A_ITEM; r++) {
        snprintf(first, sizeof first, "%s#   %-*s  ", in, width, r->key);
        print_comment(first, next, r->comment);
        printf("%s(", next);
        print_range(r);
        puts(is("REQUIRED", r) ? "; must be set)" : ")");
    }
    printf("%s(%d to %d groups; %s)\n", start, list->least, list->most, effect(list));
    printf("%s%s", in, list->least ? "" : "#");
    print_list_form(list);
}

static void print_sample_key(const struct conf_row *r)
{
    print_comment("    # ", "    # ", r->comment);
    fputs("    # (", stdout);
    print_range(r);
    printf("; %s)\n    #%s = ", effect(r), r->key);
    print_value(r, "\"");
    puts(";");
}

static void print_sample(void)
{
    puts("# SPDX-License-Identifier: ISC\n"
         "#\n"
         "# chatd.conf: the configuration of chatd(8). It can be left as it is, or be missing.\n"
         "#\n"
         "# Every key is listed behind a #, with its default and, in parentheses, the values that it takes and when a\n"
         "# change takes effect: at reload (chatctl reload, or HUP) or at the next start. To set a key, remove its #.\n"
         "# `chatd -t -c FILE` reports every mistake in FILE; see chatd.conf(5) for more.\n");
    bool in_section = false;
    for (size_t i = 0; i < COUNT(confs); i++) {
        const struct conf_row *r = &confs[i];
        bool nested = r->kind == A_KEY || (r->kind == A_LIST && is_nested(r));
        if (r->kind == A_ITEM)
            continue; /* was printed with its list */
        if (i && nested)
            fputs(confs[i - 1].kind == A_SECTION ? "" : "\n", stdout);
        else if (i)
            puts(in_section ? "};\n" : "");
        if (!nested)
            in_section = r->kind == A_SECTION;
        if (r->kind == A_KEY) {
            print_sample_key(r);
        } else if (r->kind == A_LIST) {
            print_sample_list(r);
        } else {
            print_comment("# ", "# ", r->comment);
            printf("%s = {\n", r->section);
        }
    }
    puts(in_section ? "};" : "");
}

static void print_conf(enum format f)
{
    if (f == SAMPLE)
        print_sample();
    else if (f == MARKDOWN)
        print_conf_markdown();
    else
        print_conf_mdoc();
}

/* ---- which of them ---- */

static const struct {
    const char *name;
    void (*print)(enum format f);
    enum format own; /* a format of its own beside markdown and mdoc, or FORMATS */
} tables[] = {
    {"commands", print_commands, FORMATS}, {"errors", print_errors, FORMATS}, {"close", print_close, FORMATS},
    {"conf", print_conf, SAMPLE},          {"admin", print_admin, COMPLETION}, {"counters", print_counters, FORMATS},
    {"locks", print_locks, FORMATS},       {"caps", print_caps, FORMATS},
    {"options", print_options, FORMATS},   {"notices", print_notices, FORMATS},
    {"irc-commands", print_irc_commands, FORMATS}, {"irc-caps", print_irc_caps, FORMATS},
};

static int usage(void)
{
    fprintf(stderr, "usage: docgen TABLE FORMAT\n");
    for (size_t i = 0; i < COUNT(tables); i++) {
        bool own = tables[i].own != FORMATS;
        fprintf(stderr, "  %-12s markdown | mdoc%s%s\n", tables[i].name, own ? " | " : "",
                own ? format_names[tables[i].own] : "");
    }
    return 2;
}

int main(int argc, char **argv)
{
    size_t t = 0;
    int f = 0;
    if (argc != 3)
        return usage();
    while (t < COUNT(tables) && strcmp(tables[t].name, argv[1]) != 0)
        t++;
    while (f < FORMATS && strcmp(format_names[f], argv[2]) != 0)
        f++;
    if (t == COUNT(tables)) {
        fprintf(stderr, "docgen: unknown table %s\n", argv[1]);
        return usage();
    }
    if (f == FORMATS || (f != MARKDOWN && f != MDOC && f != (int)tables[t].own)) {
        fprintf(stderr, "docgen: cannot print %s as %s\n", argv[1], argv[2]);
        return usage();
    }
    tables[t].print((enum format)f);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "docgen: cannot write\n");
        return 1;
    }
    return 0;
}
