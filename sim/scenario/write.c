/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/scenario/write.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *at;
    size_t length, capacity;
    struct arena *arena;
};

static void put(struct text *text, const char *bytes, size_t n)
{
    if (text->length + n + 1 > text->capacity) {
        text->capacity = 2 * (text->length + n + 1);
        char *grown = arena_alloc(text->arena, text->capacity);
        if (text->length > 0) memcpy(grown, text->at, text->length);
        text->at = grown;
    }
    memcpy(text->at + text->length, bytes, n);
    text->length += n;
    text->at[text->length] = '\0';
}

static void put_text(struct text *text, const char *bytes) { put(text, bytes, strlen(bytes)); }

static bool is_plain(char c) { return (unsigned char)c >= 0x20 && c != '"' && c != '\\'; }

static void put_escaped(struct text *text, char c)
{
    char code[8];
    if (c == '"' || c == '\\') snprintf(code, sizeof code, "\\%c", c);
    else if (c == '\n') snprintf(code, sizeof code, "\\n");
    else if (c == '\t') snprintf(code, sizeof code, "\\t");
    else snprintf(code, sizeof code, "\\u%04x", (unsigned char)c);
    put_text(text, code);
}

static void put_string(struct text *text, const char *string)
{
    put_text(text, "\"");
    while (*string != '\0') {
        size_t n_plain = 0;
        while (is_plain(string[n_plain])) n_plain++; /* the end of the string is not */
        put(text, string, n_plain);
        string += n_plain;
        if (*string != '\0') put_escaped(text, *string++);
    }
    put_text(text, "\"");
}

const char *write_number(double number, char out[32])
{
    if (number == trunc(number) && fabs(number) < 1e15) {
        snprintf(out, 32, "%.0f", number + 0.0); /* -0 + 0 is 0 */
        return out;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, number);
        if (strtod(out, NULL) == number) break;
    }
    return out;
}

static void put_scalar(struct text *text, const cJSON *node)
{
    char number[32];
    if (cJSON_IsString(node)) put_string(text, node->valuestring);
    else if (cJSON_IsRaw(node)) put_text(text, node->valuestring); /* a number that is text already */
    else if (cJSON_IsNumber(node)) put_text(text, write_number(node->valuedouble, number));
    else put_text(text, cJSON_IsNull(node) ? "null" : cJSON_IsTrue(node) ? "true" : "false");
}

static void put_key(struct text *text, const cJSON *node)
{
    if (!node->string) return;
    put_string(text, node->string);
    put_text(text, ": ");
}

static void put_line(struct text *text, const cJSON *node)
{
    if (!cJSON_IsObject(node) && !cJSON_IsArray(node)) {
        put_scalar(text, node);
        return;
    }
    put_text(text, cJSON_IsObject(node) ? "{" : "[");
    for (const cJSON *child = node->child; child; child = child->next) {
        if (child != node->child) put_text(text, ", ");
        put_key(text, child);
        put_line(text, child);
    }
    put_text(text, cJSON_IsObject(node) ? "}" : "]");
}

static void put_indent(struct text *text, int columns)
{
    char line[2 * 64 + 8];
    int n = snprintf(line, sizeof line, "\n%*s", columns, "");
    put(text, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* column: where the line stands already; comma: whether one follows. */
static void put_broken(struct text *text, const cJSON *node, int indent)
{
    const size_t line_start = text->length;
    put_key(text, node);
    const size_t value_start = text->length;
    put_line(text, node);
    const bool fits = indent + (int)(text->length - line_start) + 1 <= WRITE_COLUMNS;
    if (!node->child || (fits && indent > 0)) return;
    text->length = value_start;
    put_text(text, cJSON_IsObject(node) ? "{" : "[");
    for (const cJSON *child = node->child; child; child = child->next) {
        put_indent(text, indent + 2);
        put_broken(text, child, indent + 2);
        if (child->next) put_text(text, ",");
    }
    put_indent(text, indent);
    put_text(text, cJSON_IsObject(node) ? "}" : "]");
}

const char *write_document(const cJSON *root, struct arena *arena)
{
    struct text text = { .arena = arena };
    put_broken(&text, root, 0);
    put_text(&text, "\n");
    return text.at;
}

const char *write_line(const cJSON *node, struct arena *arena)
{
    struct text text = { .arena = arena };
    put_line(&text, node);
    return text.at;
}
