/* SPDX-License-Identifier: GPL-3.0-or-later
 * NAME_seconds_bucket{labels,le="0.1"} 24054, with _sum and _count. Buckets are counts since the service started,
 * warm-up included. The times of a bucket are spread evenly over it. Of those beyond the last finite bound the sum
 * tells the mean, by what is left of it when the buckets have theirs: they are spread evenly around it, from that bound
 * on. Where it does not, they are put at that bound, the least that they can be; a mean that is missed so is no
 * measurement. Of sum and count alone only the mean is known. */
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

/* A timer's times as they are played. */
struct played {
    uint32_t first, last;   /* buckets with a finite bound from the first that holds any, up to last - 1 */
    double all, beyond;     /* beyond: of them, those above the last finite bound */
    double sum_s;           /* of those below it, spread evenly in their buckets; */
    double least_s, most_s; /* what it can be */
};

static double bound_below(const struct timer *timer, uint32_t i) { return i > 0 ? timer->bound_s[i - 1] : 0; }

static bool look_at_buckets(const struct timer *timer, struct played *out)
{
    *out = (struct played){ .last = timer->n, .all = fmax(timer->below[timer->n - 1], timer->count) };
    while (out->last > 0 && !isfinite(timer->bound_s[out->last - 1])) out->last--;
    if (out->last == 0 || !(timer->below[out->last - 1] > 0)) return false;
    out->beyond = out->all - timer->below[out->last - 1];
    while (!(timer->below[out->first] > 0)) out->first++;
    while (out->beyond <= 0 && out->last - 1 > out->first && timer->below[out->last - 2] == out->all) out->last--;
    for (uint32_t i = out->first; i < out->last; i++) {
        const double n = timer->below[i] - (i > out->first ? timer->below[i - 1] : 0), from_s = bound_below(timer, i);
        out->sum_s += n * (from_s + timer->bound_s[i]) / 2;
        out->least_s += n * from_s;
        out->most_s += n * timer->bound_s[i];
    }
    return true;
}

/* Up to where the times beyond the last bound go, so that the sum is as it was counted; that bound: it does not say. */
static double farthest_s(struct source *source, const struct timer *timer, const struct played *played)
{
    const double bound_s = timer->bound_s[played->last - 1], percent = 100 * played->beyond / played->all;
    const double mean_s = (timer->sum_s - played->sum_s) / played->beyond;
    if (timer->sum_s >= 0 && mean_s > bound_s) {
        source_remark(source,
                      "%s: %.2g %% are beyond the last bound, %g s; by the sum they take %.3g s as a mean (from %.3g s "
                      "to %.3g s, as the others lie in their buckets), and are spread evenly from %g s to %.3g s: how "
                      "they really are spread is not known",
                      timer->name, percent, bound_s, mean_s,
                      fmax((timer->sum_s - played->most_s) / played->beyond, bound_s),
                      (timer->sum_s - played->least_s) / played->beyond, bound_s, 2 * mean_s - bound_s);
        return 2 * mean_s - bound_s;
    }
    source_remark(source,
                  "%s: %.2g %% are beyond the last bound, %g s, and are put there, the least that they can be: %s",
                  timer->name, percent, bound_s,
                  timer->sum_s < 0 ? "no sum says how far they go" : "the sum leaves no more for them");
    return bound_s;
}

/* Whether the mean that is played, of beyond_s for those beyond the last bound, is that of sum and count. It is not
 * where buckets are wider than what they hold, or the sum is of other times than they. */
static bool has_its_mean(struct source *source, const struct timer *timer, const struct played *played,
                         double beyond_s)
{
    const double mean_s = (played->sum_s + played->beyond * beyond_s) / played->all;
    const double given_s = timer->sum_s / played->all;
    if (timer->sum_s < 0) return played->beyond <= 0;
    if (fabs(mean_s - given_s) <= 0.05 * given_s) return true;
    source_remark(source, "%s: spread evenly over its buckets the mean is %.3g ms, sum and count say %.3g ms: %s",
                  timer->name, mean_s * 1e3, given_s * 1e3,
                  timer->sum_s < played->least_s + played->beyond * timer->bound_s[played->last - 1]
                      ? "less than they have at least, so they are not of the same times"
                      : "the buckets are too wide for it");
    return false;
}

/* As a histogram of the scenario language. */
static cJSON *histogram(struct source *source, const struct timer *timer)
{
    struct played played;
    if (!look_at_buckets(timer, &played)) return NULL;
    const double bound_s = timer->bound_s[played.last - 1];
    const double most_s = played.beyond > 0 ? farthest_s(source, timer, &played) : bound_s;
    cJSON *time = cJSON_CreateObject(), *bins = cJSON_AddArrayToObject(time, "histogram");
    add_bin(bins, time_text(source->arena, bound_below(timer, played.first)), 0);
    for (uint32_t i = played.first; i < played.last; i++)
        add_bin(bins, time_text(source->arena, timer->bound_s[i]), timer->below[i] / played.all);
    if (played.beyond > 0) add_bin(bins, time_text(source->arena, fmax(most_s, bound_s + 1e-9)), 1);
    cJSON_AddStringToObject(time, "basis",
                            has_its_mean(source, timer, &played, (bound_s + most_s) / 2) ? "measured" : "assumed");
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
