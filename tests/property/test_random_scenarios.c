/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: whatever scenario somebody writes, as long as its programs are right ones, nothing breaks, and the run is the
 * same however it is run. Method: hundreds of whole scenarios drawn from a seed, each run in several ways:
 *  - every invariant holds, every order ends, every record is accounted for;
 *  - an event for each step gives the same facts as running ahead through private steps, also in a crowd, where what
 *    one thread gives back changes hands several times at one instant;
 *  - so does a second run, a run whose levels nobody looks at, two runs on two threads at once;
 *  - so does a run that is sampled at other instants, also where all times are whole milliseconds and much coincides;
 *  - more consumers change no order's content, luck or service time.
 * A failure prints the seed, leaves the scenario in a file and names the command that repeats it:
 *   test_random_scenarios FIRST_SEED [HOW_MANY] */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "models/invariant.h"
#include "models/plan.h"
#include "tests/support/drawn_trial.h"

/* What happened in all runs together: a draw in which nothing goes wrong tests nothing. */
#define COVERED(X) \
    X(orders) X(paid) X(failed) X(dropped) X(never_ended) X(duplicates) X(idle_consumers) X(locks_contended) \
    X(locks_timed_out) X(leases_expired) X(overlaps) X(conflicts) X(retries) X(rejected) X(deadlocks) X(row_timeouts) \
    X(connections_timed_out) X(connections_waited) X(more_consumers)

struct coverage {
#define X(what) uint64_t what;
    COVERED(X)
#undef X
};

struct range {
    struct drawn_seeds seeds;
    uint64_t coincidences;
    struct coverage coverage;
};

/* ---- (a) nothing breaks ---- */

#define X(id, eventual, meaning) eventual,
static const bool is_eventual[INVARIANT_COUNT] = { INVARIANTS(X) };
#undef X

static const char *check_group(struct drawn_trial *at, uint32_t g, const struct group_facts *group)
{
    const char *name = at->trial.study.scenario.group[g].name;
    if (group->backlog_area != group->sojourn_ns) return drawn_words(at, "%s: Little's law", name);
    if (group->skipped > 0) return drawn_words(at, "%s: records were skipped", name);
    if (group->peak_lag < group->peak_backlog)
        return drawn_words(at, "%s: peak of the lag below that of the backlog", name);
    if (at->drawn.misses) return NULL;
    if (group->drained_at_ns == SIM_NEVER) return drawn_words(at, "%s: not drained", name);
    if (group->sojourn_ns != group->wait.sum_ns + group->service.sum_ns)
        return drawn_words(at, "%s: sojourn times are not waits and services", name);
    if (group->busy_ns != group->service.sum_ns + group->failed_ns)
        return drawn_words(at, "%s: busy is not serving", name);
    if (group->wait.n != group->processed || group->service.n != group->processed)
        return drawn_words(at, "%s: waits and services are not one a record", name);
    return NULL;
}

static const char *check_sound(struct drawn_trial *at, const struct witness *witness)
{
    const struct run_facts *facts = witness->facts;
    const struct order_counts *orders = &facts->orders;
    uint64_t open = orders->by_status[ORDER_PENDING] + orders->by_status[ORDER_PAYING];
    if (trial_path_fault(facts)) return trial_path_fault(facts);
    if (facts->cut) return "the run did not become quiet";
    for (uint32_t i = 0; i < facts->n_invariants; i++) {
        const struct invariant_facts *fact = &facts->invariant[i];
        if (fact->verdict == VERDICT_HOLDS || (at->drawn.misses && is_eventual[i])) continue;
        return drawn_words(at, "%s, %s: order %llu at %.6f s: %s", fact->name, fact->meaning,
                           (unsigned long long)fact->first_order_id, ns_to_s(fact->first_at_ns), fact->first_what);
    }
    if ((open > 0) != (facts->invariant[INVARIANT_O2].verdict == VERDICT_BROKEN))
        return drawn_words(at, "%llu orders never end, and O2 does not say so", (unsigned long long)open);
    if (at->drawn.waiting + orders->scheduled != orders->dropped + orders->created)
        return drawn_words(at, "%llu waiting, %llu scheduled, %llu dropped, %llu created",
                           (unsigned long long)at->drawn.waiting, (unsigned long long)orders->scheduled,
                           (unsigned long long)orders->dropped, (unsigned long long)orders->created);
    if (witness->n_orders != orders->created) return "not every order was told";
    if (witness->n_orders - witness->n_ended != open) return "open orders told and counted differ";
    if (facts->completion.n != orders->by_status[ORDER_PAID]) return "completion times are not those of paid orders";
    for (uint32_t g = 0; g < facts->n_groups; g++) {
        const char *wrong = check_group(at, g, &facts->group[g]);
        if (wrong) return wrong;
    }
    return NULL;
}

