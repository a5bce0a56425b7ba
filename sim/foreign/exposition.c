/* SPDX-License-Identifier: GPL-3.0-or-later
 * NAME_seconds_bucket{labels,le="0.1"} 24054, with _sum and _count. Buckets are counts since the service started,
 * warm-up included. The times of a bucket are spread evenly over it; those beyond the last finite bound are unknown,
 * and are put at that bound. Of sum and count alone only the mean is known. */
#include "sim/foreign/exposition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/ns.h"

enum { TIMERS_MAX = 256, BUCKETS_MAX = 200 };

struct timer {
    const char *name; /* labels without le */
    uint32_t n;
    double bound_s[BUCKETS_MAX], below[BUCKETS_MAX];
    double sum_s, count; /* -1: not there */
};

struct timers {
    struct source *source;
    uint32_t n;
    struct timer timer[TIMERS_MAX];
};

bool exposition_is(const struct source *source)
{
    return strstr(source->text, "_seconds_count") || strstr(source->text, "_seconds_bucket{");
}

static struct timer *timer_named(struct timers *timers, const char *name)
{
    for (uint32_t i = 0; i < timers->n; i++)
        if (strcmp(timers->timer[i].name, name) == 0) return &timers->timer[i];
    if (timers->n == TIMERS_MAX) return NULL;
    timers->timer[timers->n] = (struct timer){ .name = name, .sum_s = -1, .count = -1 };
    return &timers->timer[timers->n++];
}

/* Cuts le="..." out of the labels and returns its value; NaN where there is none. */
static double take_bound(char *labels)
{
    char *le = strstr(labels, "le=\"");
    while (le && le != labels && le[-1] != ',' && le[-1] != '{') le = strstr(le + 1, "le=\"");
    if (!le) return (double)NAN;
    const double bound = strncmp(le + 4, "+Inf", 4) == 0 ? (double)INFINITY : strtod(le + 4, NULL);
    char *end = strchr(le + 4, '"');
    if (!end) return (double)NAN;
    end += end[1] == ',' ? 2 : 1;
    memmove(le, end, strlen(end) + 1);
    char *comma = strstr(labels, ",}");
    if (comma) memmove(comma, comma + 1, strlen(comma));
    return bound;
}

static bool read_line(struct timers *timers, const char *line, size_t length, size_t at)
{
    static const char *const endings[] = { "_seconds_bucket", "_seconds_sum", "_seconds_count" };
    struct source *source = timers->source;
    char *text = arena_printf(source->arena, "%.*s", (int)length, line), *end;
    const size_t name = strcspn(text, "{ \t");
    uint32_t kind = 0;
    while (kind < 3 && !(name > strlen(endings[kind]) &&
                         strncmp(text + name - strlen(endings[kind]), endings[kind], strlen(endings[kind])) == 0))
        kind++;
    if (text[0] == '#' || kind == 3) return true;
    char *close = text[name] == '{' ? strrchr(text, '}') : text + name - 1;
    if (!close) return source_finding(source, at, "", "labels that are not closed");
    const double value = strtod(close + 1, &end);
    if (end == close + 1 || !(value >= 0) || !isfinite(value))
        return source_finding(source, at, "", "no number from 0 behind the labels");
    close[1] = '\0';
    char *labels = text + name;
    const double bound = kind == 0 ? take_bound(labels) : 0;
    if (kind == 0 && !(bound >= 0)) return source_finding(source, at, "", "a bucket without its bound, le");
    struct timer *timer =
        timer_named(timers, arena_printf(source->arena, "%.*s%s", (int)(name - strlen(endings[kind])), text,
                                         text[name] == '{' && strcmp(labels, "{}") != 0 ? labels : ""));
    if (!timer) return source_finding(source, at, "", "more than %d timers", TIMERS_MAX);
    if (kind == 1) timer->sum_s = value;
    else if (kind == 2) timer->count = value;
    else if (timer->n == BUCKETS_MAX) return source_finding(source, at, "", "more than %d buckets", BUCKETS_MAX);
    else if (timer->n > 0 && (!(bound > timer->bound_s[timer->n - 1]) || value < timer->below[timer->n - 1]))
        return source_finding(source, at, "", "buckets do not rise");
    else timer->bound_s[timer->n] = bound, timer->below[timer->n++] = value;
    return true;
}

