/* SPDX-License-Identifier: GPL-3.0-or-later
 * Listens to one run. Peaks at every change come from the run's own facts; what is taken from the samples is said so
 * in its name (sampled_peak_lag), as a dashboard would see it. After the end everything is put into the order of the
 * layout by one walk.
 *
 * A run that ends because nothing is left stays as it is: checkpoints after its end see its end. A run that was cut has
 * no such moments, and they are null. So it is with observations (watch.h). */
#include "sim/results/result.h"

#include "sim/results/gauge.h"
#include "sim/results/series.h"
#include "sim/results/stuck.h"
#include "sim/results/waits.h"
#include "sim/results/watch.h"

#include <string.h>

#include "sim/engine/error.h"

struct recorder {
    const struct layout *layout;
    uint32_t replication;
    struct observer observer;
    struct series series;
    struct snapshot *checkpoint;
    struct snapshot last;          /* the latest levels seen, in the end those that stay, */
    sim_ns last_at_ns;             /* and when */
    struct group_sum *sum;         /* of the sample at hand */
    struct group_samples *group;
    struct gauge *gauge;
    struct stuck_watch *stuck;
    struct scaler_samples *scaler;
    struct watches watches;
};

/* ---- samples ---- */

static void sum_groups(struct recorder *recorder, const struct partition_level *partition)
{
    const struct layout *layout = recorder->layout;

    for (uint32_t g = 0; g < layout->study->scenario.n_groups; g++) {
        struct group_sum sum = { 0 };
        for (uint32_t i = layout->group_row[g]; i < layout->group_row[g + 1]; i++) {
            const struct partition_level *level = &partition[i];
            sum.lag += level->lag;
            sum.backlog += level->backlog;
            if (level->lag > sum.partition_lag)
                sum.partition_lag = level->lag;
            if (level->lag_ns > sum.age_ns)
                sum.age_ns = level->lag_ns;
        }
        recorder->sum[g] = sum;
    }
}

static void note_peaks(struct group_samples *samples, const struct group_sum *sum)
{
    if (sum->lag > samples->peak_lag)
        samples->peak_lag = sum->lag;
    if (sum->backlog > samples->peak_backlog)
        samples->peak_backlog = sum->backlog;
    if (sum->partition_lag > samples->peak_partition_lag)
        samples->peak_partition_lag = sum->partition_lag;
}

/* What a scaler's consumers have stood idle since the sample before. */
static void note_idle(struct recorder *recorder, const struct run_levels *levels)
{
    const sim_ns warm_ns = recorder->layout->study->scenario.warm_up_ns;
    const sim_ns from_ns = recorder->last_at_ns > warm_ns ? recorder->last_at_ns : warm_ns;

    for (uint32_t i = 0; levels->at_ns > from_ns && i < levels->n_scalers; i++)
        recorder->scaler[i].idle_s += levels->scaler[i].idle * ns_to_s(levels->at_ns - from_ns);
}

static void keep(struct snapshot *snapshot, const struct run_levels *levels)
{
    snapshot->taken = true;
    snapshot->orders = levels->orders;
    memcpy(snapshot->partition, levels->partition, levels->n_partitions * sizeof *levels->partition);
}

static void on_sample(void *context, const struct run_levels *levels)
{
    struct recorder *recorder = context;
    const struct scenario *scenario = &recorder->layout->study->scenario;

    SIM_ASSERT(levels->n_partitions == recorder->layout->n_rows);
    sum_groups(recorder, levels->partition);
    for (uint32_t g = 0; g < scenario->n_groups && levels->at_ns >= scenario->warm_up_ns; g++)
        note_peaks(&recorder->group[g], &recorder->sum[g]);
    note_idle(recorder, levels);
    series_sample(&recorder->series, levels, recorder->sum);
    keep(&recorder->last, levels);
    recorder->last_at_ns = levels->at_ns;
}

static void on_checkpoint(void *context, uint32_t checkpoint, const struct run_levels *levels)
{
    struct recorder *recorder = context;
    keep(&recorder->checkpoint[checkpoint], levels);
}

static sim_ns on_probe(void *context, const struct run_levels *levels)
{
    struct recorder *recorder = context;
    stuck_look(recorder->stuck, levels);
    return gauge_look(recorder->gauge, levels);
}

static void on_end(void *context, const struct run_levels *levels)
{
    struct recorder *recorder = context;
    keep(&recorder->last, levels);
    gauge_end(recorder->gauge, levels);
    stuck_look(recorder->stuck, levels);
}

