/* SPDX-License-Identifier: GPL-3.0-or-later
 * k6 calls its figures avg, med, p(95); summary.json calls them mean, p50, p95 and p99_9. */
#include "sim/results/threshold.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/results/layout.h"

/* Key below the metric: "p(99.9)" -> "p99_9". Empty for the metric itself. */
static void key_of(const char *figure, char *out, size_t size)
{
    out[0] = '\0';
    if (!figure || strcmp(figure, "value") == 0)
        return;
    if (strcmp(figure, "avg") == 0)
        snprintf(out, size, ".mean");
    else if (strcmp(figure, "med") == 0)
        snprintf(out, size, ".p50");
    else if (strncmp(figure, "p(", 2) == 0)
        snprintf(out, size, ".p%.*s", (int)strcspn(figure + 2, ")"), figure + 2);
    else
        snprintf(out, size, ".%s", figure);
    char *point = strchr(out + 1, '.');
    if (point)
        *point = '_';
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), n = strlen(end);
    return length >= n && strcmp(text + length - n, end) == 0;
}

/* k6 asks a counter for its count, and a rate for its rate: here the metric itself is that number. */
static bool is_the_metric_itself(const struct threshold_spec *spec)
{
    const bool is_rate = ends_with(spec->metric, "_ratio") || ends_with(spec->metric, "_share") ||
                         ends_with(spec->metric, "_per_s");
    if (!spec->figure) return false;
    if (strcmp(spec->figure, "rate") == 0) return is_rate;
    return strcmp(spec->figure, "count") == 0 && !is_rate && !ends_with(spec->metric, "_s");
}

static bool is_percentile(const char *figure) { return figure && strncmp(figure, "p(", 2) == 0; }

uint32_t threshold_figure(const struct layout *layout, const struct threshold_spec *spec, struct sim_err *err)
{
    char path[1024], key[64];
    const char *nearest;

    key_of(is_the_metric_itself(spec) ? NULL : spec->figure, key, sizeof key);
    snprintf(path, sizeof path, "%s%s", spec->metric, key);
    const uint32_t figure = layout_find(layout, path, &nearest);
    if (figure == NONE)
        sim_fail(err, SIM_ESCENARIO, layout->study->file, "there is no figure %s in summary.json%s%s%s", path,
                 nearest ? "; the nearest is " : "", nearest ? nearest : "",
                 is_percentile(spec->figure) ? "; what is kept of times is p(50), p(90), p(95), p(99) and p(99.9)" : "");
    return figure;
}

bool threshold_holds(const struct threshold_spec *spec, double value)
{
    switch (spec->op) {
    case OP_LT: return value < spec->bound;
    case OP_LE: return value <= spec->bound;
    case OP_GT: return value > spec->bound;
    case OP_GE: return value >= spec->bound;
    case OP_EQ: return value == spec->bound;
    case OP_NE: return value < spec->bound || value > spec->bound;
    }
    return false;
}

double threshold_room(const struct threshold_spec *spec, double value)
{
    if (isnan(value))
        return -(double)INFINITY;
    switch (spec->op) {
    case OP_LT:
    case OP_LE: return spec->bound - value;
    case OP_GT:
    case OP_GE: return value - spec->bound;
    case OP_EQ: return -fabs(value - spec->bound);
    case OP_NE: return fabs(value - spec->bound);
    }
    return 0;
}

/* Whether who reads `back` sees the verdict, and of a missed target that the value is not the bound itself. */
static bool tells(const struct threshold_spec *spec, double value, double back)
{
    const bool holds = threshold_holds(spec, value);
    return threshold_holds(spec, back) == holds && (holds || (back == spec->bound) == (value == spec->bound));
}

struct number threshold_shown(const struct threshold_spec *spec, double value)
{
    enum { MORE_AT_MOST = 17 }; /* as many as a double has */
    double back;
    struct number shown = number_with_more(spec->metric, value, 0, &back);

    for (int more = 1; more <= MORE_AT_MOST && !tells(spec, value, back); more++)
        shown = number_with_more(spec->metric, value, more, &back);
    return shown;
}

bool layout_has_threshold(const struct layout *layout, uint32_t threshold, struct sim_err *err)
{
    return threshold_figure(layout, &layout->study->threshold[threshold], err) != NONE;
}
