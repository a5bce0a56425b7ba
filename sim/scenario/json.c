/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/scenario/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Step from a container to what is being scanned in it: a key as it stands in the text, or an index. */
struct step {
    const char *key;
    int key_length;
    uint32_t index;
};

struct scan {
    struct json *json;
    const char *at;
    const char *end;
    struct findings *findings;
    struct arena *arena;
    struct step step[JSON_DEPTH_MAX + 1];
    uint32_t depth;
};

/* ---- places ---- */

static struct text_place place_of(const char *text, size_t offset)
{
    struct text_place place = { 1, 1 };
    for (size_t i = 0; i < offset; i++) {
        place.column++;
        if (text[i] == '\n') place = (struct text_place){ place.line + 1, 1 };
    }
    return place;
}

struct text_place json_place(const struct json *json, const cJSON *node)
{
    if (!node || node->valueint <= 0) return (struct text_place){ 0, 0 };
    return place_of(json->text, json->span[node->valueint].value);
}

struct text_place json_key_place(const struct json *json, const cJSON *node)
{
    if (!node || node->valueint <= 0) return (struct text_place){ 0, 0 };
    return place_of(json->text, json->span[node->valueint].key);
}

static const char *scan_pointer(const struct scan *scan)
{
    const char *pointer = "";
    for (uint32_t i = 0; i < scan->depth; i++) {
        const struct step *step = &scan->step[i];
        if (step->key) pointer = arena_printf(scan->arena, "%s/%.*s", pointer, step->key_length, step->key);
        else if (step->index != UINT32_MAX) pointer = arena_printf(scan->arena, "%s/%u", pointer, step->index);
    }
    return pointer;
}

#define REFUSE(scan, at, ...)                                                                                          \
    (finding_add((scan)->findings, (scan)->arena, place_of((scan)->json->text, (size_t)((at) - (scan)->json->text)),   \
                 scan_pointer(scan), __VA_ARGS__),                                                                     \
     false)

/* ---- tokens ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) && *scan->at != '\0') scan->at++;
}

/* The character that is not what was needed; needed says what was. */
static bool refuse_character(struct scan *scan, const char *needed)
{
    const unsigned char c = (unsigned char)*scan->at;
    if (scan->at == scan->end) return REFUSE(scan, scan->at, "the text ends where %s is needed", needed);
    if (c == '/') return REFUSE(scan, scan->at, "JSON has no comments; use the key \"$comment\"");
    if (c == '\'') return REFUSE(scan, scan->at, "strings stand in double quotes");
    if (c == '.' || c == '+') return REFUSE(scan, scan->at, "a number begins with a digit or a minus, not '%c'", c);
    if (c > 0x20 && c < 0x7f) return REFUSE(scan, scan->at, "%s is needed, not '%c'", needed, c);
    return REFUSE(scan, scan->at, "%s is needed, not byte 0x%02x", needed, c);
}

/* Length of the UTF-8 sequence at `at`, 0 when there is none (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } forms[] = {
        { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    if (at[0] < 0x80) return 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (at[0] < forms[i].first_low || at[0] > forms[i].first_high) continue;
        if (left < forms[i].length || at[1] < forms[i].second_low || at[1] > forms[i].second_high) return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if ((at[k] & 0xc0) != 0x80) return 0;
        return forms[i].length;
    }
    return 0;
}

bool json_is_utf8(const char *text)
{
    for (size_t left = strlen(text), length; left > 0; text += length, left -= length) {
        length = utf8_length((const unsigned char *)text, left);
        if (length == 0) return false;
    }
    return true;
}

/* The four hexadecimal digits of \uXXXX at `at`, -1 when they are not. */
static int hex4(const char *at, const char *end)
{
    int code = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
    for (int i = 2; i < 6; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = strchr(digits, at[i] | 0x20);
        if (at[i] == '\0' || !digit) return -1;
        code = code * 16 + (int)(digit - digits);
    }
    return code;
}

