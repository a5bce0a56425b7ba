/* SPDX-License-Identifier: GPL-3.0-or-later
 * Between the percentiles, and beyond the last, the scenario language interpolates the log of the time over the normal
 * score: so a table says nothing of order, drift or load, and little of the tail beyond its last column. */
#include "sim/foreign/percentiles.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/dist.h"
#include "sim/foreign/csv_table.h"

enum { PERCENTILES_MAX = 16 };

struct reading {
    struct table table;
    const struct durations_options *options;
    uint32_t n, column[PERCENTILES_MAX];
    const char *key[PERCENTILES_MAX]; /* "p99_9" */
    double p[PERCENTILES_MAX], unit_s[PERCENTILES_MAX];
    uint32_t stage, step, mean, count; /* columns; n_columns: none */
    double mean_unit_s;
};

static bool unit_of(const char *word, double *out)
{
    static const struct {
        const char *name;
        double s;
    } units[] = { { "ns", 1e-9 }, { "us", 1e-6 }, { "ms", 1e-3 }, { "s", 1 } };
    for (uint32_t i = 0; word && i < sizeof units / sizeof units[0]; i++)
        if (strcmp(word, units[i].name) == 0) return *out = units[i].s, true;
    return false;
}

/* "p99_9_ms" -> 0.999, 1e-3, "p99_9". Without a unit: that of the option, or 0. */
static bool is_percentile(const char *name, const char *unit, double *p, double *unit_s, char key[16])
{
    char digits[24] = "";
    if (name[0] != 'p' || name[1] < '1' || name[1] > '9') return false;
    size_t length = 1 + strspn(name + 1, "0123456789");
    if (name[length] == '_' && name[length + 1] >= '0' && name[length + 1] <= '9')
        length += 1 + strspn(name + length + 1, "0123456789");
    if (length >= 12 || (name[length] != '\0' && name[length] != '_')) return false;
    snprintf(key, 16, "%.*s", (int)length, name);
    snprintf(digits, sizeof digits, "%s", key + 1);
    if (strchr(digits, '_')) *strchr(digits, '_') = '.';
    *p = strtod(digits, NULL) / 100;
    *unit_s = 0;
    if (name[length] == '_') return unit_of(name + length + 1, unit_s) && *p >= 0.01 && *p <= 0.999;
    unit_of(unit, unit_s);
    return *p >= 0.01 && *p <= 0.999;
}

bool percentiles_is(const struct source *source)
{
    uint32_t n = 0;
    const char *at = source->text;
    while (*at && *at != '\n') {
        const size_t length = strcspn(at, ",;\t\r\n");
        char name[32], key[16];
        double p, unit_s;
        snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), at);
        n += is_percentile(name, NULL, &p, &unit_s, key);
        at += length;
        at += *at && *at != '\n';
    }
    return n >= 2;
}

/* ---- the head ---- */

static void find_optional(struct reading *reading, const char *role, const char *usual, uint32_t *out)
{
    const char *name = role_name(reading->options->n_roles, reading->options->role, role);
    *out = table_column(&reading->table, name ? name : usual);
}

static bool find_columns(struct reading *reading)
{
    const struct table *table = &reading->table;
    static const char *const means[] = { "mean_ns", "mean_us", "mean_ms", "mean_s" };
    for (uint32_t c = 0; c < table->n_columns && reading->n < PERCENTILES_MAX; c++) {
        char key[16];
        const uint32_t i = reading->n;
        if (!is_percentile(table->column[c], reading->options->unit, &reading->p[i], &reading->unit_s[i], key))
            continue;
        if (!(reading->unit_s[i] > 0))
            return source_finding(table->source, 0, "",
                                  "column %s: the unit is not known; say --unit ms (or ns, us, s)", table->column[c]);
        reading->column[i] = c;
        reading->key[i] = arena_strdup(table->source->arena, key);
        reading->n++;
    }
    find_optional(reading, "stage", "stage", &reading->stage);
    find_optional(reading, "step", "step", &reading->step);
    reading->count = table_column(table, "n");
    reading->mean = table->n_columns;
    for (uint32_t i = 0; i < 4 && reading->mean == table->n_columns; i++) {
        reading->mean = table_column(table, means[i]);
        unit_of(means[i] + strlen("mean_"), &reading->mean_unit_s);
    }
    return true;
}

/* ---- rows ---- */

