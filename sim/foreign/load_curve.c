/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/foreign/load_curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/ns.h"

#define SIGMAS 3.0 /* by which a pace must explain the counts better than a group that keeps up */

/* k6's durations: a text with units, or milliseconds. */
static double seconds_of(const cJSON *value, double fallback)
{
    sim_ns ns;
    if (cJSON_IsNumber(value)) return value->valuedouble / 1000;
    if (!cJSON_IsString(value)) return fallback;
    char *end;
    const double ms = strtod(value->valuestring, &end);
    if (end != value->valuestring && *end == '\0') return ms / 1000;
    return ns_parse(value->valuestring, &ns) ? ns_to_s(ns) : fallback;
}

static double number_of(const cJSON *object, const char *key, double fallback)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(value) ? value->valuedouble : fallback;
}

static const cJSON *at(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

/* Starts of a piece that ramps from rate a to rate b over d seconds, up to x seconds into it. */
static double ramp_area(double a, double b, double d, double x)
{
    if (x <= 0 || d <= 0) return 0;
    if (x > d) x = d;
    return a * x + (b - a) / d * x * x / 2;
}

static double rate_of(const cJSON *object, const char *key, double unit_s)
{
    return number_of(object, key, 0) / (unit_s > 0 ? unit_s : 1);
}

/* An executor as it is read once, stage by stage: a constant rate is a ramp from it to itself. */
struct ramp {
    const cJSON *next; /* stage; NULL: none */
    double unit_s, from_s, length_s, rate, target; /* per s */
};

static bool next_ramp(struct ramp *ramp)
{
    if (!ramp->next) return false;
    ramp->from_s += ramp->length_s;
    ramp->rate = ramp->target;
    ramp->target = rate_of(ramp->next, "target", ramp->unit_s);
    ramp->length_s = seconds_of(at(ramp->next, "duration"), 0);
    ramp->next = ramp->next->next;
    return true;
}

static struct ramp first_ramp(const cJSON *one)
{
    const cJSON *stages = at(one, "stages");
    struct ramp ramp = { .unit_s = seconds_of(at(one, "timeUnit"), 1), .from_s = seconds_of(at(one, "startTime"), 0) };
    ramp.rate = ramp.target = rate_of(one, stages ? "startRate" : "rate", ramp.unit_s);
    if (!stages) ramp.length_s = seconds_of(at(one, "duration"), 0);
    ramp.next = stages ? stages->child : NULL;
    return ramp;
}

/* Its end and its greatest rate. */
static void look_at(const cJSON *one, double *end_s, double *peak_per_s)
{
    struct ramp ramp = first_ramp(one);
    *peak_per_s = ramp.rate;
    while (next_ramp(&ramp)) *peak_per_s = fmax(*peak_per_s, ramp.target);
    *end_s = ramp.from_s + ramp.length_s;
}

/* Adds its starts up to each point of the curve. */
static void add_starts(struct load_curve *out, const cJSON *one)
{
    struct ramp ramp = first_ramp(one);
    double before = 0; /* this ramp */
    for (uint32_t i = 0; i <= CURVE_POINTS; i++) {
        const double t_s = i * out->step_s;
        while (t_s - ramp.from_s >= ramp.length_s && ramp.next) {
            before += ramp_area(ramp.rate, ramp.target, ramp.length_s, ramp.length_s);
            next_ramp(&ramp);
        }
        out->arrived[i] += before + ramp_area(ramp.rate, ramp.target, ramp.length_s, t_s - ramp.from_s);
    }
}

bool load_curve_make(struct load_curve *out, const cJSON *load)
{
    const cJSON *one;
    *out = (struct load_curve){ 0 };
    cJSON_ArrayForEach(one, at(load, "scenarios"))
    {
        double end_s = 0, peak_per_s = 0;
        look_at(one, &end_s, &peak_per_s);
        out->end_s = fmax(out->end_s, end_s);
        out->peak_per_s += peak_per_s;
    }
    if (!(out->end_s > 0) || !(out->peak_per_s > 0) || !isfinite(out->end_s)) return false;
    out->step_s = out->end_s / CURVE_POINTS;
    cJSON_ArrayForEach(one, at(load, "scenarios")) add_starts(out, one);
    out->total = out->arrived[CURVE_POINTS];
    return out->total > 0;
}

void load_curve_scale(struct load_curve *curve, double n)
{
    const double factor = n / curve->total;
    for (uint32_t i = 0; i <= CURVE_POINTS; i++) curve->arrived[i] *= factor;
    curve->peak_per_s *= factor;
    curve->total = n;
}

void load_curve_wait(struct load_curve *curve, double n)
{
    for (uint32_t i = 1; i <= CURVE_POINTS; i++) curve->arrived[i] += n;
    curve->total += n;
}

double load_curve_arrived(const struct load_curve *curve, double t_s)
{
    if (t_s <= 0) return 0;
    if (t_s >= curve->end_s) return curve->total;
    const double place = t_s / curve->step_s;
    const uint32_t i = (uint32_t)place;
    return curve->arrived[i] + (curve->arrived[i + 1] - curve->arrived[i]) * (place - i);
}

double load_curve_done(const struct load_curve *curve, double rate_per_s, double t_s)
{
    double least = load_curve_arrived(curve, t_s);
    for (uint32_t i = 0; i <= CURVE_POINTS && i * curve->step_s <= t_s; i++)
        least = fmin(least, curve->arrived[i] + rate_per_s * (t_s - i * curve->step_s));
    return least;
}

static double misfit(const struct load_curve *curve, const struct done_at *count, uint32_t n, double rate)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double sigma = hypot(count[i].sigma, rate * count[i].sigma_t_s);
        const double residual = (load_curve_done(curve, rate, count[i].t_s) - count[i].done) / fmax(sigma, 1);
        sum += residual * residual;
    }
    return sum;
}

