/* SPDX-License-Identifier: GPL-3.0-or-later
 * The names are those of the scenario's parts, in their order; one walk writes the names, and the same walk over a
 * run's facts says which were reached. */
#include "sim/lab/coverage.h"

#include "sim/lab/hazard.h"
#include "sim/results/story_report.h"
#include "sim/scenario/finding.h"

/* With facts NULL the walk names, else it counts. */
struct walk {
    struct coverage *coverage;
    const char **name;
    const struct run_facts *facts;
    const struct specimen *specimen;
    struct arena *arena;
    uint32_t at;
};

static void reach(struct walk *walk, uint64_t how_often) { walk->coverage->runs[walk->at++] += how_often > 0; }

#define PLACE(walk, how_often, ...)                                                                                    \
    do {                                                                                                               \
        if ((walk)->facts) reach((walk), (uint64_t)(how_often));                                                       \
        else (walk)->name[(walk)->at++] = arena_printf((walk)->arena, __VA_ARGS__);                                    \
    } while (0)

/* ---- faults ---- */

/* All drawn ones of a kind, whatever they are called. */
static uint64_t happened(const struct walk *walk, uint32_t kind)
{
    const struct specimen *specimen = walk->specimen;
    const struct fault_facts *drawn = walk->facts->fault + (walk->facts->n_faults - specimen->n_faults);
    uint64_t n = 0;
    for (uint32_t i = 0; i < specimen->n_faults; i++)
        if (specimen->kind[i] == kind) n += drawn[i].happened;
    return n;
}

static void faults_walk(struct walk *walk, const struct study *study)
{
    const char *name[EXPLORE_FAULTS_MAX];
    if (!walk->facts) hazard_names(study, name, walk->arena);
    for (uint32_t i = 0; i < study->scenario.n_faults; i++)
        PLACE(walk, walk->facts->fault[i].happened, "fault.%s", study->scenario.fault[i].name);
    for (uint32_t i = 0; i < study->explore.n_faults; i++) PLACE(walk, happened(walk, i), "fault.%s", name[i]);
    PLACE(walk, walk->specimen->ties, "ties");
}

/* ---- servers ---- */

static void locks_walk(struct walk *walk, const struct scenario *s)
{
    static const char *const causes[] = { "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9" };
    for (uint32_t i = 0; i < s->n_locks; i++) {
        const struct lock_facts *fact = walk->facts ? &walk->facts->lock[i] : NULL;
        PLACE(walk, fact->contended, "lock.%s.contended", s->lock[i].name);
        PLACE(walk, fact->timed_out, "lock.%s.timed_out", s->lock[i].name);
        PLACE(walk, fact->expired_while_held, "lock.%s.expired_while_held", s->lock[i].name);
        PLACE(walk, fact->overlaps, "lock.%s.overlaps", s->lock[i].name);
        PLACE(walk, fact->not_owner, "lock.%s.not_owner", s->lock[i].name);
    }
    for (uint32_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        PLACE(walk, walk->facts->by_cause[0][LOSS_LEASE + i] + walk->facts->by_cause[1][LOSS_LEASE + i], "cause.%s",
              causes[i]);
}

static void tables_walk(struct walk *walk, const struct scenario *s)
{
    for (uint32_t i = 0; i < s->n_tables; i++) {
        const struct table_facts *fact = walk->facts ? &walk->facts->table[i] : NULL;
        if (s->table[i].key == ROW_ORDER_ID) continue;
        PLACE(walk, fact->rejected, "table.%s.rejected", s->table[i].name);
        PLACE(walk, fact->conflicts, "table.%s.conflicts", s->table[i].name);
        PLACE(walk, fact->lost_updates, "table.%s.lost_updates", s->table[i].name);
        PLACE(walk, fact->deadlocks, "table.%s.deadlocks", s->table[i].name);
        PLACE(walk, fact->lock_timeouts, "table.%s.lock_timeouts", s->table[i].name);
    }
}

static void groups_walk(struct walk *walk, const struct scenario *s)
{
    for (uint32_t i = 0; i < s->n_groups; i++) {
        const struct group_facts *fact = walk->facts ? &walk->facts->group[i] : NULL;
        PLACE(walk, fact->duplicates, "group.%s.duplicates", s->group[i].name);
        PLACE(walk, fact->skipped, "group.%s.skipped", s->group[i].name);
        PLACE(walk, fact->rebalances, "group.%s.rebalances", s->group[i].name);
    }
}

/* ---- orders ---- */

static void orders_walk(struct walk *walk)
{
    const struct order_counts *counts = walk->facts ? &walk->facts->orders : NULL;
    PLACE(walk, counts->by_status[ORDER_PAID], "status.PAID");
    PLACE(walk, counts->by_status[ORDER_FAILED], "status.FAILED");
    PLACE(walk, counts->by_status[ORDER_CANCELLED], "status.CANCELLED");
    for (uint32_t i = 0; i < MISHAP_KINDS; i++) PLACE(walk, walk->facts->mishaps[i], "saga.%s", mishap_names[i]);
    PLACE(walk, counts->requests_failed, "requests_failed");
    PLACE(walk, counts->records_duplicated, "records_duplicated");
    PLACE(walk, counts->records_lost, "records_lost");
}

static void walk_all(struct walk *walk, const struct study *study)
{
    faults_walk(walk, study);
    locks_walk(walk, &study->scenario);
    tables_walk(walk, &study->scenario);
    groups_walk(walk, &study->scenario);
    orders_walk(walk);
    PLACE(walk, walk->facts->cut, "run.cut");
    PLACE(walk, 0, "run.endless");
}

struct coverage coverage_open(const struct study *study, struct arena *arena)
{
    enum { FIXED = 48 };
    const struct scenario *s = &study->scenario;
    const uint32_t most =
        FIXED + s->n_faults + study->explore.n_faults + 5 * (s->n_locks + s->n_tables) + 3 * s->n_groups;
    struct coverage coverage = { .runs = arena_array(arena, uint64_t, most) };
    struct walk walk = { .coverage = &coverage, .name = arena_array(arena, const char *, most), .arena = arena };
    walk_all(&walk, study);
    SIM_ASSERT(walk.at <= most);
    coverage.n = walk.at;
    coverage.name = walk.name;
    return coverage;
}

void coverage_note(struct coverage *coverage, const struct study *study, const struct specimen *specimen,
                   const struct run_facts *facts)
{
    struct walk walk = { .coverage = coverage, .facts = facts, .specimen = specimen };
    walk_all(&walk, study);
}

void coverage_note_endless(struct coverage *coverage) { coverage->runs[coverage->n - 1]++; }

void coverage_add(struct coverage *coverage, const struct coverage *more)
{
    for (uint32_t i = 0; i < coverage->n; i++) coverage->runs[i] += more->runs[i];
}
