/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/watch.h"

#include <math.h>
#include <stdlib.h>

#include "sim/results/layout.h"

/* ---- when ---- */

static int by_time(const void *a, const void *b)
{
    const struct watch_look *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return x->prediction < y->prediction ? -1 : x->prediction > y->prediction;
}

/* What lasts for less than such a step is hardly what somebody saw who looked once in the window. */
enum { WINDOW_STEPS = 100, LOOKS_MOST = WINDOW_STEPS + 2 };

static uint32_t looks_of(const struct prediction *prediction, uint32_t index, struct watch_look *out)
{
    const sim_ns from_ns = prediction->at_ns[WATCH_FROM], to_ns = prediction->at_ns[WATCH_TO];
    uint32_t n = 0;

    if (prediction->kind == PREDICT_PEAK)
        return 0;
    out[n++] = (struct watch_look){ prediction->at_ns[WATCH_AT], index };
    for (int64_t step = 0; from_ns < to_ns && step <= WINDOW_STEPS; step++)
        out[n++] = (struct watch_look){ from_ns + (sim_ns)((__int128)(to_ns - from_ns) * step / WINDOW_STEPS), index };
    return n;
}

static void take_moments(struct watch_plan *plan, struct arena *arena)
{
    sim_ns *moment_ns = arena_array(arena, sim_ns, plan->n_looks);

    for (uint32_t i = 0; i < plan->n_looks; i++)
        if (i == 0 || plan->look[i].at_ns != plan->look[i - 1].at_ns)
            moment_ns[plan->n_moments++] = plan->look[i].at_ns;
    plan->moment_ns = moment_ns;
}

void watch_plan_make(struct watch_plan *plan, const struct prediction *prediction, uint32_t n, struct arena *arena)
{
    struct watch_look *look = arena_array(arena, struct watch_look, (size_t)n * LOOKS_MOST);

    *plan = (struct watch_plan){ .look = look };
    for (uint32_t i = 0; i < n; i++)
        plan->n_looks += looks_of(&prediction[i], i, look + plan->n_looks);
    if (plan->n_looks > 0)
        qsort(look, plan->n_looks, sizeof *look, by_time);
    take_moments(plan, arena);
}

/* ---- one run ---- */

void watches_open(struct watches *watches, const struct layout *layout, struct arena *arena)
{
    const uint32_t n = PREDICTION_VALUES * layout->n_predictions;

    *watches = (struct watches){ .layout = layout, .value = arena_array(arena, double, n) };
    for (uint32_t i = 0; i < n; i++)
        watches->value[i] = (double)NAN;
}

static void look_at(struct watches *watches, const struct watch_look *look, const struct run_levels *levels)
{
    const struct prediction *prediction = &watches->layout->prediction[look->prediction];
    const double value = prediction_value(watches->layout, prediction, &levels->orders, levels->partition);
    double *watched = watches->value + (size_t)PREDICTION_VALUES * look->prediction;

    for (uint32_t which = 0; which < WATCH_TIMES; which++)
        if (prediction->at_ns[which] == look->at_ns)
            watched[which] = value;
    watched[WATCH_LEAST] = fmin(watched[WATCH_LEAST], value); /* fmin(NaN, value) is value */
    watched[WATCH_MOST] = fmax(watched[WATCH_MOST], value);
}

void watches_look(struct watches *watches, uint32_t moment, const struct run_levels *levels)
{
    const struct watch_plan *plan = &watches->layout->watch_plan;
    const sim_ns at_ns = plan->moment_ns[moment];

    for (; watches->next_look < plan->n_looks && plan->look[watches->next_look].at_ns == at_ns; watches->next_look++)
        look_at(watches, &plan->look[watches->next_look], levels);
}

/* Of the partition that was named, in whichever topic it lags most; NaN: the scenario has none of that number. */
static double peak_lag_of(const struct layout *layout, const struct prediction *prediction,
                          const struct run_facts *facts)
{
    double peak = (double)NAN;
    for (uint32_t i = 0; i < layout->n_rows; i++)
        if (prediction_takes(prediction, &layout->row[i]))
            peak = fmax(peak, (double)facts->partition_peak_lag[i]); /* fmax(NaN, value) is value */
    return peak;
}

static void see_peak(double *watched, double peak)
{
    for (uint32_t which = 0; which < PREDICTION_VALUES; which++)
        watched[which] = peak;
}

/* Of a window that the run was cut in nobody knows the rest. */
static void forget_if_cut(double *watched)
{
    if (isnan(watched[WATCH_TO]))
        watched[WATCH_LEAST] = watched[WATCH_MOST] = (double)NAN;
}

void watches_close(struct watches *watches, const struct run_facts *facts)
{
    const struct layout *layout = watches->layout;

    for (uint32_t i = 0; i < layout->n_predictions; i++) {
        double *watched = watches->value + (size_t)PREDICTION_VALUES * i;
        if (layout->prediction[i].kind == PREDICT_PEAK)
            see_peak(watched, peak_lag_of(layout, &layout->prediction[i], facts));
        else
            forget_if_cut(watched);
    }
}
