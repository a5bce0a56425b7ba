/* SPDX-License-Identifier: GPL-3.0-or-later
 * Durations are gathered by (stage, step), in the order of the file, or of the column `at`. A model draws durations
 * independently: how far the data are from that (neighbours alike, a drift, longer when more comes at once) is reported
 * beside each fit, because no fit shows it. */
#include "sim/foreign/durations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/ns.h"
#include "sim/foreign/csv_table.h"
#include "sim/foreign/exposition.h"
#include "sim/foreign/percentiles.h"

enum { VALUES_MAX = 64, QUANTILES = 200 };

struct series {
    const char *stage, *step;
    uint32_t n, capacity, n_zero;
    double *value_s, *at_s; /* at_s is used only where there is a column of times */
};

struct gathering {
    struct source *source;
    const struct durations_options *options;
    struct durations_shown *shown; /* NULL: nobody draws them */
    struct table table;
    uint32_t n_values, value[VALUES_MAX];
    double unit_s[VALUES_MAX];
    uint32_t stage, step, at; /* columns; n_columns: none */
    double at_unit_s;
    bool unordered; /* a histogram */
    uint32_t n_series;
    struct series series[DURATIONS_MOST];
};

static bool unit_of(const char *word, double *out)
{
    static const char *const names[] = { "ns", "us", "ms", "s", "seconds" };
    static const double seconds[] = { 1e-9, 1e-6, 1e-3, 1, 1 };
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(word, names[i]) == 0) return *out = seconds[i], true;
    return false;
}

static bool unit_of_column(const char *name, double *out)
{
    const char *last = strrchr(name, '_');
    return last && unit_of(last + 1, out);
}

/* ---- columns ---- */

static bool add_value_column(struct gathering *g, const char *name)
{
    uint32_t column;
    double unit_s = 0;
    if (!table_need_column(&g->table, name, &column)) return false;
    if (g->n_values == VALUES_MAX)
        return source_finding(g->source, 0, "", "more than %d columns of durations", VALUES_MAX);
    if (!unit_of_column(name, &unit_s) && !(g->options->unit && unit_of(g->options->unit, &unit_s)))
        return source_finding(g->source, 0, "", "column %s: the unit is not known; say --unit ms (or ns, us, s)", name);
    g->value[g->n_values] = column;
    g->unit_s[g->n_values++] = unit_s;
    return true;
}

static bool optional_column(struct gathering *g, const char *role, uint32_t *out)
{
    const char *name = role_name(g->options->n_roles, g->options->role, role);
    *out = g->table.n_columns;
    return !name || table_need_column(&g->table, name, out);
}

/* Where nobody names a column of durations, the only one whose name ends in a unit. Of several each may be a step, or
 * one the sum of the others: nobody but the user knows. */
static bool find_value_column(struct gathering *g)
{
    const char *names = "", *option = "";
    uint32_t n = 0, found = 0;
    double unused;
    for (uint32_t i = 0; i < g->table.n_columns; i++) {
        const char *name = g->table.column[i];
        if (i == g->at || i == g->stage || i == g->step || strncmp(name, "t_", 2) == 0 ||
            !unit_of_column(name, &unused))
            continue;
        names = arena_printf(g->source->arena, "%s%s%s", names, n > 0 ? ", " : "", name);
        option = arena_printf(g->source->arena, "%s --column value=%s", option, name);
        found = i;
        n++;
    }
    if (n == 0) return source_finding(g->source, 0, "", "no column of durations; name them: --column value=NAME");
    if (n == 1) return add_value_column(g, g->table.column[found]);
    return source_finding(g->source, 0, "",
                          "%u columns may be durations: %.300s; say which are, each a step, without sums of "
                          "others:%.400s",
                          n, names, option);
}

static bool find_columns(struct gathering *g)
{
    double unused;
    for (uint32_t i = 0; i < g->options->n_roles; i++)
        if (strncmp(g->options->role[i], "value=", 6) == 0 && !add_value_column(g, g->options->role[i] + 6))
            return false;
    if (!optional_column(g, "stage", &g->stage) || !optional_column(g, "step", &g->step) ||
        !optional_column(g, "at", &g->at))
        return false;
    if (g->n_values == 0 && !find_value_column(g)) return false;
    g->at_unit_s = g->options->unit && unit_of(g->options->unit, &unused) ? unused : 1e-3;
    if (g->at < g->table.n_columns) unit_of_column(g->table.column[g->at], &g->at_unit_s);
    return true;
}

