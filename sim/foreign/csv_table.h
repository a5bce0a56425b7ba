/* SPDX-License-Identifier: GPL-3.0-or-later
 * A CSV file with a line of names at its head: commas (or semicolons or tabs, where the head has no comma), fields in
 * double quotes with commas and doubled quotes inside. */
#ifndef SIM_FOREIGN_CSV_TABLE_H
#define SIM_FOREIGN_CSV_TABLE_H

#include "sim/foreign/source.h"

enum { TABLE_COLUMNS_MAX = 256 };

struct table {
    struct source *source;
    char separator;
    uint32_t n_columns;
    const char *column[TABLE_COLUMNS_MAX];
    uint32_t n_rows;
    const char **cell; /* [row * n_columns + column] */
    size_t *row_at;    /* byte of each row */
};

/* False with a finding. A row with another number of fields than the head is one. */
bool table_read(struct table *out, struct source *source);

/* The column of that name, n_columns when there is none. */
uint32_t table_column(const struct table *table, const char *name);
/* The same; with a finding, that names what there is, where it is missing. */
bool table_need_column(const struct table *table, const char *name, uint32_t *out);

static inline const char *table_cell(const struct table *table, uint32_t row, uint32_t column)
{
    return table->cell[(size_t)row * table->n_columns + column];
}

/* A finding in a row, about a column. Always false. */
bool table_finding(const struct table *table, uint32_t row, uint32_t column, const char *what);

/* A plain decimal number and nothing else. */
bool table_number(const char *text, double *out);

/* The NAME of the first ROLE=NAME in a list of words; NULL. */
const char *role_name(uint32_t n, const char *const *word, const char *role);

#endif
