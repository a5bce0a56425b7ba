/* SPDX-License-Identifier: GPL-3.0-or-later
 * Each thread has a desk with the point it is at, and an arena for its run. Results wait in a ring of slots until it is
 * their turn: workers.h bounds how many can. A thread whose number is that of a rank has its runs made there. */
#include "sim/lab/batch.h"

#include <string.h>

#include "sim/lab/interrupt.h"
#include "sim/lab/parcel.h"
#include "sim/lab/precision.h"
#include "sim/lab/progress.h"
#include "sim/lab/run.h"
#include "sim/lab/workers.h"
#include "sim/results/layout.h"
#include "sim/results/threshold.h"

struct slot {
    struct arena arena;
    struct result *result;
    struct thin *thin;
    const char *unsettled; /* why there is no result */
};

/* The interval of the point whose results come in, for the progress line: of the threshold's figure that is known
 * worst. */
struct watch {
    struct arena arena;
    uint32_t point;
    bool begun;
    struct precision precision;
};

struct floor {
    const struct batch *batch;
    uint32_t n_hands;   /* threads that run, then one for each other rank */
    struct desk *desk;  /* by hand, and the caller's last */
    struct arena *own;  /* by hand */
    struct slot *slot;
    uint32_t n_slots, n_taken;
    struct progress progress;
    struct watch watch;
    atomic_bool stop;
};

/* There will be no run; so much is known, and it is no error of the others. */
static bool stays_unsettled(struct slot *slot, const struct sim_err *unsettled, struct sim_err *err)
{
    if (unsettled->code != SIM_EIMPRECISE)
        return unsettled->code != SIM_OK && sim_fail(err, unsettled->code, unsettled->where, "%s", unsettled->text);
    slot->unsettled = arena_strdup(&slot->arena, unsettled->text);
    return true;
}

static bool run_here(const struct point *point, const struct batch_job *job, struct desk *desk, struct arena *own,
                     struct slot *slot, const atomic_bool *stop, _Atomic sim_ns *now_ns, struct sim_err *err)
{
    struct findings findings;
    if (!desk_open(desk, &point[job->point], &findings, err) || !desk_plan(desk, err)) return false;
    struct sim_err unsettled = { 0 };
    arena_reset(&slot->arena);
    slot->result = NULL;
    slot->thin = NULL;
    slot->unsettled = NULL;
    if (!desk_settle(desk, &unsettled)) return stays_unsettled(slot, &unsettled, err);
    if (job->curves) {
        slot->thin = arena_new(&slot->arena, struct thin);
        thin_init(slot->thin, desk->study.scenario.n_groups, &slot->arena);
    }
    const struct replication replication = { .plan = desk->plan, .layout = desk->layout,
                                             .seed = desk->study.scenario.seed, .replication = job->replication,
                                             .thin = slot->thin, .stop = stop, .now_ns = now_ns };
    slot->result = replication_run(&replication, own, &slot->arena, err);
    if (now_ns) atomic_store_explicit(now_ns, 0, memory_order_relaxed);
    return slot->result != NULL;
}

static bool run_elsewhere(const struct floor *floor, uint32_t rank, const struct batch_job *job, struct slot *slot,
                          struct sim_err *err)
{
    size_t size;
    struct sim_err refused = { 0 };
    arena_reset(&slot->arena);
    slot->result = NULL;
    slot->thin = NULL;
    slot->unsettled = NULL;
    const void *answer =
        ranks_ask(floor->batch->ranks, rank, job, sizeof *job, &floor->stop, &size, &slot->arena, &refused);
    if (!answer) return stays_unsettled(slot, &refused, err);
    if (parcel_open(answer, size, &slot->result, &slot->thin, &slot->arena)) return true;
    return sim_fail(err, SIM_ERUNTIME, NULL, "rank %u sends no result; is it the same program?", rank);
}

static bool run_job(void *context, uint32_t index, uint32_t worker, struct sim_err *err)
{
    struct floor *floor = context;
    const struct batch *batch = floor->batch;
    struct slot *slot = &floor->slot[index % floor->n_slots];
    if (worker >= batch->n_threads)
        return run_elsewhere(floor, worker - batch->n_threads + 1, &batch->job[index], slot, err);
    return run_here(batch->point, &batch->job[index], &floor->desk[worker], &floor->own[worker], slot, &floor->stop,
                    &floor->progress.now_ns[worker], err);
}

