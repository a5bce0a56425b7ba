/* SPDX-License-Identifier: GPL-3.0-or-later
 * A recursive descent over the text. The tree is built as it goes; a value that is computed becomes null, and the text
 * is skipped to the comma or bracket that ends it. */
#include "sim/foreign/literal.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/json.h"

struct scan {
    struct source *source;
    const char *text;
    size_t at;
    uint32_t depth, n_names;
    uint32_t statement; /* depth at which a line ends the value, too: that of a constant's; NO_STATEMENT elsewhere */
    struct literal *out;
};

enum { NO_STATEMENT = UINT32_MAX, NAMES_MAX = 256 };

static cJSON *read_value(struct scan *scan, const char *pointer);

size_t literal_at(const cJSON *node) { return node ? (size_t)node->valueint : 0; }

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '$'; }

static size_t skip_comment(const char *text, size_t at)
{
    if (text[at + 1] == '/') return at + strcspn(text + at, "\n");
    const char *end = strstr(text + at + 2, "*/");
    return end ? (size_t)(end - text) + 2 : at + strlen(text + at);
}

static bool at_comment(const char *text, size_t at)
{
    return text[at] == '/' && (text[at + 1] == '/' || text[at + 1] == '*');
}

static size_t skip_blank(const char *text, size_t at)
{
    for (;;) {
        if (text[at] != '\0' && strchr(" \t\r\n\f\v", text[at])) at++;
        else if (at_comment(text, at)) at = skip_comment(text, at);
        else return at;
    }
}

/* Behind the quote that closes the one at `at`, or the end of the text. */
static size_t skip_quoted(const char *text, size_t at)
{
    const char quote = text[at++];
    while (text[at] != '\0' && text[at] != quote) at += text[at] == '\\' && text[at + 1] != '\0' ? 2 : 1;
    return at + (text[at] != '\0');
}

static void blank(struct scan *scan) { scan->at = skip_blank(scan->text, scan->at); }

/* ---- what is computed ---- */

static size_t skip_expression(const char *text, size_t at)
{
    int depth = 0;
    while (text[at] != '\0') {
        const char c = text[at];
        if (depth == 0 && strchr(",]};", c)) return at;
        if (strchr("([{", c)) depth++;
        if (strchr(")]}", c)) depth--;
        if (strchr("\"'`", c)) at = skip_quoted(text, at);
        else if (at_comment(text, at)) at = skip_comment(text, at);
        else at++;
    }
    return at;
}

static cJSON *computed(struct scan *scan, size_t from, const char *pointer)
{
    enum { SHOWN = 40 };
    struct literal *out = scan->out;
    scan->at = skip_expression(scan->text, from);
    size_t length = strcspn(scan->text + from, "\n");
    if (length > scan->at - from) length = scan->at - from;
    if (out->n_computed < MAX_COMPUTED)
        out->computed[out->n_computed] = (struct computed){
            arena_strdup(scan->source->arena, pointer),
            arena_printf(scan->source->arena, "%.*s", (int)(length < SHOWN ? length : SHOWN), scan->text + from), from
        };
    out->n_computed++;
    return cJSON_CreateNull();
}

/* A line ends a statement, unless the next one begins with what goes on with it. */
static bool ends_line(const char *text, size_t at)
{
    while (text[at] != '\0' && strchr(" \t\r", text[at])) at++;
    if (text[at] != '\n' && !at_comment(text, at)) return false;
    const size_t next = skip_blank(text, at);
    return memchr(text + at, '\n', next - at) && !(text[next] != '\0' && strchr("+-*/%.?[(`=<>&|^", text[next]));
}

/* Whether a value may end here. */
static bool at_end(const struct scan *scan, size_t from)
{
    const size_t at = skip_blank(scan->text, from);
    if (scan->text[at] == '\0' || strchr(",]};)", scan->text[at])) return true;
    return scan->statement == scan->depth && ends_line(scan->text, from);
}