/* ---- gathering ---- */

static struct series *series_of(struct gathering *g, const char *stage, const char *step)
{
    for (uint32_t i = 0; i < g->n_series; i++)
        if (strcmp(g->series[i].stage, stage) == 0 && strcmp(g->series[i].step, step) == 0) return &g->series[i];
    if (g->n_series == DURATIONS_MOST) return NULL;
    g->series[g->n_series] = (struct series){ .stage = stage, .step = step };
    return &g->series[g->n_series++];
}

static void add_duration(struct gathering *g, struct series *series, double value_s, double at_s)
{
    if (series->n == series->capacity) {
        series->capacity = 2 * series->capacity + 64;
        double *value = arena_array(g->source->arena, double, series->capacity);
        double *at = arena_array(g->source->arena, double, series->capacity);
        if (series->n > 0) memcpy(value, series->value_s, series->n * sizeof *value);
        if (series->n > 0) memcpy(at, series->at_s, series->n * sizeof *at);
        series->value_s = value;
        series->at_s = at;
    }
    series->value_s[series->n] = value_s;
    series->at_s[series->n++] = at_s;
}

/* "lock_ms" -> "lock" */
static const char *step_of_column(struct gathering *g, const char *name)
{
    double unused;
    return unit_of_column(name, &unused)
               ? arena_printf(g->source->arena, "%.*s", (int)(strrchr(name, '_') - name), name)
               : name;
}

static bool gather_row(struct gathering *g, uint32_t row)
{
    const struct table *table = &g->table;
    const char *stage = g->stage < table->n_columns ? table_cell(table, row, g->stage) : "";
    double at_s = row;
    if (g->at < table->n_columns) {
        if (!table_number(table_cell(table, row, g->at), &at_s)) return table_finding(table, row, g->at, "no number");
        at_s *= g->at_unit_s;
    }
    for (uint32_t v = 0; v < g->n_values; v++) {
        const uint32_t column = g->value[v];
        const char *text = table_cell(table, row, column);
        const char *step =
            g->step < table->n_columns ? table_cell(table, row, g->step) : step_of_column(g, table->column[column]);
        double value;
        if (*text == '\0') continue; /* not measured in this row */
        if (!table_number(text, &value) || value < 0 || value * g->unit_s[v] > 36000)
            return table_finding(table, row, column, "no duration from 0 to 10 h");
        struct series *series = series_of(g, stage, step);
        if (!series)
            return source_finding(g->source, table->row_at[row], "", "more than %d stages and steps", DURATIONS_MOST);
        if (value > 0) add_duration(g, series, value * g->unit_s[v], at_s);
        else series->n_zero++;
    }
    return true;
}

/* ---- what is said of a series ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct timed {
    double at, value;
};
static int by_time(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static void sort_by_time(struct series *series, struct arena *arena)
{
    struct timed *timed = arena_array(arena, struct timed, series->n);
    for (uint32_t i = 0; i < series->n; i++) timed[i] = (struct timed){ series->at_s[i], series->value_s[i] };
    qsort(timed, series->n, sizeof *timed, by_time);
    for (uint32_t i = 0; i < series->n; i++) series->at_s[i] = timed[i].at, series->value_s[i] = timed[i].value;
}

/* Correlation of a duration with how many began within five seconds of it. */
static double load_dependence(const struct series *series, struct arena *arena)
{
    const double half_s = 5;
    double *near = arena_array(arena, double, series->n);
    for (uint32_t i = 0, from = 0, to = 0; i < series->n; i++) {
        while (series->at_s[from] < series->at_s[i] - half_s) from++;
        while (to < series->n && series->at_s[to] <= series->at_s[i] + half_s) to++;
        near[i] = to - from;
    }
    return fit_correlation(series->value_s, near, series->n);
}

static const char *time_text(struct arena *arena, double s)
{
    sim_ns ns = 0;
    char *out = arena_alloc(arena, 48);
    ns_from_s(s, &ns);
    return ns_format(ns, out, 48);
}

static double rounded(double x)
{
    char text[40];
    snprintf(text, sizeof text, "%.6g", x);
    return strtod(text, NULL);
}

static void add_number(cJSON *object, const char *key, double x)
{
    if (isfinite(x)) cJSON_AddNumberToObject(object, key, rounded(x));
    else cJSON_AddNullToObject(object, key);
}

