/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void *plots_alloc(void *old, size_t n, size_t size)
{
    void *memory = realloc(old, (n ? n : 1) * size);
    if (memory) return memory;
    fprintf(stderr, "sim: out of memory for a picture\n");
    exit(1);
}

void curves_init(struct curves *curves, uint32_t stride) { *curves = (struct curves){ .stride = stride ? stride : 1 }; }

void curves_fini(struct curves *curves)
{
    for (uint32_t c = 0; c < curves->n_curves; c++) {
        free(curves->curve[c].name);
        free(curves->curve[c].first);
        free(curves->curve[c].lo);
        free(curves->curve[c].hi);
        free(curves->curve[c].end);
    }
    free(curves->x);
    free(curves->curve);
    free(curves->length);
    memset(curves, 0, sizeof *curves);
}

static void clear_points(struct curve *curve, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) curve->first[i] = curve->lo[i] = curve->hi[i] = (double)NAN;
}

static void grow_curve(struct curve *curve, uint32_t capacity)
{
    curve->first = plots_alloc(curve->first, capacity, sizeof(double));
    curve->lo = plots_alloc(curve->lo, capacity, sizeof(double));
    curve->hi = plots_alloc(curve->hi, capacity, sizeof(double));
}

static void grow_points(struct curves *curves)
{
    uint32_t old = curves->capacity;
    curves->capacity = old ? 2 * old : 1024;
    curves->x = plots_alloc(curves->x, curves->capacity, sizeof(double));
    for (uint32_t c = 0; c < curves->n_curves; c++) {
        grow_curve(&curves->curve[c], curves->capacity);
        clear_points(&curves->curve[c], old, curves->capacity);
    }
}

/* Rows come in a fixed order of curves, so the one that followed last time is nearly always the right one. */
static struct curve *curve_named(struct curves *curves, const char *name)
{
    for (uint32_t i = 0; i < curves->n_curves; i++) {
        uint32_t c = (curves->guess + i) % curves->n_curves;
        if (strcmp(curves->curve[c].name, name) != 0) continue;
        curves->guess = c + 1;
        return &curves->curve[c];
    }
    curves->curve = plots_alloc(curves->curve, curves->n_curves + 1, sizeof *curves->curve);
    struct curve *curve = &curves->curve[curves->n_curves++];
    size_t size = strlen(name) + 1;
    *curve = (struct curve){ .name = memcpy(plots_alloc(NULL, size, 1), name, size), .last = (double)NAN };
    grow_curve(curve, curves->capacity);
    clear_points(curve, 0, curves->capacity);
    curve->end = plots_alloc(NULL, curves->n_replications, sizeof(double));
    for (uint32_t r = 0; r < curves->n_replications; r++) curve->end[r] = (double)NAN;
    return curve;
}

static void widen(struct curve *curve, uint32_t point, double value)
{
    if (!(curve->lo[point] <= value)) curve->lo[point] = value;
    if (!(curve->hi[point] >= value)) curve->hi[point] = value;
}

static void end_replication(struct curves *curves)
{
    uint32_t r = curves->n_replications++;
    curves->length = plots_alloc(curves->length, curves->n_replications, sizeof *curves->length);
    curves->length[r] = (curves->n_seen + curves->stride - 1) / curves->stride;
    for (uint32_t c = 0; c < curves->n_curves; c++) {
        struct curve *curve = &curves->curve[c];
        curve->end = plots_alloc(curve->end, curves->n_replications, sizeof(double));
        curve->end[r] = curve->last;
        curve->last = (double)NAN;
    }
    curves->n_seen = 0;
    curves->under_way = false;
}

