/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows of a CSV file, quickly: a run of the report leaves forty thousand. Text and numbers go into a buffer of our own
 * and from there to the file in large pieces; printf would take longer than the simulation. Errors stay in the FILE
 * (ferror), where the one who opened it looks. */
#ifndef SIM_RESULTS_CSV_H
#define SIM_RESULTS_CSV_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sim/engine/arena.h"
#include "sim/engine/ns.h"

enum { CSV_BUFFER = 1 << 16 };

struct csv {
    FILE *out;
    char *buffer;
    size_t n;
};

/* NULL when out is NULL: nothing to write. */
struct csv *csv_open(FILE *out, struct arena *arena);
void csv_flush(struct csv *csv);

void csv_text(struct csv *csv, const char *text, size_t length);
void csv_int(struct csv *csv, int64_t value);
/* Seconds: whole ones without a point, else as many of nine digits as are not zero at the end. */
void csv_seconds(struct csv *csv, sim_ns ns);
/* Seconds with all nine digits. */
void csv_seconds_full(struct csv *csv, sim_ns ns);

/* A name as a field: itself, or quoted where it holds a comma, a quote or a line break. */
const char *csv_field(const char *name, struct arena *arena);

static inline void csv_char(struct csv *csv, char c)
{
    if (csv->n == CSV_BUFFER)
        csv_flush(csv);
    csv->buffer[csv->n++] = c;
}

static inline void csv_comma_int(struct csv *csv, int64_t value)
{
    csv_char(csv, ',');
    csv_int(csv, value);
}

#endif