static const char *time_text(struct arena *arena, double s)
{
    sim_ns ns = 0;
    char *out = arena_alloc(arena, 48);
    ns_from_s(fmin(s, 36000), &ns);
    return ns_format(ns, out, 48);
}

static void add_bin(cJSON *bins, const char *time, double share)
{
    cJSON *bin = cJSON_CreateArray();
    cJSON_AddItemToArray(bin, cJSON_CreateString(time));
    cJSON_AddItemToArray(bin, cJSON_CreateNumber(share));
    cJSON_AddItemToArray(bins, bin);
}

/* As a histogram of the scenario language. */
static cJSON *histogram(struct source *source, const struct timer *timer)
{
    uint32_t last = timer->n;
    while (last > 0 && !isfinite(timer->bound_s[last - 1])) last--;
    const double all = timer->below[timer->n - 1];
    if (last == 0 || !(all > 0) || !(timer->below[last - 1] > 0)) return NULL;
    uint32_t first = 0;
    while (!(timer->below[first] > 0)) first++;
    while (last - 1 > first && timer->below[last - 2] == timer->below[last - 1]) last--;
    cJSON *time = cJSON_CreateObject(), *bins = cJSON_AddArrayToObject(time, "histogram");
    add_bin(bins, first > 0 ? time_text(source->arena, timer->bound_s[first - 1]) : "0s", 0);
    for (uint32_t i = first; i < last; i++)
        add_bin(bins, time_text(source->arena, timer->bound_s[i]), i + 1 == last ? 1 : timer->below[i] / all);
    if (timer->below[last - 1] < all)
        source_remark(source, "%s: %.2g %% are beyond the last bound, %g s, and are put there", timer->name,
                      100 * (1 - timer->below[last - 1] / all), timer->bound_s[last - 1]);
    return time;
}

static cJSON *describe(struct source *source, const struct timer *timer)
{
    cJSON *time = timer->n > 0 ? histogram(source, timer) : NULL, *out = cJSON_CreateObject();
    const double mean_s = timer->count > 0 && timer->sum_s >= 0 ? timer->sum_s / timer->count : -1;
    cJSON_AddStringToObject(out, "stage", timer->name);
    if (timer->count >= 0) cJSON_AddNumberToObject(out, "n", timer->count);
    if (mean_s >= 0) cJSON_AddNumberToObject(out, "mean_s", mean_s);
    if (!time && mean_s >= 0) {
        time = cJSON_CreateObject();
        cJSON_AddStringToObject(time, "mean", time_text(source->arena, mean_s));
        cJSON_AddNumberToObject(time, "cv", 0.3);
        source_remark(source, "%s: sum and count give the mean, %.3g ms; a CV of 0.3 is assumed", timer->name,
                      mean_s * 1e3);
        cJSON *basis = cJSON_AddObjectToObject(time, "basis");
        cJSON_AddStringToObject(basis, "mean", "measured");
        cJSON_AddStringToObject(basis, "cv", "assumed");
    } else if (time) {
        cJSON_AddStringToObject(time, "basis", "measured");
    }
    if (time) cJSON_AddItemToObject(out, "time", time);
    return out;
}

cJSON *exposition_read(struct source *source)
{
    struct timers *timers = arena_new(source->arena, struct timers);
    timers->source = source;
    for (size_t at = 0; source->text[at] != '\0';) {
        const size_t length = strcspn(source->text + at, "\n");
        if (!read_line(timers, source->text + at, length, at)) return NULL;
        at += length + (source->text[at + length] == '\n');
    }
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "schema", "sim-durations/1");
    cJSON_AddStringToObject(out, "source", source->file);
    cJSON *list = cJSON_AddArrayToObject(out, "durations");
    for (uint32_t i = 0; i < timers->n; i++)
        if (timers->timer[i].count > 0 || timers->timer[i].n > 0)
            cJSON_AddItemToArray(list, describe(source, &timers->timer[i]));
    source_remark(source,
                  "counts since the service started: warm-up is in them; autocorrelation, drift and dependence on "
                  "load are not known");
    if (list->child) return out;
    source_finding(source, 0, "", "no timer has counted anything");
    cJSON_Delete(out);
    return NULL;
}
