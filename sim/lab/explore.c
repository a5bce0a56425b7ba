/* SPDX-License-Identifier: GPL-3.0-or-later
 * A job is a block. Each thread has a stand where the block's scenario lies and its runs are made; what a block found
 * waits in a slot until it is its turn (workers.h), so the lowest seed counts, whoever is done first. */
#include "sim/lab/explore.h"

#include <stdatomic.h>
#include <string.h>

#include "sim/lab/hazard.h"
#include "sim/lab/interrupt.h"
#include "sim/lab/run.h"
#include "sim/lab/workers.h"

struct slot {
    uint32_t runs, broken, open;
    struct coverage coverage;
    struct {
        bool found;
        uint64_t run;
    } first[INVARIANT_COUNT];
};

struct hunt {
    const struct explore *explore;
    struct explored *out;
    struct stand *stand; /* by thread */
    struct slot *slot;
    uint32_t n_slots, n_blocks;
    atomic_bool stop;
    double start_s, shown_s;
};

static uint64_t block_seed(const struct explore *explore, uint64_t block)
{
    return explore->first_seed + block * EXPLORE_BLOCK;
}

/* The values of the block; no faults yet. */
static struct specimen block_specimen(const struct explore *explore, uint64_t block, struct arena *arena)
{
    struct specimen specimen = { .source = explore->source, .n_edits = explore->n_edits, .edit = explore->edit };
    specimen.value = arena_array(arena, struct study_edit, explore->study->explore.n_values);
    specimen.n_values = hazard_values(&explore->study->explore, block_seed(explore, block), specimen.value, arena);
    return specimen;
}

static void add_hazard(const struct explore *explore, const struct stand *stand, struct specimen *specimen,
                       uint64_t run, struct arena *arena)
{
    specimen->seed = explore->first_seed + run;
    struct hazard hazard = hazard_draw(explore->study, &stand->study.scenario, specimen->seed, arena);
    specimen->ties = hazard.ties;
    specimen->n_faults = hazard.n_faults;
    specimen->fault = hazard.fault;
    specimen->kind = hazard.kind;
}

/* What does not go with the block's values is left out: an instance that is not there, a time after the end. */
static void leave_out_refused(struct stand *stand, struct specimen *specimen)
{
    const uint32_t n = specimen->n_faults;
    if (stand_accepts(stand, specimen->fault, n)) return;
    specimen->n_faults = 0;
    for (uint32_t i = 0; i < n; i++) {
        specimen->fault[specimen->n_faults] = specimen->fault[i];
        specimen->kind[specimen->n_faults] = specimen->kind[i];
        specimen->n_faults += stand_accepts(stand, specimen->fault, specimen->n_faults + 1);
    }
}

/* Values that do not go together are not used: the block runs with the scenario's own. */
static bool open_block(struct stand *stand, struct specimen *specimen, struct sim_err *err)
{
    struct findings findings;
    struct sim_err refused = { 0 };
    if (stand_open(stand, specimen, &findings, &refused)) return true;
    specimen->n_values = 0;
    return stand_open(stand, specimen, &findings, err);
}

struct specimen explore_specimen(const struct explore *explore, uint64_t run, struct arena *arena)
{
    struct specimen specimen = block_specimen(explore, run / EXPLORE_BLOCK, arena);
    struct stand stand = { 0 };
    struct sim_err err = { 0 };
    open_block(&stand, &specimen, &err);
    add_hazard(explore, &stand, &specimen, run, arena);
    leave_out_refused(&stand, &specimen);
    stand_fini(&stand);
    return specimen;
}

/* ---- one block, on a worker ---- */

static void note_run(const struct hunt *hunt, struct slot *slot, uint64_t run, const struct specimen *specimen,
                     const struct run_facts *facts)
{
    coverage_note(&slot->coverage, hunt->explore->study, specimen, facts);
    const struct invariant_facts *broken = first_broken(facts);
    slot->runs++;
    if (!broken) {
        slot->open += facts->cut;
        return;
    }
    slot->broken++;
    const size_t which = (size_t)(broken - facts->invariant);
    if (slot->first[which].found) return;
    slot->first[which].found = true;
    slot->first[which].run = run;
}

static bool run_one(struct hunt *hunt, struct stand *stand, struct specimen *specimen, uint64_t run, struct slot *slot,
                    struct sim_err *err)
{
    struct sim_err limit = { 0 };
    arena_reset(&stand->own);
    add_hazard(hunt->explore, stand, specimen, run, &stand->own);
    const struct run_facts *facts = stand_run_faults(stand, specimen, &limit);
    if (!facts && limit.code == SIM_ESCENARIO) {
        limit = (struct sim_err){ 0 };
        leave_out_refused(stand, specimen);
        facts = stand_run_faults(stand, specimen, &limit);
    }
    if (facts) {
        note_run(hunt, slot, run, specimen, facts);
        return true;
    }
    if (limit.code != SIM_ERUNTIME || strncmp(limit.text, "more than", 9) != 0)
        return sim_fail(err, limit.code, limit.where, "%s", limit.text);
    slot->runs++;
    slot->open++;
    coverage_note_endless(&slot->coverage);
    return true;
}