static void on_moment(void *context, uint32_t moment, const struct run_levels *levels)
{
    struct recorder *recorder = context;
    watches_look(&recorder->watches, moment, levels);
}

static void on_order(void *context, const struct order_fact *order)
{
    struct recorder *recorder = context;
    series_order(&recorder->series, order);
}

/* ---- open ---- */

struct recorder *recorder_open(const struct layout *layout, uint32_t replication, const struct recorder_files *files,
                               struct arena *arena)
{
    const struct scenario *scenario = &layout->study->scenario;
    struct recorder *recorder = arena_new(arena, struct recorder);

    recorder->layout = layout;
    recorder->replication = replication;
    recorder->observer = (struct observer){
        .context = recorder, .on_sample = on_sample, .on_checkpoint = on_checkpoint, .on_order = on_order,
        .on_probe = on_probe, .on_end = on_end, .n_moments = layout->watch_plan.n_moments,
        .moment_ns = layout->watch_plan.moment_ns, .on_moment = on_moment
    };
    recorder->checkpoint = arena_array(arena, struct snapshot, scenario->n_checkpoints);
    for (uint32_t i = 0; i < scenario->n_checkpoints; i++)
        recorder->checkpoint[i].partition = arena_array(arena, struct partition_level, layout->n_rows);
    recorder->last.partition = arena_array(arena, struct partition_level, layout->n_rows);
    recorder->sum = arena_array(arena, struct group_sum, scenario->n_groups);
    recorder->group = arena_array(arena, struct group_samples, scenario->n_groups);
    recorder->scaler = arena_array(arena, struct scaler_samples, scenario->n_scalers);
    recorder->gauge = gauge_open(layout, recorder->group, arena);
    recorder->stuck = stuck_open(layout, arena);
    watches_open(&recorder->watches, layout, arena);
    series_open(&recorder->series, layout, replication, files, arena);
    if (!recorder->series.orders)
        recorder->observer.on_order = NULL;
    return recorder;
}

const struct observer *recorder_observer(struct recorder *recorder) { return &recorder->observer; }

/* ---- close ---- */

static uint32_t most_there(const struct scenario *scenario, uint32_t group, const struct run_facts *facts)
{
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        if (scenario->scaler[i].group == group) return (uint32_t)facts->scaler[i].peak_consumers;
    return scenario->group[group].consumers;
}

static void note_splits(struct recorder *recorder, const struct run_facts *facts, const double *log_end,
                        const double *left, struct arena *scratch)
{
    const struct layout *layout = recorder->layout;
    const struct scenario *scenario = &layout->study->scenario;

    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        const struct group_spec *group = &scenario->group[g];
        const double *came = log_end + layout->group_row[g];
        recorder->group[g].split = split_of(scenario, group, most_there(scenario, g, facts), came, scratch);
        recorder->group[g].longer = split_longer(scenario, group, came, left + layout->group_row[g]);
    }
}

/* Checkpoints that the run did not live to see: its end, if it ended by itself. */
static void see_the_end(struct recorder *recorder, const struct run_facts *facts)
{
    const struct scenario *scenario = &recorder->layout->study->scenario;
    struct snapshot *end = &recorder->last;

    end->orders = facts->orders;
    for (uint32_t i = 0; i < scenario->n_checkpoints; i++)
        if (!recorder->checkpoint[i].taken && !facts->cut)
            recorder->checkpoint[i] = *end;
}

struct filler { double *next; };

static void fill(struct walk *walk, const char *key, const char *unit, double value)
{
    struct filler *filler = walk->context;

    (void)key, (void)unit;
    *filler->next++ = value;
}

static void note_waits(double *value, const struct layout *layout, const struct run_facts *facts)
{
    for (uint32_t g = 0; g < facts->n_groups; g++) {
        for (uint32_t i = PATH_LOCK; i < PATH_LOCK + PATH_WAITS; i++)
            value[layout_wait(layout, g, (enum path_time)i)] =
                waits_counted_s(&facts->group[g], (enum path_time)i);
        value[layout_letter(layout, g)] = waits_letter_counted_s(&facts->group[g]);
        value[layout_order_wait(layout, g)] = waits_order_counted_s(&facts->group[g]);
        value[layout_order_wait_of(layout, g)] = waits_order_mostly_of(&facts->group[g], facts->n_groups);
    }
}