/* ---- (b) an event for each step, and running ahead ---- */

/* Each stage and each step longer by another hundred-thousandth or some: a few nanoseconds, and two steps that are of
 * one length by chance are not any more. */
static void stretch(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->scenario->n_stages; i++)
        ((struct plan_stage *)plan->stage)[i].time.scale_ns *= 1 + 1e-5 * (1 + i);
    for (uint32_t i = 0; i < plan->n_ops; i++)
        if (plan->op[i].has_time) ((struct dist *)plan->op[i].time)->scale_ns *= 1 + 1e-5 * (1 + i);
}

static const char *modes_differ(struct drawn_trial *at, const struct scenario *scenario, bool stretched)
{
    struct witness ahead, stepped;
    struct sim_err err = { 0 };
    const struct plan *drawn = at->trial.plan;
    arena_reset(&at->own[3]);
    at->trial.plan = plan_make(scenario, &at->own[3], &err);
    if (!at->trial.plan) return drawn_words(at, "no plan: %s", err.text);
    if (stretched) stretch(at->trial.plan);
    const char *wrong = drawn_run(at, 1, &ahead, (struct witness_options){ 0 });
    if (!wrong) wrong = drawn_run(at, 2, &stepped, (struct witness_options){ .step_by_step = true });
    if (!wrong) wrong = witness_difference(&ahead, &stepped, &at->words);
    at->trial.plan = drawn;
    return wrong;
}

/* Instants of two threads can fall on the same nanosecond by chance, and who comes first is then undecided. Other
 * times, ever so slightly, part them; what differs still is a fault. */
static const char *check_steps(struct drawn_trial *at, const struct scenario *scenario)
{
    const char *wrong = modes_differ(at, scenario, false);
    if (!wrong) return NULL;
    at->coincidence = wrong;
    wrong = modes_differ(at, scenario, true);
    return wrong ? drawn_words(at, "step by step: %s; with other times: %s", at->coincidence, wrong) : NULL;
}

/* Ended in the middle, with everything in flight: what lies beyond the end must not have happened yet. */
static const char *check_cut(struct drawn_trial *at, const struct witness *plain)
{
    struct scenario cut = at->trial.study.scenario;
    cut.ends = END_AT;
    cut.end_ns = plain->facts->end_ns / 1000 * (sim_ns)(at->seed % 997 + 1) + 1;
    const char *wrong = check_steps(at, &cut);
    return wrong ? drawn_words(at, "cut at %.9f s, %s", ns_to_s(cut.end_ns), wrong) : NULL;
}

/* ---- (d) who looks changes nothing ---- */

static void make_coarse(const struct dist *dist)
{
    struct dist *coarse = (struct dist *)dist;
    const sim_ns whole_ns = (sim_ns)(dist->mean_s * 1e3 + 0.5) * SIM_MS;
    coarse->draw = DRAW_CONSTANT;
    coarse->constant_ns = dist->mean_s > 0 && whole_ns == 0 ? SIM_MS : whole_ns;
}

/* All times of records are whole milliseconds, one for each kind. */
static void coarsen(const struct plan *plan)
{
    const struct scenario *scenario = plan->scenario;
    for (uint32_t i = 0; i < scenario->n_stages; i++)
        if (plan->stage[i].has_time) make_coarse(&plan->stage[i].time);
    for (uint32_t i = 0; i < plan->n_ops; i++) {
        if (plan->op[i].has_time) make_coarse(plan->op[i].time);
        if (plan->op[i].backoff) make_coarse(plan->op[i].backoff);
    }
    for (uint32_t i = 0; i < scenario->n_topics; i++) make_coarse((struct dist *)&plan->topic[i].append);
    for (uint32_t i = 0; i < scenario->n_groups; i++) {
        make_coarse(&plan->group[i].fetch);
        make_coarse(&plan->group[i].commit);
        make_coarse(&plan->group[i].poll);
    }
}

