/* SPDX-License-Identifier: GPL-3.0-or-later
 * One column of numbers out of a CSV file: fields between commas, double quotes around a field are taken off, a first
 * line without numbers names the columns. A decimal comma looks like two fields, so each line must have as many as the
 * first, and a file without names one. No line ends inside quotes: measured values have none. */
#include "sim/scenario/reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 20000000 };
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

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

/* One field of a line: `at` behind it, at its comma or the line's end. What does not fit is marked as cut. */
struct field {
    const char *at;
    size_t length;
    bool cut;
    const char *wrong; /* what is wrong with its quotes; NULL */
    char text[128];
};

static void keep_byte(struct field *field, char byte)
{
    if (field->length + 1 < sizeof field->text) field->text[field->length++] = byte;
    else field->cut = true;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t')) at++;
    return at;
}

/* From behind the first quote; "" stands for one. */
static void quoted_field(struct field *field, const char *at, const char *end)
{
    for (; at < end && (*at != '"' || (at + 1 < end && at[1] == '"')); at++) {
        keep_byte(field, *at);
        at += *at == '"';
    }
    if (at == end) field->wrong = "a quoted field that is not closed in its line";
    at = skip_blanks(at + (at < end), end);
    if (at < end && *at != ',') field->wrong = "text behind a quoted field";
    field->at = at;
}

static void plain_field(struct field *field, const char *at, const char *end)
{
    for (; at < end && *at != ','; at++) keep_byte(field, *at);
    while (field->length > 0 && strchr(" \t", field->text[field->length - 1])) field->length--;
    field->at = at;
}

static void next_field(struct field *field, const char *at, const char *end)
{
    field->length = 0;
    field->cut = false;
    field->wrong = NULL;
    at = skip_blanks(at, end);
    if (at < end && *at == '"') quoted_field(field, at + 1, end);
    else plain_field(field, at, end);
    field->text[field->length] = '\0';
}

/* Field `index` of a line into out, which stays as it was when there are fewer. How many there are; 0 with what is
 * wrong with the line in out->wrong. */
static uint32_t cut_line(struct line line, uint32_t index, struct field *out)
{
    const char *at = line.at, *end = line.at + line.length;
    struct field field;
    uint32_t n = 0;
    for (;; at++) {
        struct field *into = n == index ? out : &field;
        next_field(into, at, end);
        n++;
        at = into->at;
        if (into->wrong) {
            out->wrong = into->wrong;
            return 0;
        }
        if (at == end) return n;
    }
}

/* A plain decimal number and nothing else. */
static bool number(const char *text, double *out)
{
    char *end;
    if (text[0] == '\0' || strspn(text, "0123456789+-.eE") != strlen(text)) return false;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

static bool has_decimal_comma(const char *text)
{
    char copy[sizeof ((struct field *)0)->text];
    double unused;
    snprintf(copy, sizeof copy, "%s", text);
    char *comma = strchr(copy, ',');
    if (!comma) return false;
    *comma = '.';
    return number(copy, &unused);
}

static uint32_t count_lines(const char *at)
{
    uint32_t n = 0;
    struct line line;
    while (next_line(&at, &line)) n++;
    return n;
}

/* ---- the file ---- */

struct table_of_one {
    struct cursor *path;
    const char *file, *at; /* at: of the next line */
    uint32_t line_number, n_fields, index; /* index: of the column that is read */
};

/* What the first line says: how many columns there are, and which of them is called so. False with a finding. */
static bool read_names(struct table_of_one *table, struct line line, const char *column)
{
    struct field field = { 0 };
    uint32_t n_so_called = 0;
    for (uint32_t i = 0; column && i < table->n_fields; i++) {
        cut_line(line, i, &field);
        if (field.cut || strcmp(field.text, column) != 0) continue;
        table->index = i;
        n_so_called++;
    }
    if (!column || n_so_called == 1) return true;
    if (n_so_called == 0)
        cursor_finding(table->path, "%s has no column \"%.60s\" in its first line", table->file, column);
    else
        cursor_finding(table->path, "%s has %u columns \"%.60s\"; which of them is it?", table->file, n_so_called,
                       column);
    return false;
}

static bool read_first_line(struct table_of_one *table, const char *column)
{
    const char *first = table->at;
    struct line line = { "", 0 };
    struct field field = { .text = "" };
    double value;
    if (next_line(&table->at, &line)) table->n_fields = cut_line(line, 0, &field);
    table->line_number = 1;
    if (field.wrong) {
        cursor_finding(table->path, "%s:1: %s", table->file, field.wrong);
        return false;
    }
    if (has_decimal_comma(field.text)) {
        cursor_finding(table->path, "%s:1: \"%.60s\" has a comma; write a decimal point", table->file, field.text);
        return false;
    }
    if (!number(field.text, &value)) return read_names(table, line, column);
    table->at = first;
    table->line_number = 0;
    if (column) return read_names(table, line, column);
    if (table->n_fields <= 1) return true;
    cursor_finding(table->path,
                   "%s:1: %u fields and no names of columns; a decimal point is needed, not a comma, and several "
                   "columns need their names in the first line",
                   table->file, table->n_fields);
    return false;
}

/* False with a finding. */
static bool read_value(struct table_of_one *table, struct line line, double *value)
{
    struct field field = { .text = "" };
    const uint32_t n = cut_line(line, table->index, &field);
    if (n == 0)
        cursor_finding(table->path, "%s:%u: %s", table->file, table->line_number, field.wrong);
    else if (n != table->n_fields)
        cursor_finding(table->path,
                       "%s:%u: %u fields where the first line has %u; numbers have a decimal point, and text with a "
                       "comma stands in quotes",
                       table->file, table->line_number, n, table->n_fields);
    else if (field.cut || !number(field.text, value))
        cursor_finding(table->path, "%s:%u: a number is needed in column %u%s", table->file, table->line_number,
                       table->index + 1,
                       has_decimal_comma(field.text) ? "; write a decimal point, not a comma" : "");
    else return true;
    return false;
}

double *read_csv(struct reader *reader, struct cursor *path, const char *column, uint32_t *n)
{
    size_t length;
    const char *text = read_input(reader, path, &length);
    struct line line;
    if (!text) return NULL;
    struct table_of_one table = { .path = path, .file = path->node->valuestring, .at = text };
    if (strlen(text) != length || count_lines(text) > VALUES_MAX) {
        cursor_finding(path, "%s is not a CSV file of at most %d lines", table.file, VALUES_MAX);
        return NULL;
    }
    if (strncmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) table.at += strlen(BYTE_ORDER_MARK);
    double *values = arena_array(reader->reading.arena, double, count_lines(text));
    if (!read_first_line(&table, column)) return NULL;
    for (*n = 0; next_line(&table.at, &line);) {
        table.line_number++;
        if (line.length == 0) continue;
        if (!read_value(&table, line, &values[*n])) return NULL;
        ++*n;
    }
    if (*n > 0) return values;
    cursor_finding(path, "%s has no values", table.file);
    return NULL;
}