void curves_add(struct curves *curves, double replication, double x, const char *name, double value)
{
    if (curves->under_way && replication != curves->replication) end_replication(curves);
    if (!curves->under_way || x != curves->last_x) curves->n_seen++;
    curves->under_way = true;
    curves->replication = replication;
    curves->last_x = x;
    uint32_t point = (curves->n_seen - 1) / curves->stride;
    if (point == curves->capacity) grow_points(curves);
    struct curve *curve = curve_named(curves, name);
    curve->last = value;
    if (value > curve->top) curve->top = value;
    if (curves->n_replications == 0) {
        curve->first_top = fmax(curve->first_top, value);
        if (isfinite(value)) curve->first_sum += value;
    }
    if ((curves->n_seen - 1) % curves->stride != 0) return;
    if (point == curves->n_points) curves->x[curves->n_points++] = x;
    if (curves->n_replications == 0) curve->first[point] = value;
    widen(curve, point, value);
}

/* What replication r had no more points for. */
static void extend(const struct curves *curves, struct curve *curve, uint32_t r)
{
    for (uint32_t point = curves->length[r]; point < curves->n_points; point++) {
        if (isfinite(curve->end[r])) widen(curve, point, curve->end[r]);
        if (r == 0) curve->first[point] = curve->end[r];
    }
}

void curves_finish(struct curves *curves, bool keep_last)
{
    if (curves->under_way) end_replication(curves);
    if (!keep_last) return;
    for (uint32_t r = 0; r < curves->n_replications; r++)
        for (uint32_t c = 0; c < curves->n_curves; c++) extend(curves, &curves->curve[c], r);
}

double curves_top(const struct curves *curves)
{
    double top = 0;
    for (uint32_t c = 0; c < curves->n_curves; c++)
        if (curves->curve[c].top > top) top = curves->curve[c].top;
    return top;
}

static void write_value(double value, FILE *out)
{
    if (isfinite(value)) fprintf(out, ",%.9g", value);
    else fputc(',', out);
}

static void write_name(const char *name, const char *suffix, FILE *out)
{
    fputs(",\"", out);
    for (; *name; name++) fputs(*name == '"' ? "\"\"" : (char[]){ *name, '\0' }, out);
    fprintf(out, "%s\"", suffix);
}

void curves_write(const struct curves *curves, const char *x_name, FILE *out)
{
    bool band = curves->n_replications > 1;
    fputs(x_name, out);
    for (uint32_t c = 0; c < curves->n_curves; c++) {
        write_name(curves->curve[c].name, "", out);
        if (band) write_name(curves->curve[c].name, " least", out);
        if (band) write_name(curves->curve[c].name, " greatest", out);
    }
    fputc('\n', out);
    for (uint32_t point = 0; point < curves->n_points; point++) {
        fprintf(out, "%.9g", curves->x[point]);
        for (uint32_t c = 0; c < curves->n_curves; c++) {
            write_value(curves->curve[c].first[point], out);
            if (band) write_value(curves->curve[c].lo[point], out);
            if (band) write_value(curves->curve[c].hi[point], out);
        }
        fputc('\n', out);
    }
}

static void write_band_row(const struct curves *curves, double x, uint32_t point, FILE *out)
{
    fprintf(out, "%.9g", x);
    for (uint32_t c = 0; c < curves->n_curves; c++) {
        write_value(curves->curve[c].lo[point], out);
        write_value(curves->curve[c].hi[point], out);
    }
    fputc('\n', out);
}

void curves_write_band(const struct curves *curves, const char *x_name, FILE *out)
{
    fputs(x_name, out);
    for (uint32_t c = 0; c < curves->n_curves; c++) {
        write_name(curves->curve[c].name, " least", out);
        write_name(curves->curve[c].name, " greatest", out);
    }
    fputc('\n', out);
    for (uint32_t point = 0; point < curves->n_points; point++) {
        if (point > 0) write_band_row(curves, curves->x[point], point - 1, out);
        write_band_row(curves, curves->x[point], point, out);
    }
}

uint32_t curves_band_column(uint32_t curve) { return 2 + 2 * curve; }

uint32_t curves_column(const struct curves *curves, uint32_t curve)
{
    return 2 + curve * (curves->n_replications > 1 ? 3 : 1);
}
