/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows of a CSV file with a header line (RFC 4180, without line breaks in fields), one at a time: a file may be larger
 * than memory. Columns are asked for by name, so files may have more of them than we know. */
#ifndef PLOTS_ROWS_H
#define PLOTS_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/engine/error.h"

enum { ROWS_COLUMNS_MAX = 16, ROWS_PATH_BYTES = 4096 };

struct rows {
    FILE *file;
    char path[ROWS_PATH_BYTES];
    char *line;
    size_t capacity;
    uint64_t line_number;
    uint32_t n_columns;                  /* asked for */
    uint32_t n_split;                    /* columns of the file up to the last one asked for */
    int32_t at[256];                     /* column of the file -> column asked for; -1: not wanted */
    const char *field[ROWS_COLUMNS_MAX]; /* of the row read last, by column asked for */
};

/* columns: names, ended by NULL. False with err when the file, or one of the columns, is not there. */
bool rows_open(struct rows *rows, const char *folder, const char *name, const char *const *columns,
               struct sim_err *err);
/* False at the end, and with err when a row has too few columns. */
bool rows_next(struct rows *rows, struct sim_err *err);
/* NaN for an empty field and for what is no number. */
double rows_number(const struct rows *rows, uint32_t column);
void rows_close(struct rows *rows);

#endif
