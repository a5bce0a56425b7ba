/* SPDX-License-Identifier: GPL-3.0-or-later
 * Distributions. Forms: "5ms"; {mean, cv}, with a family or lognormal; {uniform: [low, high]}; {mixture: [{weight,
 * time}]}; {p50, p95, ...}; {csv, column, unit}; {histogram: [[time, share below it]]}. What the engine asks of each
 * shape beyond the range of a single value is asked of the engine. */
#include "sim/scenario/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/shape.h"

#define MEAN_MAX_NS (10 * 3600 * SIM_S)
enum { PARTS_MAX = 16, POINTS_MAX = 10000, PERCENTILES_MAX = 32 };

static void read_mean(struct cursor *object, struct dist_spec *out)
{
    sim_ns mean_ns = 0;
    read_ns(object, "mean", &mean_ns, REQUIRED, 0, MEAN_MAX_NS);
    out->mean_s = ns_to_s(mean_ns);
}

/* {mean, cv} and what else has a mean. */
static void read_family(struct cursor *object, struct dist_spec *out)
{
    static const char *const names[] = { "constant", "exponential", "lognormal", "gamma", "weibull", "erlang" };
    static const enum dist_family families[] = { DIST_CONSTANT, DIST_EXPONENTIAL, DIST_LOGNORMAL,
                                                 DIST_GAMMA,    DIST_WEIBULL,     DIST_ERLANG };
    uint32_t family = 2;
    read_enum_of(object, "family", &family, OPTIONAL, names, sizeof names / sizeof names[0]);
    out->family = families[family];
    read_mean(object, out);
    if (out->family == DIST_ERLANG) read_u32(object, "stages", &out->stages, REQUIRED, 1, DIST_STAGES_MAX);
    if (out->family != DIST_LOGNORMAL && out->family != DIST_GAMMA && out->family != DIST_WEIBULL) return;
    read_number(object, "cv", &out->cv, out->family == DIST_LOGNORMAL ? "0" : REQUIRED, 0, DIST_CV_MAX);
    if (out->cv == 0) out->family = DIST_CONSTANT;
}

static void read_uniform(struct cursor *object, struct dist_spec *out)
{
    struct cursor ends = cursor_array(object, "uniform", REQUIRED);
    sim_ns ns[2] = { 0, 0 };
    out->family = DIST_UNIFORM;
    if (ends.node && cursor_size(&ends) != 2)
        cursor_finding(&ends, "%u values where [least, greatest] is needed", cursor_size(&ends));
    uint32_t i = 0;
    bool both = cursor_size(&ends) == 2;
    for (const cJSON *child = cursor_first(&ends); child && i < 2; child = cursor_next(child), i++) {
        struct cursor end = cursor_child(&ends, child, i);
        both &= cursor_ns(&end, &ns[i], 0, MEAN_MAX_NS);
    }
    if (both && ns[1] < ns[0]) cursor_finding(&ends, "the greatest time is below the least");
    out->low_s = ns_to_s(ns[0]);
    out->high_s = ns_to_s(ns[1]);
}

static void read_mixture(struct reader *reader, struct cursor *object, struct dist_spec *out)
{
    struct cursor parts = cursor_array(object, "mixture", REQUIRED);
    uint32_t n = cursor_size(&parts), i = 0;
    if (n > PARTS_MAX) cursor_finding(&parts, "%u parts; at most %d", n, PARTS_MAX);
    if (parts.node && n == 0) cursor_finding(&parts, "no parts; a mixture has one or more");
    struct dist_spec *part = arena_array(reader->reading.arena, struct dist_spec, n);
    double *weight = arena_array(reader->reading.arena, double, n);
    for (const cJSON *child = cursor_first(&parts); child; child = cursor_next(child), i++) {
        struct cursor one = cursor_child(&parts, child, i);
        if (!cursor_is_object(&one)) continue;
        read_number(&one, "weight", &weight[i], REQUIRED, 0, 1);
        read_dist(reader, &one, "time", &part[i], REQUIRED);
        cursor_close(&one);
    }
    *out = (struct dist_spec){ .family = DIST_MIXTURE, .n_parts = n, .part = part, .weight = weight };
}

/* "p50" -> 0.5, "p99_9" -> 0.999, from p1 to p99_9; 0 when the key is no percentile. */
static double percentile_of(const char *key)
{
    char number[24] = "";
    const size_t length = strlen(key + (key[0] == 'p'));
    if (key[0] != 'p' || key[1] < '1' || key[1] > '9' || length > 16 || key[length] == '_') return 0;
    if (strspn(key + 1, "0123456789_") != length) return 0;
    memcpy(number, key + 1, length);
    char *point = strchr(number, '_'), *end;
    if (point) *point = '.';
    memcpy(number + length, "e-2", 4); /* per cent; dividing would lose the last digit */
    const double p = strtod(number, &end);
    return *end == '\0' && p >= 0.01 && p <= 0.999 ? p : 0;
}

static int by_p(const void *a, const void *b)
{
    const struct dist_point *x = a, *y = b;
    return (x->p > y->p) - (x->p < y->p);
}

static bool has_percentiles(const struct cursor *object)
{
    for (const cJSON *child = cursor_first(object); child; child = cursor_next(child))
        if (percentile_of(child->string) > 0) return true;
    return false;
}