static void add_bin(cJSON *bins, double s, double p, struct arena *arena)
{
    cJSON *bin = cJSON_CreateArray();
    cJSON_AddItemToArray(bin, cJSON_CreateString(time_text(arena, s)));
    cJSON_AddItemToArray(bin, cJSON_CreateNumber(p));
    cJSON_AddItemToArray(bins, bin);
}

/* The measured durations as a histogram with straight lines between evenly spaced quantiles. */
static cJSON *empirical(const double *sorted, uint32_t n, struct arena *arena)
{
    cJSON *time = cJSON_CreateObject(), *bins = cJSON_AddArrayToObject(time, "histogram");
    double last = -1;
    for (uint32_t q = 0; q <= QUANTILES; q++) {
        const uint32_t i = (uint32_t)((uint64_t)q * (n - 1) / QUANTILES);
        const double s = sorted[i] > last + 1e-9 ? sorted[i] : last + 1e-9; /* ties a ns apart: the form asks for it */
        add_bin(bins, s, (double)q / QUANTILES, arena);
        last = s;
    }
    cJSON_AddStringToObject(time, "basis", "measured");
    return time;
}

static cJSON *family_time(const struct fit_part *part, const char *family, struct arena *arena)
{
    cJSON *time = cJSON_CreateObject();
    cJSON_AddStringToObject(time, "family", family);
    cJSON_AddStringToObject(time, "mean", time_text(arena, part->mean_s));
    cJSON_AddNumberToObject(time, "cv", rounded(part->cv));
    return time;
}

/* A fit in the scenario's words. It has no shift: a shifted family is given by its quantiles. */
static cJSON *fitted_time(const struct fit *fit, struct arena *arena)
{
    cJSON *time;
    if (fit->family == FIT_MIXTURE) {
        time = cJSON_CreateObject();
        cJSON *parts = cJSON_AddArrayToObject(time, "mixture");
        const double second = rounded(fit->part[1].weight);
        for (uint32_t i = 0; i < 2; i++) {
            cJSON *part = cJSON_CreateObject();
            cJSON_AddNumberToObject(part, "weight", i == 0 ? 1 - second : second);
            cJSON_AddItemToObject(part, "time", family_time(&fit->part[i], "lognormal", arena));
            cJSON_AddItemToArray(parts, part);
        }
    } else if (fit->shift_s > 0) {
        time = cJSON_CreateObject();
        cJSON *bins = cJSON_AddArrayToObject(time, "histogram");
        double last = -1;
        for (uint32_t q = 0; q <= QUANTILES; q++) {
            const double p = q == QUANTILES ? 1 : (double)q / QUANTILES;
            double s = fit_quantile(fit, q == QUANTILES ? 1 - 1e-5 : p);
            if (s <= last + 1e-9) s = last + 1e-9;
            add_bin(bins, s, p, arena);
            last = s;
        }
    } else {
        time = family_time(&fit->part[0], fit_name(fit->family), arena);
    }
    cJSON_AddStringToObject(time, "basis", "fitted");
    return time;
}

static void add_fits(cJSON *out, const struct fit *fits, enum fit_family best, struct arena *arena)
{
    cJSON *list = cJSON_AddArrayToObject(out, "fits");
    for (uint32_t f = 0; f < FIT_FAMILIES; f++) {
        if (!fits[f].ok) continue;
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "family", fit_name((enum fit_family)f));
        add_number(one, "aic", fits[f].aic);
        add_number(one, "ks", fits[f].ks);
        add_number(one, "ad", fits[f].ad);
        if (fits[f].shift_s > 0) add_number(one, "shift_s", fits[f].shift_s);
        cJSON_AddItemToArray(list, one);
    }
    if (best == FIT_FAMILIES) return;
    cJSON_AddStringToObject(out, "best", fit_name(best));
    cJSON_AddItemToObject(out, "time", fitted_time(&fits[best], arena));
}

static void add_moments(cJSON *out, const double *sorted, uint32_t n, double *mean_s)
{
    static const struct {
        const char *key;
        double p;
    } percentiles[] = { { "p50_s", 0.5 }, { "p95_s", 0.95 }, { "p99_s", 0.99 } };
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++) sum += sorted[i];
    *mean_s = sum / n;
    for (uint32_t i = 0; i < n; i++) squares += (sorted[i] - *mean_s) * (sorted[i] - *mean_s);
    add_number(out, "mean_s", *mean_s);
    add_number(out, "cv", sqrt(squares / n) / *mean_s);
    for (uint32_t i = 0; i < 3; i++)
        add_number(out, percentiles[i].key, sorted[(uint32_t)(percentiles[i].p * (n - 1) + 0.5)]);
    add_number(out, "max_s", sorted[n - 1]);
}