/* ---- names that a const gives plain data ---- */

static size_t word_end(const char *text, size_t at)
{
    while (is_word(text[at])) at++;
    return at;
}

static bool is_text(const char *text, size_t from, size_t to, const char *name, size_t length)
{
    return to - from == length && strncmp(text + from, name, length) == 0;
}

/* Behind the `=` of `const NAME =` with NAME at `at`, perhaps with a type between; SIZE_MAX. */
static size_t assigned_at(const char *text, size_t at)
{
    at = skip_blank(text, word_end(text, at));
    if (text[at] == ':') {
        at = skip_blank(text, at + 1);
        while (is_word(text[at]) || text[at] == '.') at++;
        at = skip_blank(text, at);
    }
    return text[at] == '=' && text[at + 1] != '=' && text[at + 1] != '>' ? skip_blank(text, at + 1) : SIZE_MAX;
}

/* Where a reading of the text for constants stands: `const` is said, and a comma or the word itself came last. */
struct declaring { bool is_open, wants_name; };

/* A comma outside of all brackets goes on with the constants; a semicolon or a line that ends a statement ends them. */
static void declaring_goes_on(struct declaring *declaring, const char *text, size_t at)
{
    if (text[at] == ',') declaring->wants_name = declaring->is_open;
    if (text[at] == ';' || (!declaring->wants_name && ends_line(text, at))) *declaring = (struct declaring){ 0 };
}

static bool changes_what_it_has(const char *text, size_t from, size_t end)
{
    static const char *const method[] = { "push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill" };
    for (size_t i = 0; i < sizeof method / sizeof *method; i++)
        if (is_text(text, from, end, method[i], strlen(method[i]))) return true;
    return false;
}

/* The word that ends at `end`, perhaps before blanks: where it begins; *to is where it ends. */
static size_t word_before(const char *text, size_t end, size_t *to)
{
    while (end > 0 && strchr(" \t\r\n", text[end - 1])) end--;
    *to = end;
    while (end > 0 && is_word(text[end - 1])) end--;
    return end;
}

/* Before a name at `at`: whether it is what a function changes that it is given first, as Object.assign does, or is
 * deleted or counted on. */
static bool is_changed_from(const char *text, size_t at)
{
    static const char *const function[] = { "assign", "assignIn", "defineProperty", "defineProperties", "extend",
                                            "merge",  "mergeWith", "set",           "unset",            "update" };
    size_t to, from = word_before(text, at, &to);
    if (is_text(text, from, to, "delete", 6)) return true;
    if (to >= 2 && (text[to - 1] == '+' || text[to - 1] == '-') && text[to - 2] == text[to - 1]) return true;
    if (to == 0 || text[to - 1] != '(') return false;
    from = word_before(text, to - 1, &to);
    for (size_t i = 0; i < sizeof function / sizeof *function; i++)
        if (is_text(text, from, to, function[i], strlen(function[i]))) return true;
    return false;
}

/* Behind a name at `at`: whether a member of it is set, or a method called that changes it. */
static bool is_changed_at(const char *text, size_t at)
{
    bool of_member = false;
    for (;; of_member = true) {
        at = skip_blank(text, at);
        if (text[at] == '.') {
            const size_t from = skip_blank(text, at + 1), end = word_end(text, from);
            if (end == from) return false;
            at = end;
            if (text[skip_blank(text, at)] == '(') return changes_what_it_has(text, from, end);
        } else if (text[at] == '[') {
            at = skip_expression(text, at + 1);
            if (text[at] != ']') return false;
            at++;
        } else {
            break;
        }
    }
    if (!of_member) return false;
    if (strncmp(text + at, "?\?=", 3) == 0) return true;
    if (strchr("+-*/%&|^", text[at] ? text[at] : ' ')) return text[at + 1] == '=' || text[at + 1] == text[at];
    return text[at] == '=' && text[at + 1] != '=' && text[at + 1] != '>';
}