/* A backslash and what belongs to it. */
static bool scan_escape(struct scan *scan)
{
    const char *at = scan->at;
    if (scan->end - at >= 2 && at[1] != '\0' && strchr("\"\\/bfnrt", at[1])) {
        scan->at += 2;
        return true;
    }
    int code = hex4(at, scan->end);
    if (code < 0) return REFUSE(scan, at, "an escape that JSON does not have; write \\\\ for a backslash");
    if (code == 0) return REFUSE(scan, at, "a NUL (\\u0000) in a string");
    scan->at += 6;
    if (code < 0xd800 || code > 0xdfff) return true;
    int low = hex4(scan->at, scan->end);
    if (code > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return REFUSE(scan, at, "half of a surrogate pair, without the other");
    scan->at += 6;
    return true;
}

static bool scan_string(struct scan *scan)
{
    const char *start = scan->at++;
    while (scan->at < scan->end && *scan->at != '"') {
        const unsigned char c = (unsigned char)*scan->at;
        if (c == '\0') return REFUSE(scan, scan->at, "a NUL byte in a string");
        if (c == '\n')
            return REFUSE(scan, start, "the line ends inside this string; its closing quote is missing, or write \\n");
        if (c < 0x20) return REFUSE(scan, scan->at, "a raw control character in a string; write \\u%04x", c);
        if (c == '\\') {
            if (!scan_escape(scan)) return false;
            continue;
        }
        size_t length = utf8_length((const unsigned char *)scan->at, (size_t)(scan->end - scan->at));
        if (length == 0) return REFUSE(scan, scan->at, "byte 0x%02x is not UTF-8", c);
        scan->at += length;
    }
    if (scan->at == scan->end) return REFUSE(scan, start, "a string without its closing quote");
    scan->at++;
    return true;
}

static const char *skip_digits(const char *at)
{
    while (is_digit(*at)) at++;
    return at;
}

static bool scan_number(struct scan *scan)
{
    const char *start = scan->at, *at = start + (*start == '-');
    if (!is_digit(*at)) return REFUSE(scan, start, "a digit is needed after the minus");
    if (*at == '0' && is_digit(at[1])) return REFUSE(scan, start, "a number may not begin with 0");
    at = skip_digits(at);
    if (*at == '.') {
        if (!is_digit(at[1])) return REFUSE(scan, start, "a digit is needed after the point");
        at = skip_digits(at + 1);
    }
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        if (!is_digit(*at)) return REFUSE(scan, start, "a digit is needed in the exponent");
        at = skip_digits(at);
    }
    if (at - start > JSON_NUMBER_MAX)
        return REFUSE(scan, start, "a number of %d characters; at most %d are read", (int)(at - start),
                      JSON_NUMBER_MAX);
    char token[JSON_NUMBER_MAX + 1] = ""; /* strtod alone would also read the hexadecimal number that 0x1p9 begins */
    memcpy(token, start, (size_t)(at - start));
    if (isinf(strtod(token, NULL))) return REFUSE(scan, start, "%s is too large for a number", token);
    scan->at = at;
    return true;
}

static bool scan_word(struct scan *scan)
{
    static const char *const words[] = { "true", "false", "null" };
    size_t length = 0;
    while (scan->at + length < scan->end && (scan->at[length] | 0x20) >= 'a' && (scan->at[length] | 0x20) <= 'z')
        length++;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) != length || memcmp(scan->at, words[i], length) != 0) continue;
        scan->at += length;
        return true;
    }
    if (length == 0) return refuse_character(scan, "a value");
    return REFUSE(scan, scan->at, "%.*s is not a JSON value; strings stand in double quotes",
                  length > 40 ? 40 : (int)length, scan->at);
}

/* ---- structure ---- */

static void note_span(struct scan *scan, const char *key)
{
    struct json *json = scan->json;
    if (json->n_spans == json->capacity) {
        uint32_t capacity = json->capacity == 0 ? 256 : 2 * json->capacity;
        struct json_span *span = arena_array(scan->arena, struct json_span, capacity);
        if (json->n_spans > 0) memcpy(span, json->span, json->n_spans * sizeof *span);
        json->span = span;
        json->capacity = capacity;
    }
    uint32_t value = (uint32_t)(scan->at - json->text);
    json->span[json->n_spans++] = (struct json_span){ key ? (uint32_t)(key - json->text) : value, value };
}