static const char *time_text(double s, struct arena *arena)
{
    enum { BYTES = 48 };
    sim_ns ns = 0;
    ns_from_s(s, &ns);
    return ns_format(ns, arena_alloc(arena, BYTES), BYTES);
}

/* One row's percentiles in the order of p; they must rise. */
static bool read_points(struct reading *reading, uint32_t row, struct dist_point *point, uint32_t *order)
{
    for (uint32_t i = 0; i < reading->n; i++) {
        double value;
        if (!table_number(table_cell(&reading->table, row, reading->column[i]), &value) || !(value > 0) ||
            value * reading->unit_s[i] > 36000)
            return table_finding(&reading->table, row, reading->column[i], "no duration above 0 and up to 10 h");
        uint32_t at = i;
        for (; at > 0 && point[at - 1].p > reading->p[i]; at--) point[at] = point[at - 1], order[at] = order[at - 1];
        point[at] = (struct dist_point){ reading->p[i], value * reading->unit_s[i] };
        order[at] = i;
    }
    for (uint32_t i = 1; i < reading->n; i++)
        if (!(point[i].s >= point[i - 1].s))
            return table_finding(&reading->table, row, reading->column[order[i]], "less than a lower percentile");
    return true;
}

static void say_mean(struct reading *reading, uint32_t row, const char *name, double mean_s, cJSON *out)
{
    double given;
    if (reading->mean == reading->table.n_columns ||
        !table_number(table_cell(&reading->table, row, reading->mean), &given) || !(given > 0))
        return;
    given *= reading->mean_unit_s;
    cJSON_AddNumberToObject(out, "given_mean_s", given);
    if (fabs(mean_s / given - 1) > 0.05)
        source_remark(
            reading->table.source,
            "%s: through these percentiles the mean is %.3g ms, the table says %.3g ms: the tail is not that of "
            "a lognormal; a histogram would hold it",
            name, mean_s * 1e3, given * 1e3);
}

static cJSON *read_row(struct reading *reading, uint32_t row)
{
    const struct table *table = &reading->table;
    struct arena *arena = table->source->arena;
    struct dist_point point[PERCENTILES_MAX];
    uint32_t order[PERCENTILES_MAX];
    double mean_s, cv, n;
    if (!read_points(reading, row, point, order)) return NULL;
    const struct dist_spec spec = { .family = DIST_PERCENTILES, .n_points = reading->n, .point = point };
    dist_moments(&spec, &mean_s, &cv);
    cJSON *out = cJSON_CreateObject();
    const char *stage = reading->stage < table->n_columns ? table_cell(table, row, reading->stage) : "";
    const char *step = reading->step < table->n_columns ? table_cell(table, row, reading->step) : "";
    if (*stage) cJSON_AddStringToObject(out, "stage", stage);
    if (*step) cJSON_AddStringToObject(out, "step", step);
    if (reading->count < table->n_columns && table_number(table_cell(table, row, reading->count), &n))
        cJSON_AddNumberToObject(out, "n", n);
    cJSON_AddNumberToObject(out, "mean_s", mean_s);
    cJSON_AddNumberToObject(out, "cv", cv);
    cJSON *time = cJSON_AddObjectToObject(out, "time");
    for (uint32_t i = 0; i < reading->n; i++)
        cJSON_AddStringToObject(time, reading->key[order[i]], time_text(point[i].s, arena));
    cJSON_AddStringToObject(time, "basis", "measured");
    const char *name = *step ? step : *stage ? stage : "durations";
    source_remark(table->source, "%s: by %u percentiles, mean %.3g ms", name, reading->n, mean_s * 1e3);
    say_mean(reading, row, name, mean_s, out);
    return out;
}

cJSON *percentiles_read(struct source *source, const struct durations_options *options)
{
    struct reading *reading = arena_new(source->arena, struct reading);
    reading->options = options;
    if (!table_read(&reading->table, source) || !find_columns(reading)) return NULL;
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "schema", "sim-durations/1");
    cJSON_AddStringToObject(out, "source", source->file);
    cJSON *list = cJSON_AddArrayToObject(out, "durations");
    for (uint32_t row = 0; row < reading->table.n_rows; row++) {
        cJSON *one = read_row(reading, row);
        if (!one) return cJSON_Delete(out), NULL;
        cJSON_AddItemToArray(list, one);
    }
    if (list->child) return out;
    source_finding(source, 0, "", "no row below the first line");
    return cJSON_Delete(out), NULL;
}
