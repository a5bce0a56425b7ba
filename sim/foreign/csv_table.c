/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/foreign/csv_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 5000000 };

struct walk {
    struct source *source;
    char separator;
    size_t at;
};

/* A field from walk->at on, which then stands at its separator, line end or the end of the text. NULL with a finding.
 */
static const char *next_field(struct walk *walk)
{
    const char *text = walk->source->text;
    const size_t from = walk->at;
    if (text[from] != '"') {
        const char stops[] = { walk->separator, '\n', '\0' };
        size_t length = strcspn(text + from, stops);
        walk->at += length;
        while (length > 0 && strchr(" \r", text[from + length - 1])) length--;
        const size_t blanks = strspn(text + from, " ");
        const size_t skipped = blanks < length ? blanks : length;
        return arena_printf(walk->source->arena, "%.*s", (int)(length - skipped), text + from + skipped);
    }
    char *out = arena_alloc(walk->source->arena, strcspn(text + from + 1, "\n") + 2);
    size_t n = 0;
    for (walk->at++; text[walk->at] != '\0' && text[walk->at] != '\n'; walk->at++) {
        if (text[walk->at] == '"' && text[++walk->at] != '"') {
            walk->at += strspn(text + walk->at, " \r");
            return out;
        }
        out[n++] = text[walk->at];
    }
    return source_finding(walk->source, from, "", "a quoted field that is not closed in its line"), NULL;
}

/* All fields of a line. False with a finding. */
static bool read_line(struct walk *walk, const char **cell, uint32_t most, uint32_t *n)
{
    const char *text = walk->source->text;
    for (*n = 0;; walk->at++) {
        if (*n == most)
            return source_finding(walk->source, walk->at, "", "more than %u fields; the first line has as many names",
                                  most);
        cell[*n] = next_field(walk);
        if (!cell[(*n)++]) return false;
        if (text[walk->at] == walk->separator) continue;
        if (text[walk->at] == '\n' || text[walk->at] == '\0') break;
        return source_finding(walk->source, walk->at, "", "text behind a quoted field");
    }
    walk->at += text[walk->at] == '\n';
    return true;
}

static uint32_t count_lines(const char *text)
{
    uint32_t n = 1;
    for (; (text = strchr(text, '\n')); text++) n++;
    return n;
}

bool table_read(struct table *out, struct source *source)
{
    const char *text = source->text;
    const size_t head = strcspn(text, "\n");
    const uint32_t lines = count_lines(text);
    struct walk walk = { source, memchr(text, ',', head) ? ',' : memchr(text, '\t', head) ? '\t' : ';', 0 };
    *out = (struct table){ .source = source, .separator = walk.separator };
    if (text[strspn(text, " \t\r\n")] == '\0') return source_finding(source, 0, "", "an empty file");
    if (lines > ROWS_MAX) return source_finding(source, 0, "", "more than %d lines", ROWS_MAX);
    if (!read_line(&walk, out->column, TABLE_COLUMNS_MAX, &out->n_columns)) return false;
    out->cell = arena_array(source->arena, const char *, (size_t)lines * out->n_columns);
    out->row_at = arena_array(source->arena, size_t, lines);
    while (text[walk.at] != '\0') {
        uint32_t n;
        const size_t from = walk.at;
        if (text[from + strspn(text + from, " \r")] == '\n' || text[from + strspn(text + from, " \r")] == '\0') {
            walk.at += strcspn(text + from, "\n");
            walk.at += text[walk.at] == '\n';
            continue;
        }
        out->row_at[out->n_rows] = from;
        if (!read_line(&walk, &out->cell[(size_t)out->n_rows * out->n_columns], out->n_columns, &n)) return false;
        if (n != out->n_columns)
            return source_finding(source, from, "", "%u fields where the first line names %u", n, out->n_columns);
        out->n_rows++;
    }
    return out->n_rows > 0 || source_finding(source, 0, "", "no rows below the line of names");
}

uint32_t table_column(const struct table *table, const char *name)
{
    uint32_t i = 0;
    while (i < table->n_columns && strcmp(table->column[i], name) != 0) i++;
    return i;
}

bool table_need_column(const struct table *table, const char *name, uint32_t *out)
{
    const char *names = "";
    *out = table_column(table, name);
    for (uint32_t i = *out + 1; i < table->n_columns; i++)
        if (strcmp(table->column[i], name) == 0)
            return source_finding(table->source, 0, "", "two columns are called \"%.60s\": which of them is it?", name);
    if (*out < table->n_columns) return true;
    for (uint32_t i = 0; i < table->n_columns && i < 30; i++)
        names = arena_printf(table->source->arena, "%s%s%s", names, i ? ", " : "", table->column[i]);
    return source_finding(table->source, 0, "", "no column \"%.60s\"; there are %s", name, names);
}

bool table_number(const char *text, double *out)
{
    char *end;
    if (text[0] == '\0' || strspn(text, "0123456789+-.eE") != strlen(text)) return false;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

static bool has_decimal_comma(const char *text, struct arena *arena)
{
    double unused;
    char *copy = arena_strdup(arena, text), *comma = strchr(copy, ',');
    if (!comma) return false;
    *comma = '.';
    return table_number(copy, &unused);
}

bool table_finding(const struct table *table, uint32_t row, uint32_t column, const char *what)
{
    const char *text = table_cell(table, row, column);
    return source_finding(table->source, table->row_at[row], "", "column %s: \"%.60s\" is %s%s", table->column[column],
                          text, what,
                          has_decimal_comma(text, table->source->arena) ? "; write a decimal point, not a comma" : "");
}

const char *role_name(uint32_t n, const char *const *word, const char *role)
{
    const size_t length = strlen(role);
    for (uint32_t i = 0; i < n; i++)
        if (strncmp(word[i], role, length) == 0 && word[i][length] == '=') return word[i] + length + 1;
    return NULL;
}