static void watch_begin(struct watch *watch, uint32_t point, const struct desk *desk)
{
    struct sim_err err = { 0 };
    arena_reset(&watch->arena);
    watch->point = point;
    watch->begun = precision_init(&watch->precision, NULL, 0, 0, 0.95, &desk->study, desk->layout, &watch->arena, &err);
}

static void show_interval(struct floor *floor, const struct desk *desk, const struct batch_result *got)
{
    struct watch *watch = &floor->watch;
    char interval[sizeof floor->progress.interval];
    if (!floor->batch->terminal) return;
    if (!watch->begun || watch->point != got->job->point) watch_begin(watch, got->job->point, desk);
    if (!watch->begun) return;
    precision_take(&watch->precision, desk->layout, got->result);
    if (*precision_line(&watch->precision, interval, sizeof interval))
        snprintf(floor->progress.interval, sizeof floor->progress.interval, "%.60s: %.90s", desk->point->label,
                 interval);
}

static bool take_job(void *context, uint32_t index, struct sim_err *err)
{
    struct floor *floor = context;
    const struct batch *batch = floor->batch;
    const struct batch_job *job = &batch->job[index];
    struct desk *desk = &floor->desk[floor->n_hands];
    const struct slot *slot = &floor->slot[index % floor->n_slots];
    struct findings findings;
    bool ok = desk_open(desk, &batch->point[job->point], &findings, err);
    const struct batch_result got = { job, desk, slot->result, slot->unsettled, slot->thin };
    ok = ok && batch->take(batch->context, &got, err);
    if (ok && got.result) show_interval(floor, desk, &got);
    if (!ok) atomic_store(&floor->stop, true);
    floor->n_taken += ok;
    progress_note_done(&floor->progress, got.result ? ns_to_s(got.result->end_ns) : 0);
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
    for (uint32_t i = 0; i < floor->n_hands; i++) arena_fini(&floor->own[i]);
    for (uint32_t i = 0; i <= floor->n_hands; i++) desk_fini(&floor->desk[i]);
    for (uint32_t i = 0; i < floor->n_slots; i++) arena_fini(&floor->slot[i].arena);
    arena_fini(&floor->watch.arena);
}

bool batch_run(const struct batch *batch, uint32_t *n_taken, struct arena *arena, struct sim_err *err)
{
    const uint32_t n_hands = batch->n_threads + (batch->ranks ? ranks_n(batch->ranks) - 1 : 0);
    struct floor floor = { .batch = batch, .n_hands = n_hands, .n_slots = WORKERS_AHEAD * n_hands + 1 };
    floor.desk = arena_array(arena, struct desk, n_hands + 1);
    floor.own = arena_array(arena, struct arena, n_hands);
    floor.slot = arena_array(arena, struct slot, floor.n_slots);
    progress_init(&floor.progress, batch->terminal, batch->n_jobs, n_hands, 1, arena);
    const struct work work = { .n_jobs = batch->n_jobs, .n_threads = n_hands, .context = &floor,
                               .run = run_job, .take = take_job, .go_on = go_on };
    bool ok = workers_run(&work, err);
    progress_fini(&floor.progress);
    floor_fini(&floor);
    *n_taken = floor.n_taken;
    return ok;
}

void batch_serve(const struct point *point, uint32_t n_points, struct ranks *ranks, const struct sim_err *err)
{
    struct desk desk = { 0 };
    struct slot slot = { 0 };
    struct arena own = { 0 }, bytes = { 0 };
    struct batch_job job;
    struct interrupt interrupt;
    interrupt_hold(&interrupt);
    while (ranks_next(ranks, &job, sizeof job)) {
        struct sim_err failed = *err;
        size_t size;
        arena_reset(&bytes);
        if (failed.code == SIM_OK && job.point >= n_points)
            sim_fail(&failed, SIM_ERUNTIME, NULL, "there are fewer points here; are the files the same?");
        if (failed.code == SIM_OK && run_here(point, &job, &desk, &own, &slot, NULL, NULL, &failed)) {
            const void *parcel = slot.result ? parcel_make(slot.result, slot.thin, &size, &bytes) : NULL;
            if (slot.unsettled) sim_fail(&failed, SIM_EIMPRECISE, NULL, "%s", slot.unsettled);
            if (parcel) ranks_answer(ranks, parcel, size);
            else ranks_refuse(ranks, &failed);
        } else {
            ranks_refuse(ranks, &failed);
        }
    }
    interrupt_release(&interrupt);
    desk_fini(&desk);
    arena_fini(&slot.arena);
    arena_fini(&own);
    arena_fini(&bytes);
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