size_t literal_changed_at(const struct source *source, const char *name, size_t length)
{
    const char *text = source->text;
    for (size_t at = 0; text[at] != '\0';) {
        if (at_comment(text, at)) at = skip_comment(text, at);
        else if (strchr("\"'`", text[at])) at = skip_quoted(text, at);
        else if (!is_word(text[at])) at++;
        else {
            const size_t end = word_end(text, at);
            const bool is_member = at > 0 && text[at - 1] == '.' && !(at > 1 && text[at - 2] == '.');
            if (!is_member && is_text(text, at, end, name, length) &&
                (is_changed_at(text, end) || is_changed_from(text, at)))
                return at;
            at = end;
        }
    }
    return SIZE_MAX;
}

/* The value of the only constant of this name outside of all brackets; SIZE_MAX. */
static size_t constant_at(struct scan *scan, const char *name, size_t length)
{
    const char *text = scan->text;
    struct declaring declaring = { 0 };
    size_t found = SIZE_MAX;
    int depth = 0;
    if (scan->n_names++ >= NAMES_MAX) return SIZE_MAX;
    for (size_t at = 0; text[at] != '\0';) {
        if (depth == 0) declaring_goes_on(&declaring, text, at);
        if (at_comment(text, at)) at = skip_comment(text, at);
        else if (strchr("\"'`", text[at])) at = skip_quoted(text, at);
        else if (!is_word(text[at])) {
            depth += strchr("([{", text[at]) ? 1 : strchr(")]}", text[at]) ? -1 : 0;
            at++;
        } else {
            const size_t end = word_end(text, at);
            if (depth == 0 && declaring.wants_name && is_text(text, at, end, name, length)) {
                if (found != SIZE_MAX) return SIZE_MAX;
                found = assigned_at(text, at);
            }
            if (depth == 0) declaring.wants_name = is_text(text, at, end, "const", 5);
            declaring.is_open |= declaring.wants_name;
            at = end;
        }
    }
    return found;
}

/* What the name of n bytes at `from` stands for; NULL, perhaps with a finding at its constant. */
static cJSON *read_constant(struct scan *scan, size_t from, size_t n, const char *pointer)
{
    if (scan->depth >= LITERAL_DEPTH_MAX || isdigit((unsigned char)scan->text[from])) return NULL;
    const size_t value_at = constant_at(scan, scan->text + from, n);
    if (value_at == SIZE_MAX || literal_changed_at(scan->source, scan->text + from, n) != SIZE_MAX) return NULL;
    struct scan constant = *scan;
    constant.at = value_at;
    constant.statement = ++constant.depth;
    cJSON *value = read_value(&constant, pointer);
    scan->n_names = constant.n_names;
    if (!value || at_end(&constant, constant.at)) return value;
    cJSON_Delete(value);
    return NULL;
}

/* ---- numbers: products and sums of plain ones ---- */

static bool read_sum(struct scan *scan, size_t *at, uint32_t depth, double *out);

/* A constant that is a number. */
static bool read_named(struct scan *scan, size_t *at, uint32_t depth, double *out)
{
    const size_t from = *at, end = word_end(scan->text, from);
    size_t value_at = depth > 0 ? constant_at(scan, scan->text + from, end - from) : SIZE_MAX;
    *at = end;
    if (value_at == SIZE_MAX || !read_sum(scan, &value_at, depth - 1, out)) return false;
    return strchr(",;", scan->text[skip_blank(scan->text, value_at)]) || ends_line(scan->text, value_at);
}

