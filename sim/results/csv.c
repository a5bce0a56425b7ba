/* SPDX-License-Identifier: GPL-3.0-or-later
 * Digits are made from the right into a small field, then copied. */
#include "sim/results/csv.h"

enum { NUMBER_MAX = 32 };

struct csv *csv_open(FILE *out, struct arena *arena)
{
    if (!out)
        return NULL;
    struct csv *csv = arena_new(arena, struct csv);
    csv->out = out;
    csv->buffer = arena_alloc(arena, CSV_BUFFER);
    return csv;
}

void csv_flush(struct csv *csv)
{
    fwrite(csv->buffer, 1, csv->n, csv->out);
    csv->n = 0;
}

void csv_text(struct csv *csv, const char *text, size_t length)
{
    if (length > CSV_BUFFER - csv->n)
        csv_flush(csv);
    if (length > CSV_BUFFER) {
        fwrite(text, 1, length, csv->out);
        return;
    }
    memcpy(csv->buffer + csv->n, text, length);
    csv->n += length;
}

/* Writes the digits of value so that they end before end; returns their first. */
static char *digits(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return end;
}

void csv_int(struct csv *csv, int64_t value)
{
    char field[NUMBER_MAX], *end = field + sizeof field;
    char *first = digits(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

    if (value < 0)
        *--first = '-';
    csv_text(csv, first, (size_t)(end - first));
}

static void seconds_with(struct csv *csv, sim_ns ns, int least_decimals)
{
    char field[NUMBER_MAX], *end = field + sizeof field;
    const uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    uint64_t fraction = size % (uint64_t)SIM_S;
    int decimals = 9;

    while (decimals > least_decimals && fraction % 10 == 0) {
        fraction /= 10;
        decimals--;
    }
    char *first = end;
    for (int i = 0; i < decimals; i++) {
        *--first = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    if (decimals)
        *--first = '.';
    first = digits(first, size / (uint64_t)SIM_S);
    if (ns < 0)
        *--first = '-';
    csv_text(csv, first, (size_t)(end - first));
}

void csv_seconds(struct csv *csv, sim_ns ns) { seconds_with(csv, ns, 0); }
void csv_seconds_full(struct csv *csv, sim_ns ns) { seconds_with(csv, ns, 9); }

const char *csv_field(const char *name, struct arena *arena)
{
    if (!strpbrk(name, ",\"\r\n"))
        return arena_strdup(arena, name);
    char *field = arena_alloc(arena, 2 * strlen(name) + 3), *end = field;
    *end++ = '"';
    for (; *name; name++) {
        if (*name == '"')
            *end++ = '"';
        *end++ = *name;
    }
    *end = '"';
    return field;
}
