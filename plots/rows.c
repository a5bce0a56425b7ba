/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Ends the field that begins at `field` and returns the start of the next one; NULL behind the last. A quoted field
 * is unquoted in place: *text is set to its text. */
static char *split(char *field, const char **text)
{
    *text = field;
    if (*field != '"') {
        char *comma = strchr(field, ',');
        if (comma) *comma++ = '\0';
        return comma;
    }
    char *to = field;
    for (field++; *field && (*field != '"' || field[1] == '"'); field++) {
        if (*field == '"') field++;
        *to++ = *field;
    }
    char *comma = strchr(field, ',');
    *to = '\0';
    return comma ? comma + 1 : NULL;
}

static bool read_line(struct rows *rows)
{
    ssize_t n = getline(&rows->line, &rows->capacity, rows->file);
    if (n < 0) return false;
    while (n > 0 && (rows->line[n - 1] == '\n' || rows->line[n - 1] == '\r')) rows->line[--n] = '\0';
    rows->line_number++;
    return true;
}

static bool read_header(struct rows *rows, const char *const *columns, struct sim_err *err)
{
    bool found[ROWS_COLUMNS_MAX] = { false };
    char *next = read_line(rows) ? rows->line : NULL;
    for (uint32_t at = 0; next && at < sizeof rows->at / sizeof *rows->at; at++) {
        const char *name;
        next = split(next, &name);
        rows->at[at] = -1;
        for (uint32_t i = 0; columns[i]; i++) {
            if (found[i] || strcmp(columns[i], name) != 0) continue;
            found[i] = true;
            rows->at[at] = (int32_t)i;
            rows->n_split = at + 1;
        }
    }
    for (; columns[rows->n_columns]; rows->n_columns++)
        if (!found[rows->n_columns])
            return sim_fail(err, SIM_ERUNTIME, rows->path, "there is no column %s; sim run --out writes such files",
                            columns[rows->n_columns]);
    return true;
}

bool rows_open(struct rows *rows, const char *folder, const char *name, const char *const *columns, struct sim_err *err)
{
    memset(rows, 0, sizeof *rows);
    snprintf(rows->path, sizeof rows->path, "%s/%s", folder, name);
    rows->file = fopen(rows->path, "r");
    if (!rows->file) return sim_fail(err, SIM_ERUNTIME, rows->path, "cannot be read: %s", strerror(errno));
    if (read_header(rows, columns, err)) return true;
    rows_close(rows);
    return false;
}

bool rows_next(struct rows *rows, struct sim_err *err)
{
    if (!read_line(rows)) {
        if (ferror(rows->file)) sim_fail(err, SIM_ERUNTIME, rows->path, "cannot be read: %s", strerror(errno));
        return false;
    }
    char *next = rows->line;
    for (uint32_t at = 0; at < rows->n_split; at++) {
        const char *text;
        if (!next)
            return sim_fail(err, SIM_ERUNTIME, rows->path, "line %llu has too few columns",
                            (unsigned long long)rows->line_number);
        next = split(next, &text);
        if (rows->at[at] >= 0) rows->field[rows->at[at]] = text;
    }
    return true;
}

double rows_number(const struct rows *rows, uint32_t column)
{
    char *end;
    double number = strtod(rows->field[column], &end);
    return end == rows->field[column] || *end ? (double)NAN : number;
}

void rows_close(struct rows *rows)
{
    if (rows->file) fclose(rows->file);
    free(rows->line);
    rows->file = NULL;
    rows->line = NULL;
}