static bool read_factor(struct scan *scan, size_t *at, uint32_t depth, double *out)
{
    const char *text = scan->text;
    *at = skip_blank(text, *at);
    if (text[*at] == '-' || text[*at] == '+') {
        const double sign = text[(*at)++] == '-' ? -1 : 1;
        if (depth == 0 || !read_factor(scan, at, depth - 1, out)) return false;
        *out *= sign;
        return true;
    }
    if (text[*at] == '(') {
        ++*at;
        if (depth == 0 || !read_sum(scan, at, depth - 1, out)) return false;
        *at = skip_blank(text, *at);
        return text[(*at)++] == ')';
    }
    if (is_word(text[*at]) && !isdigit((unsigned char)text[*at])) return read_named(scan, at, depth, out);
    char number[64];
    size_t n = 0, from = *at;
    if (!isdigit((unsigned char)text[from]) && text[from] != '.') return false;
    for (; n + 1 < sizeof number; from++) {
        const char c = text[from];
        const bool signed_exponent = (c == '+' || c == '-') && n > 0 && (number[n - 1] == 'e' || number[n - 1] == 'E');
        if (c == '_' && n > 0 && isdigit((unsigned char)text[from + 1])) continue;
        if (!isdigit((unsigned char)c) && !strchr(".eE", c ? c : ' ') && !signed_exponent) break;
        number[n++] = c;
    }
    number[n] = '\0';
    char *end;
    *out = strtod(number, &end);
    *at = from;
    return *end == '\0' && !is_word(text[from]) && isfinite(*out);
}

static bool read_product(struct scan *scan, size_t *at, uint32_t depth, double *out)
{
    const char *text = scan->text;
    if (!read_factor(scan, at, depth, out)) return false;
    for (;;) {
        double factor;
        const size_t sign_at = skip_blank(text, *at);
        if ((text[sign_at] != '*' && text[sign_at] != '/') || text[sign_at + 1] == '*') return true;
        *at = sign_at + 1;
        if (!read_factor(scan, at, depth, &factor)) return false;
        *out = text[sign_at] == '*' ? *out * factor : *out / factor;
    }
}

static bool read_sum(struct scan *scan, size_t *at, uint32_t depth, double *out)
{
    const char *text = scan->text;
    if (!read_product(scan, at, depth, out)) return false;
    for (;;) {
        double term;
        const size_t sign_at = skip_blank(text, *at);
        if (text[sign_at] != '+' && text[sign_at] != '-') return true;
        *at = sign_at + 1;
        if (!read_product(scan, at, depth, &term)) return false;
        *out += text[sign_at] == '+' ? term : -term;
    }
}

/* ---- strings ---- */

static size_t put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) return out[0] = (char)code, (size_t)1;
    if (code < 0x800) return out[0] = (char)(0xc0 | code >> 6), out[1] = (char)(0x80 | (code & 63)), (size_t)2;
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 63));
    out[2] = (char)(0x80 | (code & 63));
    return 3;
}

/* The character behind a backslash at text[*at]; moves *at behind it. 0: not one that can be. */
static uint32_t read_escape(const char *text, size_t *at)
{
    static const char from[] = "nrtbfv", to[] = "\n\r\t\b\f\v";
    const char c = text[(*at)++];
    const char *simple = c ? strchr(from, c) : NULL;
    if (simple) return (uint32_t)to[simple - from];
    if (c != 'u') return (unsigned char)c;
    uint32_t code = 0;
    for (int i = 0; i < 4; i++, ++*at) {
        const char digit = text[*at];
        if (!isxdigit((unsigned char)digit)) return 0;
        code = code * 16 + (uint32_t)(isdigit((unsigned char)digit) ? digit - '0' : (digit | 32) - 'a' + 10);
    }
    return code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
}