static bool run_block(void *context, uint32_t block, uint32_t worker, struct sim_err *err)
{
    struct hunt *hunt = context;
    struct stand *stand = &hunt->stand[worker];
    struct slot *slot = &hunt->slot[block % hunt->n_slots];
    arena_reset(&stand->kept);
    struct specimen specimen = block_specimen(hunt->explore, block, &stand->kept);
    uint64_t *runs = slot->coverage.runs;
    memset(runs, 0, slot->coverage.n * sizeof *runs);
    *slot = (struct slot){ .coverage = slot->coverage };
    if (!open_block(stand, &specimen, err)) return false;
    for (uint64_t i = 0; i < EXPLORE_BLOCK; i++) {
        const uint64_t run = (uint64_t)block * EXPLORE_BLOCK + i;
        if (atomic_load_explicit(&hunt->stop, memory_order_relaxed)) return slot->runs > 0; /* what was made counts */
        if (run >= hunt->explore->runs) break;
        if (!run_one(hunt, stand, &specimen, run, slot, err)) return false;
    }
    return true;
}

/* ---- all blocks, on the caller's thread ---- */

static bool take_block(void *context, uint32_t block, struct sim_err *err)
{
    struct hunt *hunt = context;
    const struct slot *slot = &hunt->slot[block % hunt->n_slots];
    (void)err;
    hunt->out->runs += slot->runs;
    hunt->out->span = (uint64_t)block * EXPLORE_BLOCK + slot->runs;
    hunt->out->broken += slot->broken;
    hunt->out->open += slot->open;
    coverage_add(&hunt->out->coverage, &slot->coverage);
    for (uint32_t i = 0; i < INVARIANT_COUNT; i++) {
        struct broken_run *first = &hunt->out->first[i];
        if (!slot->first[i].found || first->found) continue;
        *first = (struct broken_run){ .found = true, .run = slot->first[i].run, .invariant = (enum invariant_id)i };
    }
    return true;
}

static void show(struct hunt *hunt)
{
    const double now_s = wall_now_s(), ran_s = now_s - hunt->start_s;
    if (!hunt->explore->terminal || ran_s < 1 || now_s - hunt->shown_s < 0.25) return;
    hunt->shown_s = now_s;
    fprintf(hunt->explore->terminal, "\r%llu runs, %.0f a second, %llu with a broken invariant\033[K",
            (unsigned long long)hunt->out->runs, (double)hunt->out->runs / ran_s,
            (unsigned long long)hunt->out->broken);
    fflush(hunt->explore->terminal);
}

static bool is_time_over(const struct hunt *hunt)
{
    return hunt->explore->time_s > 0 && wall_now_s() - hunt->start_s >= hunt->explore->time_s;
}

static bool go_on(void *context)
{
    struct hunt *hunt = context;
    if (interrupt_asked()) hunt->out->interrupted = true;
    if (hunt->out->interrupted || is_time_over(hunt)) atomic_store(&hunt->stop, true);
    show(hunt);
    return !atomic_load(&hunt->stop);
}

/* Time that is over ends no taking: blocks that were begun have made runs, too. */
static bool enough(void *context)
{
    struct hunt *hunt = context;
    const bool over = hunt->explore->only_first && hunt->out->broken > 0;
    if (over || is_time_over(hunt)) atomic_store(&hunt->stop, true);
    return over;
}

static void hunt_open(struct hunt *hunt, struct arena *arena)
{
    const struct explore *explore = hunt->explore;
    const uint64_t n_blocks = (explore->runs + EXPLORE_BLOCK - 1) / EXPLORE_BLOCK;
    hunt->n_blocks = n_blocks > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)n_blocks;
    hunt->n_slots = WORKERS_AHEAD * explore->n_threads + 1;
    hunt->stand = arena_array(arena, struct stand, explore->n_threads);
    hunt->slot = arena_array(arena, struct slot, hunt->n_slots);
    for (uint32_t i = 0; i < hunt->n_slots; i++) hunt->slot[i].coverage = coverage_open(explore->study, arena);
    hunt->out->coverage = coverage_open(explore->study, arena);
    hunt->start_s = hunt->shown_s = wall_now_s();
}

bool explore_run(const struct explore *explore, struct explored *out, struct arena *arena, struct sim_err *err)
{
    struct hunt hunt = { .explore = explore, .out = out };
    *out = (struct explored){ 0 };
    hunt_open(&hunt, arena);
    const struct work work = { .n_jobs = hunt.n_blocks,
                               .n_threads = explore->n_threads,
                               .context = &hunt,
                               .run = run_block,
                               .take = take_block,
                               .go_on = go_on,
                               .enough = enough };
    const bool ok = workers_run(&work, err);
    for (uint32_t i = 0; i < explore->n_threads; i++) stand_fini(&hunt.stand[i]);
    if (explore->terminal) fputs("\r\033[K", explore->terminal);
    for (uint32_t i = 0; i < INVARIANT_COUNT; i++)
        if (out->first[i].found) out->first[i].specimen = explore_specimen(explore, out->first[i].run, arena);
    return ok;
}
