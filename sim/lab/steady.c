/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/steady.h"

#include <math.h>

#include "sim/engine/mser.h"
#include "sim/lab/interrupt.h"

enum { ROWS_MAX = 20000 }; /* of a series; a longer one is thinned */

struct series_sums {
    uint32_t n_series, n_rows; /* series 0: orders under way; then a group each */
    uint32_t every;            /* samples for each row */
    sim_ns sample_every_ns;
    double *sum; /* [series * n_rows + row] */
};

static void on_sample(void *context, const struct run_levels *levels)
{
    struct series_sums *sums = context;
    const uint64_t sample = (uint64_t)(levels->at_ns / sums->sample_every_ns);
    const uint64_t row = sample / sums->every;
    if (sample % sums->every != 0 || row >= sums->n_rows) return;
    sums->sum[row] += (double)(levels->orders.by_status[ORDER_PENDING] + levels->orders.by_status[ORDER_PAYING]);
    for (uint32_t i = 0; i < levels->n_partitions; i++)
        sums->sum[(1 + levels->partition[i].group) * sums->n_rows + row] += (double)levels->partition[i].backlog;
}

static bool stopped(void *context)
{
    (void)context;
    return interrupt_asked();
}

static uint64_t samples(const struct scenario *scenario)
{
    return (uint64_t)(scenario->end_ns / scenario->sample_every_ns) + 1;
}

static void open_sums(struct series_sums *sums, const struct scenario *scenario, struct arena *arena)
{
    const uint64_t n = samples(scenario);
    sums->every = (uint32_t)((n + ROWS_MAX - 1) / ROWS_MAX);
    sums->n_rows = (uint32_t)(n / sums->every);
    sums->n_series = 1 + scenario->n_groups;
    sums->sample_every_ns = scenario->sample_every_ns;
    sums->sum = arena_array(arena, double, (size_t)sums->n_series * sums->n_rows);
}

static bool run_all(struct series_sums *sums, const struct study *study, const struct plan *plan, struct sim_err *err)
{
    const struct observer observer = { .context = sums, .on_sample = on_sample, .stopped = stopped };
    const struct run_options options = { .observer = &observer };
    struct arena own;
    struct sim_err run_err = { 0 };
    bool ok = true;
    arena_init(&own);
    for (uint32_t r = 0; r < STEADY_RUNS && ok; r++) {
        ok = pipeline_run(plan, study->scenario.seed, r, &options, &own, &run_err) != NULL;
        arena_reset(&own);
    }
    arena_fini(&own);
    return ok || interrupt_asked() ? ok : sim_fail(err, run_err.code, run_err.where, "%s", run_err.text);
}

static bool too_short(const struct scenario *scenario, uint32_t series, struct sim_err *err)
{
    const char *what = series == 0 ? "the number of orders under way" : "the backlog of ";
    return sim_fail(err, SIM_EIMPRECISE, NULL,
                    "no steady state: %s%s has not settled in the first half of the run (MSER-5 over %d runs); give "
                    "/run/ends a later time, or see whether the system keeps up with its load at all",
                    what, series == 0 ? "" : scenario->group[series - 1].name, STEADY_RUNS);
}

bool steady_has_samples(const struct scenario *scenario, struct sim_err *err)
{
    enum { NEEDED = MSER_BATCH * MSER_BATCHES_MIN };
    const uint64_t n = samples(scenario);
    if (!scenario->find_warm_up || scenario->warm_up_ns > 0 || n >= NEEDED) return true;
    return sim_fail(err, SIM_EIMPRECISE, NULL,
                    "no steady state can be looked for: the run has %u samples, one each %g s, and MSER-5 needs %d; "
                    "give /run/sample_every %g s at most, or /run/ends a later time", (unsigned)n,
                    ns_to_s(scenario->sample_every_ns), NEEDED, floor(1e3 * ns_to_s(scenario->end_ns) / NEEDED) / 1e3);
}

bool steady_settle(struct study *study, const struct plan *plan, struct arena *arena, struct sim_err *err)
{
    struct scenario *scenario = &study->scenario;
    struct series_sums sums;
    uint32_t longest = 0;
    if (!scenario->find_warm_up || scenario->warm_up_ns > 0) return true;
    if (!steady_has_samples(scenario, err)) return false;
    open_sums(&sums, scenario, arena);
    if (!run_all(&sums, study, plan, err)) return false;
    for (uint32_t i = 0; i < sums.n_series; i++) {
        const uint32_t left_out = mser5(&sums.sum[(size_t)i * sums.n_rows], sums.n_rows);
        if (left_out == MSER_TOO_SHORT) return too_short(scenario, i, err);
        if (left_out > longest) longest = left_out;
    }
    scenario->warm_up_ns = (sim_ns)longest * sums.every * sums.sample_every_ns;
    return true;
}