/* The same of a group that keeps up at all times. */
static double misfit_of_none_behind(const struct load_curve *curve, const struct done_at *count, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double sigma = hypot(count[i].sigma, curve->peak_per_s * count[i].sigma_t_s);
        const double residual = (load_curve_arrived(curve, count[i].t_s) - count[i].done) / fmax(sigma, 1);
        sum += residual * residual;
    }
    return sum;
}

/* d done / d rate: the time for which the group has been behind. */
static double information(const struct load_curve *curve, const struct done_at *count, uint32_t n, double rate)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double sigma = fmax(hypot(count[i].sigma, rate * count[i].sigma_t_s), 1), step = rate * 1e-4;
        const double slope =
            (load_curve_done(curve, rate + step, count[i].t_s) - load_curve_done(curve, rate - step, count[i].t_s)) /
            (2 * step);
        sum += slope * slope / (sigma * sigma);
    }
    return sum;
}

bool load_curve_fit(const struct load_curve *curve, const struct done_at *count, uint32_t n, double *rate_per_s,
                    double *error_per_s)
{
    enum { GRID = 200, GOLDEN = 60 };
    const double ratio = 0.6180339887498949;
    double best = curve->peak_per_s, least = INFINITY;
    if (n == 0) return false;
    for (int i = 1; i <= GRID; i++) { /* the misfit may have several hollows: a grid finds the deepest */
        const double rate = curve->peak_per_s * i / GRID, value = misfit(curve, count, n, rate);
        if (value < least) least = value, best = rate;
    }
    double low = best - curve->peak_per_s / GRID, high = best + curve->peak_per_s / GRID;
    for (int i = 0; i < GOLDEN; i++) {
        const double a = high - ratio * (high - low), b = low + ratio * (high - low);
        if (misfit(curve, count, n, a) < misfit(curve, count, n, b)) high = b;
        else low = a;
    }
    *rate_per_s = (low + high) / 2;
    if (misfit_of_none_behind(curve, count, n) - misfit(curve, count, n, *rate_per_s) < SIGMAS * SIGMAS) return false;
    const double known = information(curve, count, n, *rate_per_s);
    if (!(known > 0)) return false;
    *error_per_s = 1 / sqrt(known);
    return true;
}