static const char *series_name(const struct series *series, struct arena *arena)
{
    if (*series->stage == '\0') return *series->step ? series->step : "durations";
    return *series->step ? arena_printf(arena, "%s %s", series->stage, series->step) : series->stage;
}

/* cv and n say what chance alone would do. */
static void warn_of_order(struct source *source, const char *name, const struct fit_order *order, double load,
                          double cv, uint32_t n)
{
    if (fabs(order->lag1) > 2 * order->lag1_bound)
        source_remark(source, "%s: neighbours are alike (autocorrelation %.2f); independent draws do not show that",
                      name, order->lag1);
    if (fabs(order->drift - 1) > fmax(0.05, 3 * cv * sqrt(8.0 / n)))
        source_remark(source,
                      "%s: the last quarter takes %.2f times as long as the first; a model with one distribution "
                      "does not show that",
                      name, order->drift);
    if (fabs(load) > fmax(0.2, 3 / sqrt(n)))
        source_remark(source, "%s: durations depend on load (correlation %.2f)", name, load);
}

static cJSON *describe(struct gathering *g, struct series *series)
{
    struct arena *arena = g->source->arena;
    struct durations_fitted *fitted = arena_new(arena, struct durations_fitted);
    struct fit *fits = fitted->fit;
    double *sorted = arena_array(arena, double, series->n), mean_s;
    const bool timed = g->at < g->table.n_columns;
    const char *name = series_name(series, arena);
    cJSON *out = cJSON_CreateObject();
    if (timed) sort_by_time(series, arena);
    memcpy(sorted, series->value_s, series->n * sizeof *sorted);
    qsort(sorted, series->n, sizeof *sorted, by_value);
    if (*series->stage) cJSON_AddStringToObject(out, "stage", series->stage);
    if (*series->step) cJSON_AddStringToObject(out, "step", series->step);
    cJSON_AddNumberToObject(out, "n", series->n);
    if (series->n_zero > 0) cJSON_AddNumberToObject(out, "zeros", series->n_zero);
    add_moments(out, sorted, series->n, &mean_s);
    struct fit_order order = fit_order(series->value_s, series->n);
    if (g->unordered) order.lag1 = order.drift = (double)NAN;
    const double load = timed ? load_dependence(series, arena) : (double)NAN;
    add_number(out, "autocorrelation", order.lag1);
    add_number(out, "drift", order.drift);
    add_number(out, "load_correlation", load);
    warn_of_order(g->source, name, &order, load, cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(out, "cv")),
                  series->n);
    const enum fit_family best = fit_all(fits, sorted, series->n, arena);
    fitted->name = name;
    fitted->n = series->n;
    fitted->sorted_s = sorted;
    fitted->best = best;
    if (g->shown) g->shown->fitted[g->shown->n++] = fitted;
    add_fits(out, fits, best, arena);
    cJSON_AddItemToObject(out, "empirical", empirical(sorted, series->n, arena));
    if (best < FIT_FAMILIES)
        source_remark(g->source, "%s: n %u, mean %.3g ms; best %s, largest distance of the distribution functions %.3f",
                      name, series->n, mean_s * 1e3, fit_name(best), fits[best].ks);
    if (series->n_zero > 0)
        source_remark(g->source, "%s: %u durations of 0 left out: not measured, or the step was not made", name,
                      series->n_zero);
    return out;
}

static cJSON *document(struct gathering *g)
{
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "schema", "sim-durations/1");
    cJSON_AddStringToObject(out, "source", g->source->file);
    cJSON *list = cJSON_AddArrayToObject(out, "durations");
    uint32_t n_zero = 0;
    for (uint32_t i = 0; i < g->n_series; i++) {
        const struct series *series = &g->series[i];
        n_zero += series->n_zero;
        if (series->n >= 8) cJSON_AddItemToArray(list, describe(g, &g->series[i]));
        else
            source_remark(g->source, "%s: %u durations%s are too few; left out", series_name(series, g->source->arena),
                          series->n, series->n_zero > 0 ? " above 0" : "");
    }
    if (list->child) return out;
    if (n_zero > 0)
        source_finding(g->source, 0, "",
                       "no stage or step has 8 durations above 0: %u are 0, which is not measured, or shorter than the "
                       "unit that they were rounded to",
                       n_zero);
    else source_finding(g->source, 0, "", "no stage or step has 8 durations or more");
    cJSON_Delete(out);
    return NULL;
}