static const char *coarse_run(struct drawn_trial *at, int memory, const struct scenario *scenario,
                              struct witness *witness)
{
    struct sim_err err = { 0 };
    const struct plan *drawn = at->trial.plan;
    at->trial.plan = plan_make(scenario, &at->own[3], &err);
    if (!at->trial.plan) return drawn_words(at, "no plan: %s", err.text);
    coarsen(at->trial.plan);
    const char *wrong = drawn_run(at, memory, witness, (struct witness_options){ .without_samples = true });
    at->trial.plan = drawn;
    return wrong;
}

static const char *check_looks(struct drawn_trial *at)
{
    struct scenario often = at->trial.study.scenario;
    struct witness seldom_looked_at, often_looked_at;
    often.sample_every_ns = often.sample_every_ns / 7 + 1;
    arena_reset(&at->own[3]);
    if (coarse_run(at, 1, &at->trial.study.scenario, &seldom_looked_at)) return NULL; /* with such times it never ends */
    const char *wrong = coarse_run(at, 2, &often, &often_looked_at);
    if (!wrong) wrong = witness_difference(&seldom_looked_at, &often_looked_at, &at->words);
    return wrong ? drawn_words(at, "sampled more often: %s", wrong) : NULL;
}

/* ---- (e) more consumers change no order ---- */

enum { MOST_ORDERS = 4096 };

/* What is an order's own, by place of its id. Stages are given by the names of those that do nothing but work. */
struct fates {
    uint64_t first_id;
    uint32_t work_stage[2];
    struct { bool known; uint8_t status; sim_ns created_ns, service_ns[2]; } of[MOST_ORDERS];
};

static void note_fate(void *context, const struct order_fact *order)
{
    struct fates *fates = context;
    uint64_t i = order->order_id - fates->first_id;
    if (i >= MOST_ORDERS) return;
    fates->of[i].known = true;
    fates->of[i].status = (uint8_t)order->status;
    fates->of[i].created_ns = order->created_ns;
    for (int s = 0; s < 2; s++) fates->of[i].service_ns[s] = order->service_ns[fates->work_stage[s]];
}

static uint32_t stage_named(const struct scenario *scenario, const char *name)
{
    for (uint32_t i = 0; i < scenario->n_stages; i++)
        if (strcmp(scenario->stage[i].name, name) == 0) return i;
    return NONE;
}

static const char *run_fates(struct drawn_trial *at, const struct plan *plan, int memory, struct fates *fates)
{
    const struct witness_options options = { .also = note_fate, .context = fates };
    struct witness witness;
    struct sim_err err = { 0 };
    memset(fates, 0, sizeof *fates);
    fates->first_id = plan->scenario->orders.first_id;
    fates->work_stage[0] = stage_named(plan->scenario, "post-process");
    fates->work_stage[1] = stage_named(plan->scenario, "send");
    arena_reset(&at->own[memory]);
    if (!witness_run(&witness, plan, plan->scenario->seed, 0, &options, &at->own[memory], &err)) return "no facts";
    return NULL;
}

static const char *compare_fates(struct drawn_trial *at, const struct fates *a, const struct fates *b)
{
    for (uint32_t i = 0; i < MOST_ORDERS; i++) {
        unsigned long long id = a->first_id + i;
        if (a->of[i].known != b->of[i].known) return drawn_words(at, "order %llu exists in one variant only", id);
        if (a->of[i].created_ns != b->of[i].created_ns) return drawn_words(at, "order %llu comes at another time", id);
        if (a->of[i].status != b->of[i].status) return drawn_words(at, "order %llu ends otherwise", id);
        for (int s = 0; s < 2; s++)
            if (a->of[i].service_ns[s] != b->of[i].service_ns[s])
                return drawn_words(at, "order %llu takes %lld and %lld ns in stage %d", id,
                                   (long long)a->of[i].service_ns[s], (long long)b->of[i].service_ns[s], s);
    }
    return NULL;
}

/* The same scenario with one consumer more in each group. */
static const char *check_more_consumers(struct drawn_trial *at)
{
    struct scenario more = at->trial.study.scenario;
    struct group_spec group[MAX_GROUPS];
    struct sim_err err = { 0 };
    memcpy(group, more.group, more.n_groups * sizeof *group);
    for (uint32_t g = 0; g < more.n_groups; g++) group[g].consumers++;
    more.group = group;
    const struct plan *plan = plan_make(&more, &at->own[3], &err);
    if (!plan) return "no plan with more consumers";
    struct fates *fates = arena_array(&at->own[3], struct fates, 2);
    const char *wrong = run_fates(at, at->trial.plan, 1, &fates[0]);
    if (!wrong) wrong = run_fates(at, plan, 2, &fates[1]);
    if (!wrong) wrong = compare_fates(at, &fates[0], &fates[1]);
    arena_reset(&at->own[3]);
    return wrong ? drawn_words(at, "one consumer more in each group: %s", wrong) : NULL;
}