static void note_came(double *value, const struct layout *layout, const struct group_samples *group)
{
    for (uint32_t g = 0; g < layout->study->scenario.n_groups; g++) {
        value[layout_came(layout, g, CAME_FREE_PER_S)] = group[g].free_rate_per_s;
        value[layout_came(layout, g, CAME_HEIGHT_PER_S)] = group[g].height_rate_per_s;
        value[layout_came(layout, g, CAME_SURGE_PER_S)] = group[g].surge_per_s;
        value[layout_came(layout, g, CAME_SURGE_SINCE_S)] = group[g].surge_since_s;
        value[layout_came(layout, g, CAME_SURGE_FAULT)] = group[g].surge_fault;
    }
}

static void note_stuck(struct recorder *recorder, const struct run_facts *facts, double *value)
{
    const struct layout *layout = recorder->layout;

    stuck_close(recorder->stuck, facts, value + layout_stuck(layout, 0, STUCK_RECORDS));
    for (uint32_t g = 0; g < facts->n_groups; g++) {
        const double *own = value + layout_stuck(layout, g, STUCK_RECORDS);
        const struct stuck stuck = { .retries = own[STUCK_RETRIES], .deliveries = own[STUCK_DELIVERIES],
                                     .late_polls = own[STUCK_LATE_POLLS] };
        const bool is_late = stuck_by(&stuck) == STUCK_BY_LATE_POLLS;
        recorder->group[g].retries = own[STUCK_RECORDS] > 0 && stuck_by(&stuck) == STUCK_BY_RETRIES;
        recorder->group[g].stuck = own[STUCK_RECORDS] > 0 && !is_late;
        recorder->group[g].too_late = own[STUCK_RECORDS] > 0 && is_late;
    }
}

static const double *values(struct recorder *recorder, const struct run_facts *facts, struct arena *arena)
{
    const struct layout *layout = recorder->layout;
    const uint32_t n_watched = layout_log_end(layout, 0) - layout->n_figures;
    double *value = arena_array(arena, double, layout_values(layout)), *log_end = value + layout_log_end(layout, 0);
    struct filler filler = { value };
    struct walk walk = { .context = &filler, .on_figure = fill };
    struct order_time time[ORDER_TIME_ROWS];
    struct arena scratch;
    arena_init(&scratch);
    gauge_close(recorder->gauge);
    order_time_rows(&facts->path, PATH_PARTS + facts->n_groups, time, arena);
    for (uint32_t i = 0; i < layout->n_rows; i++) {
        log_end[i] = (double)recorder->last.partition[i].log_end;
        value[layout_left(layout, i)] = (double)recorder->last.partition[i].backlog;
    }
    note_waits(value, layout, facts);
    note_came(value, layout, recorder->group);
    note_splits(recorder, facts, log_end, value + layout_left(layout, 0), &scratch);
    note_stuck(recorder, facts, value);
    const struct record record = { facts, recorder->checkpoint, recorder->group, recorder->scaler, time,
                                   gauge_peak_rate_per_s(recorder->gauge) };

    figures_walk(&walk, layout, &record);
    arena_fini(&scratch);
    SIM_ASSERT(filler.next == value + layout->n_figures);
    if (n_watched > 0) memcpy(filler.next, recorder->watches.value, n_watched * sizeof *value);
    return value;
}

struct result *recorder_close(struct recorder *recorder, const struct run_facts *facts, struct arena *arena)
{
    struct result *result = arena_new(arena, struct result);
    struct invariant_facts *invariant = arena_array(arena, struct invariant_facts, facts->n_invariants);

    see_the_end(recorder, facts);
    watches_close(&recorder->watches, facts);
    series_close(&recorder->series, facts);
    struct chain *chain = arena_array(arena, struct chain, facts->n_chains);
    if (facts->n_invariants)
        memcpy(invariant, facts->invariant, facts->n_invariants * sizeof *invariant);
    if (facts->n_chains)
        memcpy(chain, facts->chain, facts->n_chains * sizeof *chain);
    *result = (struct result){
        .replication = recorder->replication, .fingerprint = facts->fingerprint,
        .n = layout_values(recorder->layout), .value = values(recorder, facts, arena),
        .n_invariants = facts->n_invariants, .invariant = invariant, .n_chains = facts->n_chains, .chain = chain,
        .events = facts->events, .end_ns = facts->end_ns, .cut = facts->cut
    };
    return result;
}