static char *read_string(struct scan *scan)
{
    const size_t from = scan->at, end = skip_quoted(scan->text, from);
    const char quote = scan->text[from];
    char *out = arena_alloc(scan->source->arena, end - from + 4);
    size_t n = 0, at = from + 1;
    while (scan->text[at] != quote) {
        const char c = scan->text[at];
        if (c == '\0' || (c == '\n' && quote != '`'))
            return source_finding(scan->source, from, "", "a string that is not closed"), NULL;
        if (c != '\\') {
            out[n++] = c, at++;
            continue;
        }
        at++;
        if (scan->text[at] == '\n') {
            at++;
            continue;
        }
        const size_t escape = at;
        const uint32_t code = read_escape(scan->text, &at);
        if (code == 0) return source_finding(scan->source, escape, "", "an escape that no string can have"), NULL;
        if (code >= 0x80 && scan->text[escape] != 'u') out[n++] = (char)code;
        else n += put_utf8(out + n, code);
    }
    scan->at = at + 1;
    if (json_is_utf8(out)) return out;
    return source_finding(scan->source, from, "", "a string that is not UTF-8"), NULL;
}

static cJSON *read_text(struct scan *scan, const char *pointer)
{
    const size_t from = scan->at, end = skip_quoted(scan->text, from);
    if (scan->text[from] == '`') {
        const char *hole = strstr(scan->text + from, "${");
        if (hole && hole < scan->text + end) return computed(scan, from, pointer);
    }
    char *text = read_string(scan);
    if (!text) return NULL;
    return at_end(scan, scan->at) ? cJSON_CreateString(text) : computed(scan, from, pointer);
}

/* ---- objects, arrays ---- */

static char *read_key(struct scan *scan)
{
    const char c = scan->text[scan->at];
    if (c == '"' || c == '\'') return read_string(scan);
    size_t n = 0;
    while (is_word(scan->text[scan->at + n])) n++;
    if (n == 0) return source_finding(scan->source, scan->at, "", "a key is needed here"), NULL;
    char *key = arena_printf(scan->source->arena, "%.*s", (int)n, scan->text + scan->at);
    scan->at += n;
    return key;
}

static bool read_member(struct scan *scan, cJSON *object, const char *pointer)
{
    const size_t key_at = scan->at;
    struct arena *arena = scan->source->arena;
    if (strncmp(scan->text + key_at, "...", 3) == 0 || scan->text[key_at] == '[') {
        cJSON_Delete(computed(scan, key_at, pointer));
        return true;
    }
    char *key = read_key(scan);
    if (!key) return false;
    const char *below = json_pointer_below(pointer, key, arena);
    blank(scan);
    if (scan->text[scan->at] != ':') { /* {rate}, {exec() {...}} */
        if (scan->text[scan->at] != '\0' && !strchr(",}(", scan->text[scan->at]))
            return source_finding(scan->source, scan->at, below, "a colon is needed behind the key");
        const size_t n = word_end(scan->text, key_at) - key_at;
        const bool is_name = scan->text[scan->at] != '(' && n == strlen(key);
        cJSON *constant = is_name ? read_constant(scan, key_at, n, below) : NULL;
        if (!constant && scan->source->findings->n_all > 0) return false;
        cJSON_AddItemToObject(object, key, constant ? constant : computed(scan, key_at, below));
        return true;
    }
    scan->at++;
    if (cJSON_GetObjectItemCaseSensitive(object, key))
        return source_finding(scan->source, key_at, below, "the key stands here a second time");
    cJSON *value = read_value(scan, below);
    if (value) cJSON_AddItemToObject(object, key, value);
    return value != NULL;
}

static bool read_item(struct scan *scan, cJSON *array, uint32_t index, const char *pointer)
{
    const char *below = arena_printf(scan->source->arena, "%s/%u", pointer, index);
    cJSON *value = read_value(scan, below);
    if (value) cJSON_AddItemToArray(array, value);
    return value != NULL;
}