/* ---- HdrHistogram ---- */

/* The mean of all that was counted stands below the rows: "#[Mean    =        5.840, StdDeviation   = ...". */
static void compare_mean(struct gathering *g, const struct series *series, double unit_s)
{
    const char *mean = strstr(g->source->text, "#[Mean");
    double given, sum_s = 0;
    const double n = (double)series->n + series->n_zero;
    if (!mean || sscanf(mean + strlen("#[Mean"), " = %lf", &given) != 1 || !(given > 0)) return;
    for (uint32_t i = 0; i < series->n; i++) sum_s += series->value_s[i];
    if (fabs(sum_s / n / (given * unit_s) - 1) > 0.05)
        source_remark(g->source,
                      "spread evenly between the rows the mean is %.3g ms, the file says %.3g ms: its rows are too far "
                      "apart; write it with more steps for each half distance",
                      sum_s / n * 1e3, given * unit_s * 1e3);
}

/* Value, percentile, total count, 1/(1-percentile): durations between two rows are spread evenly over them; those of
 * percentile 0 are the least, and all alike. */
static bool read_hgrm(struct gathering *g)
{
    enum { MOST = 100000 };
    const char *text = g->source->text;
    struct series *series = series_of(g, "", "");
    double unit_s = 0, last_value = 0, last_count = 0, total = 0, value, p, count;
    if (!g->options->unit || !unit_of(g->options->unit, &unit_s))
        return source_finding(g->source, 0, "", "an .hgrm file does not say its unit; say --unit ms (or ns, us, s)");
    for (int pass = 0; pass < 2; pass++) {
        last_value = last_count = 0;
        for (size_t at = 0; text[at] != '\0'; at += strcspn(text + at, "\n"), at += text[at] == '\n') {
            const size_t first = at + strspn(text + at, " \r\t");
            if (text[first] == '#' || text[first] == '\n' || text[first] == '\0' || text[first] == 'V') continue;
            if (sscanf(text + at, "%lf %lf %lf", &value, &p, &count) != 3 || !(value >= last_value) ||
                !(count >= last_count) || !(p >= 0 && p <= 1) || value * unit_s > 36000)
                return source_finding(g->source, at, "", "a row is: value, percentile, total count, rising");
            if (pass == 0) total = count;
            const double step = total > MOST ? total / MOST : 1, from = p > 0 ? last_value : value;
            for (double k = last_count + step / 2; pass == 1 && count > last_count && k <= count; k += step) {
                const double s = (from + (value - from) * (k - last_count) / (count - last_count)) * unit_s;
                if (s > 0) add_duration(g, series, s, 0);
                else series->n_zero++;
            }
            last_value = value;
            last_count = count;
        }
        if (!(total >= 8) || total > 1e15) return source_finding(g->source, 0, "", "fewer than 8 durations");
    }
    g->unordered = true;
    compare_mean(g, series, unit_s);
    source_remark(g->source, "an .hgrm file has no order: autocorrelation, drift and dependence on load are not known");
    return true;
}

static bool is_hgrm(const char *text)
{
    text += strspn(text, " \t\r\n");
    return strncmp(text, "Value", 5) == 0 && strstr(text, "Percentile");
}

cJSON *durations_read(struct source *source, const struct durations_options *options, struct durations_shown *shown)
{
    struct gathering *g = arena_new(source->arena, struct gathering);
    double unused;
    g->source = source;
    g->options = options;
    g->shown = shown;
    if (shown) shown->n = 0;
    if (options->unit && !unit_of(options->unit, &unused))
        return source_finding(source, 0, "", "--unit %.20s is none of ns, us, ms, s", options->unit), NULL;
    if (exposition_is(source)) return exposition_read(source);
    if (percentiles_is(source)) return percentiles_read(source, options);
    if (is_hgrm(source->text)) return read_hgrm(g) ? document(g) : NULL;
    if (!table_read(&g->table, source) || !find_columns(g)) return NULL;
    for (uint32_t row = 0; row < g->table.n_rows; row++)
        if (!gather_row(g, row)) return NULL;
    return document(g);
}
