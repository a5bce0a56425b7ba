/* SPDX-License-Identifier: GPL-3.0-or-later
 * Each thread has a desk with the point it is at, and an arena for its run. Results wait in a ring of slots until it is
 * their turn: workers.h bounds how many can. */
#include "sim/lab/batch.h"

#include <string.h>

#include "sim/lab/interrupt.h"
#include "sim/lab/progress.h"
#include "sim/lab/run.h"
#include "sim/lab/workers.h"
#include "sim/results/layout.h"
#include "sim/results/threshold.h"

struct slot {
    struct arena arena;
    struct result *result;
    struct thin *thin;
};

struct floor {
    const struct batch *batch;
    struct desk *desk;  /* by thread, and the caller's last */
    struct arena *own;  /* by thread */
    struct slot *slot;
    uint32_t n_slots, n_taken;
    struct progress progress;
    atomic_bool stop;
};

static bool run_job(void *context, uint32_t index, uint32_t worker, struct sim_err *err)
{
    struct floor *floor = context;
    const struct batch_job *job = &floor->batch->job[index];
    struct desk *desk = &floor->desk[worker];
    struct slot *slot = &floor->slot[index % floor->n_slots];
    struct findings findings;
    if (!desk_open(desk, &floor->batch->point[job->point], &findings, err) || !desk_plan(desk, err)) return false;
    arena_reset(&slot->arena);
    slot->thin = NULL;
    if (job->curves) {
        slot->thin = arena_new(&slot->arena, struct thin);
        thin_init(slot->thin, desk->study.scenario.n_groups, &slot->arena);
    }
    const struct replication replication = { .plan = desk->plan, .layout = desk->layout,
                                             .seed = desk->study.scenario.seed, .replication = job->replication,
                                             .thin = slot->thin, .stop = &floor->stop,
                                             .now_ns = &floor->progress.now_ns[worker] };
    slot->result = replication_run(&replication, &floor->own[worker], &slot->arena, err);
    atomic_store_explicit(&floor->progress.now_ns[worker], 0, memory_order_relaxed);
    return slot->result != NULL;
}

static bool take_job(void *context, uint32_t index, struct sim_err *err)
{
    struct floor *floor = context;
    const struct batch *batch = floor->batch;
    const struct batch_job *job = &batch->job[index];
    struct desk *desk = &floor->desk[batch->n_threads];
    const struct slot *slot = &floor->slot[index % floor->n_slots];
    struct findings findings;
    bool ok = desk_open(desk, &batch->point[job->point], &findings, err);
    const struct batch_result got = { job, desk, slot->result, slot->thin };
    ok = ok && batch->take(batch->context, &got, err);
    if (!ok) atomic_store(&floor->stop, true);
    floor->n_taken += ok;
    progress_note_done(&floor->progress, ns_to_s(slot->result->end_ns));
    return ok;
}

static bool go_on(void *context)
{
    struct floor *floor = context;
    if (interrupt_asked()) atomic_store(&floor->stop, true);
    progress_show(&floor->progress);
    return !atomic_load(&floor->stop);
}

static void floor_fini(struct floor *floor)
{
    for (uint32_t i = 0; i < floor->batch->n_threads; i++) arena_fini(&floor->own[i]);
    for (uint32_t i = 0; i <= floor->batch->n_threads; i++) desk_fini(&floor->desk[i]);
    for (uint32_t i = 0; i < floor->n_slots; i++) arena_fini(&floor->slot[i].arena);
}

bool batch_run(const struct batch *batch, uint32_t *n_taken, struct arena *arena, struct sim_err *err)
{
    struct floor floor = { .batch = batch, .n_slots = WORKERS_AHEAD * batch->n_threads + 1 };
    floor.desk = arena_array(arena, struct desk, batch->n_threads + 1);
    floor.own = arena_array(arena, struct arena, batch->n_threads);
    floor.slot = arena_array(arena, struct slot, floor.n_slots);
    progress_init(&floor.progress, batch->terminal, batch->n_jobs, batch->n_threads, 1, arena);
    const struct work work = { .n_jobs = batch->n_jobs, .n_threads = batch->n_threads, .context = &floor,
                               .run = run_job, .take = take_job, .go_on = go_on };
    bool ok = workers_run(&work, err);
    progress_fini(&floor.progress);
    floor_fini(&floor);
    *n_taken = floor.n_taken;
    return ok;
}

bool points_check(const struct point *point, uint32_t n, struct desk *desk, uint32_t *wrong,
                  struct findings *findings, struct sim_err *err)
{
    for (*wrong = 0; *wrong < n; ++*wrong)
        if (!desk_open(desk, &point[*wrong], findings, err) || !desk_plan(desk, err)) return false;
    return true;
}

struct result *result_keep(const struct result *result, uint32_t n_values, struct arena *arena)
{
    struct result *kept = arena_new(arena, struct result);
    double *value = arena_array(arena, double, n_values);
    struct invariant_facts *invariant = arena_array(arena, struct invariant_facts, result->n_invariants);
    *kept = *result;
    memcpy(value, result->value, n_values * sizeof *value);
    if (result->n_invariants > 0) memcpy(invariant, result->invariant, result->n_invariants * sizeof *invariant);
    kept->value = value;
    kept->invariant = invariant;
    return kept;
}

int result_exit(const struct result *result, const struct study *study, const struct layout *layout)
{
    for (uint32_t i = 0; i < result->n_invariants; i++)
        if (result->invariant[i].verdict == VERDICT_BROKEN) return 4;
    for (uint32_t i = 0; i < study->n_thresholds; i++) {
        uint32_t figure = threshold_figure(layout, &study->threshold[i], NULL);
        if (figure != NONE && !threshold_holds(&study->threshold[i], result->value[figure])) return 99;
    }
    return 0;
}