static cJSON *read_many(struct scan *scan, const char *pointer)
{
    const size_t from = scan->at;
    const bool object = scan->text[from] == '{';
    cJSON *out = object ? cJSON_CreateObject() : cJSON_CreateArray();
    uint32_t n = 0; /* cJSON would count the items anew for each */
    bool ok = scan->depth++ < LITERAL_DEPTH_MAX;
    if (!ok) source_finding(scan->source, from, pointer, "nested deeper than %d", LITERAL_DEPTH_MAX);
    scan->at++;
    blank(scan);
    while (ok && scan->text[scan->at] != (object ? '}' : ']')) {
        if (scan->text[scan->at] == '\0') {
            ok = source_finding(scan->source, from, pointer, "%s that is not closed", object ? "{" : "[");
            break;
        }
        ok = object ? read_member(scan, out, pointer) : read_item(scan, out, n++, pointer);
        blank(scan);
        const char c = scan->text[scan->at];
        if (!ok || c == (object ? '}' : ']')) continue;
        if (c != ',')
            ok = c == '\0' ||
                 source_finding(scan->source, scan->at, pointer, "a comma or %s is needed here", object ? "}" : "]");
        scan->at += c == ',';
        blank(scan);
    }
    scan->depth--;
    scan->at += ok;
    if (ok) return out;
    cJSON_Delete(out);
    return NULL;
}

static cJSON *read_word(struct scan *scan, const char *pointer)
{
    const size_t from = scan->at;
    size_t at = from;
    double number;
    if (read_sum(scan, &at, LITERAL_DEPTH_MAX, &number) && at_end(scan, at)) {
        scan->at = at;
        if (isfinite(number)) return cJSON_CreateNumber(number);
    }
    at = word_end(scan->text, from);
    const size_t n = at - from;
    const char *word = scan->text + from;
    if (n > 0 && at_end(scan, at)) {
        scan->at = at;
        if (n == 4 && strncmp(word, "true", n) == 0) return cJSON_CreateTrue();
        if (n == 5 && strncmp(word, "false", n) == 0) return cJSON_CreateFalse();
        if ((n == 4 && strncmp(word, "null", n) == 0) || (n == 9 && strncmp(word, "undefined", n) == 0))
            return cJSON_CreateNull();
        cJSON *constant = read_constant(scan, from, n, pointer);
        if (constant || scan->source->findings->n_all > 0) return constant;
    }
    if (strchr(",]}:;", *word)) /* the end of the text as well */
        return source_finding(scan->source, from, pointer, "a value is needed here"), NULL;
    return computed(scan, from, pointer);
}

static cJSON *read_value(struct scan *scan, const char *pointer)
{
    blank(scan);
    const size_t from = scan->at;
    const char c = scan->text[from];
    cJSON *value = c == '{' || c == '['                ? read_many(scan, pointer)
                   : c == '"' || c == '\'' || c == '`' ? read_text(scan, pointer)
                                                       : read_word(scan, pointer);
    if (value) value->valueint = from < INT_MAX ? (int)from : INT_MAX;
    return value;
}

bool literal_read(struct literal *out, struct source *source, size_t at)
{
    struct scan scan = { .source = source, .text = source->text, .at = at, .out = out, .statement = NO_STATEMENT };
    *out = (struct literal){ 0 };
    out->root = read_value(&scan, "");
    out->end = scan.at;
    return out->root != NULL;
}

/* One outside of all brackets comes before one inside of a function. */
size_t literal_find(const struct source *source, const char *name)
{
    const char *text = source->text;
    const size_t length = strlen(name);
    size_t inside = SIZE_MAX;
    int depth = 0;
    for (size_t at = 0; text[at] != '\0';) {
        if (at_comment(text, at)) at = skip_comment(text, at);
        else if (strchr("\"'`", text[at])) at = skip_quoted(text, at);
        else if (!is_word(text[at])) {
            depth += strchr("([{", text[at]) ? 1 : strchr(")]}", text[at]) ? -1 : 0;
            at++;
        } else {
            const size_t end = word_end(text, at);
            const size_t value = is_text(text, at, end, name, length) ? assigned_at(text, at) : SIZE_MAX;
            if (value != SIZE_MAX && text[value] == '{' && depth <= 0) return value;
            if (value != SIZE_MAX && text[value] == '{' && inside == SIZE_MAX) inside = value;
            at = end;
        }
    }
    return inside;
}