static void read_percentiles(struct reader *reader, struct cursor *object, struct dist_spec *out)
{
    struct dist_point *point = arena_array(reader->reading.arena, struct dist_point, cursor_size(object));
    uint32_t n = 0;
    for (const cJSON *child = cursor_first(object); child; child = cursor_next(child)) {
        double p = percentile_of(child->string);
        sim_ns ns = 1;
        if (p == 0 || n == PERCENTILES_MAX) continue;
        read_ns(object, child->string, &ns, REQUIRED, 1, MEAN_MAX_NS);
        point[n++] = (struct dist_point){ p, ns_to_s(ns) };
    }
    qsort(point, n, sizeof *point, by_p);
    *out = (struct dist_spec){ .family = DIST_PERCENTILES, .n_points = n, .point = point };
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void read_measured(struct reader *reader, struct cursor *object, struct dist_spec *out)
{
    static const char *const units[] = { "ns", "us", "ms", "s", "m", "h" };
    static const double seconds[] = { 1e-9, 1e-6, 1e-3, 1, 60, 3600 };
    uint32_t unit = 3, n = 0;
    const char *column = NULL;
    struct cursor path = cursor_at(object, "csv", REQUIRED);
    const cJSON *named = cJSON_GetObjectItemCaseSensitive(object->node, "column");
    double *value = read_csv(reader, &path, cJSON_IsString(named) ? named->valuestring : NULL, &n);
    read_text(object, "column", &column, OPTIONAL);
    read_enum_of(object, "unit", &unit, REQUIRED, units, sizeof units / sizeof units[0]);
    if (!value) return;
    for (uint32_t i = 0; i < n; i++) {
        value[i] *= seconds[unit];
        if (value[i] >= 0 && value[i] <= ns_to_s(MEAN_MAX_NS)) continue;
        cursor_finding(&path, "%g s, value %u of the column, is not from 0 to %g s", value[i], i + 1,
                       ns_to_s(MEAN_MAX_NS));
        value[i] = 0;
        break;
    }
    qsort(value, n, sizeof *value, by_value);
    *out = (struct dist_spec){ .family = DIST_EMPIRICAL, .n_values = n, .value_s = value };
}

static void read_bin(struct cursor *bin, struct dist_point *out)
{
    sim_ns ns = 0;
    const cJSON *time = bin->node ? bin->node->child : NULL;
    if (!bin->node) return;
    if (cJSON_GetArraySize(bin->node) != 2) {
        cursor_finding(bin, "%d values where [time, share of times up to it] is needed", cJSON_GetArraySize(bin->node));
        return;
    }
    struct cursor first = cursor_child(bin, time, 0), second = cursor_child(bin, time->next, 1);
    cursor_ns(&first, &ns, 0, MEAN_MAX_NS);
    cursor_number(&second, &out->p, 0, 1);
    out->s = ns_to_s(ns);
}

static void read_histogram(struct reader *reader, struct cursor *object, struct dist_spec *out)
{
    struct cursor bins = cursor_array(object, "histogram", REQUIRED);
    uint32_t n = cursor_size(&bins), i = 0;
    if (n > POINTS_MAX) cursor_finding(&bins, "%u points; at most %d", n, POINTS_MAX);
    struct dist_point *point = arena_array(reader->reading.arena, struct dist_point, n);
    for (const cJSON *child = cursor_first(&bins); child; child = cursor_next(child), i++) {
        struct cursor bin = cursor_child(&bins, child, i);
        cursor_is_array(&bin);
        read_bin(&bin, &point[i]);
    }
    *out = (struct dist_spec){ .family = DIST_EMPIRICAL, .n_points = n, .point = point };
}

static void read_form(struct reader *reader, struct cursor *object, struct dist_spec *out)
{
    if (cursor_has(object, "uniform")) read_uniform(object, out);
    else if (cursor_has(object, "mixture")) read_mixture(reader, object, out);
    else if (cursor_has(object, "csv")) read_measured(reader, object, out);
    else if (cursor_has(object, "histogram")) read_histogram(reader, object, out);
    else if (has_percentiles(object)) read_percentiles(reader, object, out);
    else read_family(object, out);
}

/* "5ms" is {"mean": "5ms", "cv": 0}, and is written so: then /time/mean exists, whatever the scenario began with. */
static void read_constant(struct cursor *at, struct dist_spec *out)
{
    sim_ns mean_ns = 0;
    at->unwritten = true;
    if (!cursor_ns(at, &mean_ns, 0, MEAN_MAX_NS)) return;
    at->unwritten = false;
    char text[48];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "mean", ns_format(mean_ns, text, sizeof text));
    cJSON_AddNumberToObject(object, "cv", 0);
    cursor_write(at, object);
    *out = (struct dist_spec){ .family = DIST_CONSTANT, .mean_s = ns_to_s(mean_ns) };
}

static void read_dist_at(struct reader *reader, struct cursor *at, struct dist_spec *out)
{
    if (!at->node) return;
    if (!cJSON_IsObject(at->node) && !cJSON_IsString(at->node)) {
        cursor_finding(at,
                       "%s where a time is needed: \"5ms\", {\"mean\": \"5ms\", \"cv\": 0.3}, or another distribution",
                       json_type_name(at->node));
        return;
    }
    if (cJSON_IsString(at->node)) {
        read_constant(at, out);
        return;
    }
    struct findings *findings = reader->reading.findings;
    const uint32_t n_before = findings->n_all;
    struct dist_spec spec = { .family = DIST_CONSTANT };
    struct shape shape;
    struct sim_err err = { 0 };
    cursor_is_object(at);
    read_form(reader, at, &spec);
    cursor_close(at);
    if (findings->n_all > n_before) return;
    if (shape_make(&shape, &spec, reader->reading.arena, &err)) *out = spec;
    else cursor_finding(at, "%s", err.text);
}

void read_dist(struct reader *reader, struct cursor *object, const char *key, struct dist_spec *out,
               const char *fallback)
{
    struct cursor at = cursor_at(object, key, fallback);
    read_dist_at(reader, &at, out);
}