/* ---- what was covered ---- */

static void cover(struct coverage *coverage, const struct run_facts *facts)
{
    coverage->orders += facts->orders.created;
    coverage->paid += facts->orders.by_status[ORDER_PAID];
    coverage->failed += facts->orders.by_status[ORDER_FAILED];
    coverage->dropped += facts->orders.dropped;
    coverage->never_ended += facts->orders.by_status[ORDER_PENDING] + facts->orders.by_status[ORDER_PAYING];
    for (uint32_t i = 0; i < facts->n_groups; i++) {
        coverage->duplicates += facts->group[i].duplicates;
        coverage->idle_consumers += facts->group[i].idle_consumers;
    }
    for (uint32_t i = 0; i < facts->n_locks; i++) {
        coverage->locks_contended += facts->lock[i].contended;
        coverage->locks_timed_out += facts->lock[i].timed_out;
        coverage->leases_expired += facts->lock[i].expired_while_held;
        coverage->overlaps += facts->lock[i].overlaps;
    }
    for (uint32_t i = 0; i < facts->n_tables; i++) {
        coverage->conflicts += facts->table[i].conflicts;
        coverage->retries += facts->table[i].retries;
        coverage->rejected += facts->table[i].rejected;
        coverage->deadlocks += facts->table[i].deadlocks;
        coverage->row_timeouts += facts->table[i].lock_timeouts;
    }
    for (uint32_t i = 0; i < facts->n_processes; i++) {
        coverage->connections_timed_out += facts->process[i].connections_timed_out;
        coverage->connections_waited += facts->process[i].connection_wait.sum_ns > 0;
    }
}

static void expect_covered(const struct coverage *coverage)
{
#define X(what) if (coverage->what == 0) fail_msg("no drawn scenario has any of: %s", #what);
    COVERED(X)
#undef X
}

/* ---- all of it ---- */

static const char *check_scenario(struct drawn_trial *at, struct coverage *coverage)
{
    struct witness plain;
    const char *wrong = drawn_run(at, 0, &plain, (struct witness_options){ 0 });
    if (!wrong) cover(coverage, plain.facts);
    coverage->more_consumers += at->drawn.independent;
    if (!wrong) wrong = check_sound(at, &plain);
    if (!wrong) wrong = check_steps(at, &at->trial.study.scenario);
    if (!wrong) wrong = drawn_run_differs(at, &plain, "once more", (struct witness_options){ 0 });
    if (!wrong)
        wrong = drawn_run_differs(at, &plain, "unobserved", (struct witness_options){ .without_samples = true });
    if (!wrong) wrong = check_looks(at);
    if (!wrong) wrong = check_cut(at, &plain);
    if (!wrong) wrong = drawn_threads_differ(at, &plain);
    if (!wrong && at->drawn.independent) wrong = check_more_consumers(at);
    return wrong;
}

static const char *check(void *context, struct drawn_trial *at)
{
    struct range *range = context;
    const char *wrong = check_scenario(at, &range->coverage);
    range->coincidences += !wrong && at->coincidence;
    return wrong;
}

static void test_drawn_scenarios(void **state)
{
    struct range *range = *state;
    assert_int_equal(drawn_seeds_check(&range->seeds, scenario_draw, check, range), 0);
    assert_true(range->coincidences <= 1 + range->seeds.n / 200);
    if (range->seeds.first == 1 && range->seeds.n >= 400) expect_covered(&range->coverage);
}

static void test_crowded_scenarios(void **state)
{
    struct range *range = *state;
    assert_int_equal(drawn_seeds_check(&range->seeds, scenario_draw_crowded, check, range), 0);
    assert_true(range->coincidences <= 1 + range->seeds.n / 200);
}

int main(int argc, char **argv)
{
    struct range range = { .seeds = drawn_seeds_of(argc, argv, 400) };
    struct range crowded = { .seeds = drawn_seeds_of(argc, argv, 100) };
    const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(test_drawn_scenarios, &range),
                                        cmocka_unit_test_prestate(test_crowded_scenarios, &crowded) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