static bool scan_value(struct scan *scan, const char *key);

static bool scan_member(struct scan *scan, struct step *step)
{
    if (scan->at == scan->end || *scan->at != '"') return refuse_character(scan, "a key in double quotes");
    const char *key = scan->at;
    if (!scan_string(scan)) return false;
    *step = (struct step){ key + 1, (int)(scan->at - key) - 2, 0 };
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != ':') return refuse_character(scan, "a colon");
    scan->at++;
    skip_space(scan);
    return scan_value(scan, key);
}

/* An object or an array, from its bracket on. */
static bool scan_container(struct scan *scan)
{
    const bool is_object = *scan->at == '{';
    const char close = is_object ? '}' : ']';
    if (scan->depth == JSON_DEPTH_MAX) return REFUSE(scan, scan->at, "nested deeper than %d levels", JSON_DEPTH_MAX);
    struct step *step = &scan->step[scan->depth++];
    *step = (struct step){ .index = UINT32_MAX };
    scan->at++;
    skip_space(scan);
    for (uint32_t n = 0; scan->at == scan->end || *scan->at != close; n++) {
        if (n == JSON_KEYS_MAX && is_object)
            return REFUSE(scan, scan->at, "more than %d keys in one object", JSON_KEYS_MAX);
        if (n > 0) {
            if (scan->at == scan->end || *scan->at != ',')
                return refuse_character(scan, is_object ? "a comma or }" : "a comma or ]");
            const char *comma = scan->at++;
            skip_space(scan);
            if (scan->at < scan->end && *scan->at == close) return REFUSE(scan, comma, "a comma before %c", close);
        }
        *step = (struct step){ .index = is_object ? UINT32_MAX : n };
        if (!(is_object ? scan_member(scan, step) : scan_value(scan, NULL))) return false;
        *step = (struct step){ .index = UINT32_MAX };
        skip_space(scan);
    }
    scan->at++;
    scan->depth--;
    return true;
}

static bool scan_value(struct scan *scan, const char *key)
{
    note_span(scan, key);
    if (scan->at == scan->end) return refuse_character(scan, "a value");
    switch (*scan->at) {
    case '{':
    case '[': return scan_container(scan);
    case '"': return scan_string(scan);
    default: return is_digit(*scan->at) || *scan->at == '-' ? scan_number(scan) : scan_word(scan);
    }
}

static bool scan_document(struct scan *scan)
{
    if (scan->end - scan->at >= 3 && memcmp(scan->at, "\xef\xbb\xbf", 3) == 0)
        return REFUSE(scan, scan->at, "the text begins with a byte order mark; save it as UTF-8 without one");
    skip_space(scan);
    if (scan->at == scan->end) return REFUSE(scan, scan->at, "the text is empty");
    if (!scan_value(scan, NULL)) return false;
    skip_space(scan);
    return scan->at == scan->end || REFUSE(scan, scan->at, "text after the end of the document");
}

/* ---- tree ---- */

static void number_nodes(cJSON *node, int *next)
{
    node->valueint = (*next)++;
    for (cJSON *child = node->child; child; child = child->next) number_nodes(child, next);
}

static void forget_places(cJSON *node)
{
    node->valueint = 0;
    for (cJSON *child = node->child; child; child = child->next) forget_places(child);
}

const char *json_pointer_below(const char *pointer, const char *key, struct arena *arena)
{
    char *out = arena_alloc(arena, strlen(pointer) + 2 * strlen(key) + 2);
    size_t n = (size_t)sprintf(out, "%s/", pointer);
    for (; *key != '\0'; key++) {
        if (*key == '~' || *key == '/') out[n++] = '~';
        out[n++] = *key == '~' ? '0' : *key == '/' ? '1' : *key;
    }
    out[n] = '\0';
    return out;
}

static const cJSON *same_key_before(const cJSON *object, const cJSON *child)
{
    for (const cJSON *before = object->child; before != child; before = before->next)
        if (strcmp(before->string, child->string) == 0) return before;
    return NULL;
}

