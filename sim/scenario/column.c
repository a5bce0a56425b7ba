/* SPDX-License-Identifier: GPL-3.0-or-later
 * One column of numbers out of a CSV file: fields between commas, double quotes around a field are taken off, a first
 * line without numbers names the columns. No commas or line ends inside quotes: measured values have none. */
#include "sim/scenario/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 20000000 };

struct line {
    const char *at;
    size_t length;
};

static bool next_line(const char **at, struct line *line)
{
    if (**at == '\0') return false;
    size_t length = strcspn(*at, "\n");
    *line = (struct line){ *at, length };
    *at += length + ((*at)[length] == '\n');
    if (line->length > 0 && line->at[line->length - 1] == '\r') line->length--;
    return true;
}

/* Field `index` of a line, without blanks and quotes around it, into out. False when there are fewer. */
static bool field(struct line line, uint32_t index, char *out, size_t size)
{
    const char *at = line.at, *end = line.at + line.length;
    for (; index > 0; index--) {
        at = memchr(at, ',', (size_t)(end - at));
        if (!at) return false;
        at++;
    }
    const char *comma = memchr(at, ',', (size_t)(end - at));
    if (comma) end = comma;
    while (at < end && strchr(" \t\"", *at)) at++;
    while (end > at && strchr(" \t\"", end[-1])) end--;
    size_t length = (size_t)(end - at) < size - 1 ? (size_t)(end - at) : size - 1;
    memcpy(out, at, length);
    out[length] = '\0';
    return true;
}

/* A plain decimal number and nothing else. */
static bool number(const char *text, double *out)
{
    char *end;
    if (text[0] == '\0' || strspn(text, "0123456789+-.eE") != strlen(text)) return false;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

/* Number of the column of that name in the first line; UINT32_MAX when there is none. */
static uint32_t find_column(struct line header, const char *column)
{
    char name[128];
    for (uint32_t i = 0; field(header, i, name, sizeof name); i++)
        if (strcmp(name, column) == 0) return i;
    return UINT32_MAX;
}

static uint32_t count_lines(const char *at)
{
    uint32_t n = 0;
    struct line line;
    while (next_line(&at, &line)) n++;
    return n;
}

double *read_csv(struct reader *reader, struct cursor *path, const char *column, uint32_t *n)
{
    size_t length;
    const char *text = read_input(reader, path, &length), *at = text;
    const char *file = text ? path->node->valuestring : NULL;
    struct line line = { "", 0 };
    char word[64];
    double value;
    if (!text) return NULL;
    if (strlen(text) != length || count_lines(text) > VALUES_MAX) {
        cursor_finding(path, "%s is not a CSV file of at most %d lines", file, VALUES_MAX);
        return NULL;
    }
    double *values = arena_array(reader->reading.arena, double, count_lines(text));
    bool has_header = next_line(&at, &line) && field(line, 0, word, sizeof word) && !number(word, &value);
    uint32_t index = column ? find_column(line, column) : 0, line_number = has_header ? 1 : 0;
    if (!has_header) at = text;
    if (index == UINT32_MAX) {
        cursor_finding(path, "%s has no column \"%.60s\" in its first line", file, column);
        return NULL;
    }
    for (*n = 0; next_line(&at, &line);) {
        line_number++;
        if (line.length == 0) continue;
        if (!field(line, index, word, sizeof word) || !number(word, &values[*n])) {
            cursor_finding(path, "%s:%u: a number is needed in column %u", file, line_number, index + 1);
            return NULL;
        }
        ++*n;
    }
    if (*n > 0) return values;
    cursor_finding(path, "%s has no values", file);
    return NULL;
}