/* Keys are compared as they read, escapes undone. JSON_KEYS_MAX bounds the square. */
static bool find_duplicates(const struct json *json, const cJSON *node, const char *pointer, struct findings *findings,
                            struct arena *arena)
{
    bool none = true;
    uint32_t index = 0;
    for (const cJSON *child = node->child; child; child = child->next, index++) {
        const cJSON *before = child->string ? same_key_before(node, child) : NULL;
        if (!before && !child->child) continue;
        const char *below = child->string ? json_pointer_below(pointer, child->string, arena)
                                          : arena_printf(arena, "%s/%u", pointer, index);
        if (before) {
            finding_add(findings, arena, json_key_place(json, child), below, "the key stands in line %u already",
                        json_key_place(json, before).line);
            none = false;
        }
        if (!find_duplicates(json, child, below, findings, arena)) none = false;
    }
    return none;
}

bool json_open(struct json *out, const char *text, size_t length, struct findings *findings, struct arena *arena)
{
    *out = (struct json){ .text = text, .length = length };
    struct scan scan = { .json = out, .at = text, .end = text + length, .findings = findings, .arena = arena };
    note_span(&scan, NULL); /* number 0 */
    if (!scan_document(&scan)) return false;
    out->root = cJSON_ParseWithLength(text, length);
    if (!out->root) return REFUSE(&scan, text, "the text cannot be read: out of memory");
    int next = 1;
    number_nodes(out->root, &next);
    SIM_ASSERT((uint32_t)next == out->n_spans);
    return find_duplicates(out, out->root, "", findings, arena);
}

void json_close(struct json *json)
{
    cJSON_Delete(json->root);
    json->root = NULL;
}

cJSON *json_value(const char *text, struct arena *arena)
{
    struct json json;
    struct findings findings = { 0 };
    if (!json_open(&json, text, strlen(text), &findings, arena)) json_close(&json);
    else forget_places(json.root);
    return json.root;
}

/* ---- pointers ---- */

bool json_pointer_ok(const char *pointer)
{
    if (pointer[0] != '\0' && pointer[0] != '/') return false;
    for (; *pointer != '\0'; pointer++)
        if (*pointer == '~' && pointer[1] != '0' && pointer[1] != '1') return false;
    return true;
}

char *json_pointer_step(const char **pointer, struct arena *arena)
{
    size_t length = strcspn(*pointer + 1, "/");
    char *key = arena_alloc(arena, length + 1), *out = key;
    const char *at = *pointer + 1, *end = at + length;
    while (at < end) {
        if (*at != '~') *out++ = *at++;
        else *out++ = at[1] == '0' ? '~' : '/', at += 2;
    }
    *pointer = end;
    return key;
}

static cJSON *item_at(const cJSON *array, const char *index)
{
    size_t length = strspn(index, "0123456789");
    if (length == 0 || length > 9 || index[length] != '\0' || (index[0] == '0' && length > 1)) return NULL;
    return cJSON_GetArrayItem(array, atoi(index));
}

cJSON *json_child(const cJSON *node, const char *key)
{
    if (cJSON_IsObject(node)) return cJSON_GetObjectItemCaseSensitive(node, key);
    return cJSON_IsArray(node) ? item_at(node, key) : NULL;
}

cJSON *json_find(cJSON *root, const char *pointer, cJSON **nearest, struct arena *arena)
{
    cJSON *node = root;
    *nearest = root;
    while (*pointer != '\0') {
        node = json_child(node, json_pointer_step(&pointer, arena));
        if (!node) return NULL;
        *nearest = node;
    }
    return node;
}

const char *json_type_name(const cJSON *node)
{
    if (cJSON_IsString(node)) return "a string";
    if (cJSON_IsNumber(node)) return "a number";
    if (cJSON_IsBool(node)) return cJSON_IsTrue(node) ? "true" : "false";
    if (cJSON_IsNull(node)) return "null";
    return cJSON_IsArray(node) ? "an array" : "an object";
}

uint32_t text_control(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c < 0x20 || *c == 0x7f) return *c;
        if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) return c[1]; /* U+0080 to U+009F */
    }
    return 0;
}
