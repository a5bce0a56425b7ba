/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: whatever happens to a pipeline whose programs are right ones for it, nothing breaks. Method: scenarios drawn from
 * a seed, with any groups, commit modes, locks and rows, and up to eight faults of every kind; each run in several ways:
 *  - every invariant holds, no order is lost, and after the faults have ended every order ends;
 *  - so it is when events of one instant happen in a drawn order;
 *  - a second run, one whose levels nobody looks at, and two on two threads at once give the same facts;
 *  - faults that never happen change nothing.
 *   test_drawn_faults FIRST_SEED [HOW_MANY] */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "models/orders/cause.h"
#include "models/plan.h"
#include "tests/support/drawn_trial.h"

/* What happened in all runs together: a draw in which nothing goes wrong tests nothing. */
#define COVERED(X) \
    X(paid) X(failed) X(requests_failed) X(duplicates) X(rebalances) X(evictions) X(sessions_expired) \
    X(records_duplicated) \
    X(leases_expired) X(not_owner) X(orphans) X(no_answers) X(lost_messages) X(overlaps) X(late_answers) X(sent_twice) \
    X(killed) X(pauses) X(crashes) X(restarts) X(scales) X(outages) X(failovers) X(slows) X(duplications) X(drops) \
    X(at_steps)

struct coverage {
#define X(what) uint64_t what;
    COVERED(X)
#undef X
};

static void cover_faults(struct coverage *coverage, const struct scenario *scenario, const struct run_facts *facts)
{
    uint64_t *const by_kind[FAULT_KINDS] = { &coverage->pauses, &coverage->crashes, &coverage->restarts,
                                             &coverage->scales, &coverage->outages, &coverage->failovers,
                                             &coverage->slows, &coverage->duplications, &coverage->drops };
    for (uint32_t i = 0; i < facts->n_faults; i++) {
        *by_kind[scenario->fault[i].kind] += facts->fault[i].happened;
        coverage->killed += facts->fault[i].killed;
        if (scenario->fault[i].when == WHEN_STEP) coverage->at_steps += facts->fault[i].happened;
    }
}

static void cover(struct coverage *coverage, const struct scenario *scenario, const struct run_facts *facts)
{
    coverage->paid += facts->orders.by_status[ORDER_PAID];
    coverage->failed += facts->orders.by_status[ORDER_FAILED];
    coverage->requests_failed += facts->orders.requests_failed;
    coverage->records_duplicated += facts->orders.records_duplicated;
    for (uint32_t i = 0; i < facts->n_groups; i++) {
        coverage->duplicates += facts->group[i].duplicates;
        coverage->rebalances += facts->group[i].rebalances;
        coverage->evictions += facts->group[i].evictions;
        coverage->sessions_expired += facts->group[i].sessions_expired;
    }
    for (uint32_t i = 0; i < facts->n_locks; i++) {
        coverage->leases_expired += facts->lock[i].expired_while_held;
        coverage->not_owner += facts->lock[i].not_owner;
        coverage->orphans += facts->lock[i].orphans;
        coverage->no_answers += facts->lock[i].no_answers;
        coverage->lost_messages += facts->lock[i].lost_messages;
        coverage->overlaps += facts->lock[i].overlaps;
    }
    coverage->late_answers += facts->mishaps[MISHAP_LATE_ANSWER];
    coverage->sent_twice += facts->mishaps[MISHAP_SENT_TWICE];
    cover_faults(coverage, scenario, facts);
}

static void expect_covered(const struct coverage *coverage)
{
#define X(what) if (coverage->what == 0) fail_msg("no drawn scenario has any of: %s", #what);
    COVERED(X)
#undef X
}

/* ---- nothing breaks, nothing is lost, all comes to an end ---- */

/* A consumer sends and goes on: the commit of its offset may be at the broker before the record is, and a broker that
 * is away just then leaves that to a JVM that dies. What was sent for a record that is not committed comes again. */
static bool may_lose(const struct run_facts *facts) { return facts->mishaps[MISHAP_UNSENT] > 0; }

static const char *check_orders(struct drawn_trial *at, const struct run_facts *facts)
{
    const struct order_counts *orders = &facts->orders;
    const uint64_t started = at->drawn.waiting + orders->scheduled - orders->dropped;
    const uint64_t open = orders->by_status[ORDER_PENDING] + orders->by_status[ORDER_PAYING];
    if (open > facts->mishaps[MISHAP_UNSENT]) return drawn_words(at, "%llu orders never end", (unsigned long long)open);
    if (orders->created > started || orders->created + orders->requests_failed < started)
        return drawn_words(at, "%llu started, %llu created, %llu requests failed", (unsigned long long)started,
                           (unsigned long long)orders->created, (unsigned long long)orders->requests_failed);
    return NULL;
}

/* Each overlap is put down to a cause. */
static const char *check_causes(struct drawn_trial *at, const struct run_facts *facts)
{
    uint64_t overlaps = 0, told = 0;
    if (!causes_are_noted(at->trial.plan)) return NULL;
    for (uint32_t i = 0; i < facts->n_locks; i++) overlaps += facts->lock[i].overlaps;
    for (uint32_t i = 0; i < LOSS_CAUSES; i++) told += facts->by_cause[ACCIDENT_OVERLAP][i];
    if (overlaps == told) return NULL;
    return drawn_words(at, "%llu overlaps, %llu with a cause", (unsigned long long)overlaps, (unsigned long long)told);
}

static const char *check_sound(struct drawn_trial *at, const struct run_facts *facts)
{
    const char *untold = check_causes(at, facts);
    if (untold) return untold;
    if (trial_path_fault(facts)) return trial_path_fault(facts);
    if (facts->cut) return "the run did not become quiet";
    for (uint32_t i = 0; i < facts->n_invariants; i++) {
        const struct invariant_facts *fact = &facts->invariant[i];
        if (fact->verdict == VERDICT_HOLDS || (fact->eventual && may_lose(facts))) continue;
        return drawn_words(at, "%s, %s: order %llu at %.6f s: %s", fact->name, fact->meaning,
                           (unsigned long long)fact->first_order_id, ns_to_s(fact->first_at_ns), fact->first_what);
    }
    for (uint32_t g = 0; g < facts->n_groups; g++) {
        const char *name = at->trial.study.scenario.group[g].name;
        if (facts->group[g].skipped > 0) return drawn_words(at, "%s: records were skipped", name);
        if (facts->group[g].drained_at_ns == SIM_NEVER) return drawn_words(at, "%s: not drained", name);
    }
    if (facts->mishaps[MISHAP_NOT_SENT] > 0) return "a producer has lost a record";
    return check_orders(at, facts);
}

static const char *check_ties(struct drawn_trial *at)
{
    struct sim_err err = { 0 };
    const struct run_options options = { .step_by_step = true, .events_max = 20000000, .shuffles = true,
                                         .tie_seed = at->seed };
    arena_reset(&at->own[1]);
    const struct run_facts *facts =
        pipeline_run(at->trial.plan, at->trial.study.scenario.seed, 0, &options, &at->own[1], &err);
    const char *wrong = facts ? check_sound(at, facts) : err.text;
    return wrong ? drawn_words(at, "ties drawn: %s", wrong) : NULL;
}

/* ---- what does not happen changes nothing ---- */

static const char *run_with(struct drawn_trial *at, int memory, const struct fault_spec *fault, uint32_t n_faults,
                            struct witness *out)
{
    struct scenario scenario = at->trial.study.scenario;
    struct sim_err err = { 0 };
    const struct plan *drawn = at->trial.plan;
    scenario.fault = fault;
    scenario.n_faults = n_faults;
    at->trial.plan = plan_make(&scenario, &at->words, &err);
    const char *wrong = at->trial.plan ? drawn_run(at, memory, out, (struct witness_options){ .step_by_step = true })
                                       : drawn_words(at, "no plan: %s", err.text);
    at->trial.plan = drawn;
    return wrong;
}

/* The same faults, later than anybody is there. */
static const char *check_idle_faults(struct drawn_trial *at)
{
    const struct scenario *scenario = &at->trial.study.scenario;
    struct fault_spec *late = arena_array(&at->words, struct fault_spec, scenario->n_faults);
    struct witness one, two;
    for (uint32_t i = 0; i < scenario->n_faults; i++) {
        late[i] = scenario->fault[i];
        late[i].when = WHEN_AT;
        late[i].at_ns = 900 * 3600 * SIM_S;
    }
    const char *wrong = run_with(at, 1, late, scenario->n_faults, &one);
    if (!wrong) wrong = run_with(at, 2, late, 1, &two);
    if (!wrong) wrong = witness_difference(&one, &two, &at->words);
    return wrong ? drawn_words(at, "faults that never happen: %s", wrong) : NULL;
}

/* ---- all of it ---- */

static const char *check(void *context, struct drawn_trial *at)
{
    struct witness plain;
    const char *wrong = drawn_run(at, 0, &plain, (struct witness_options){ 0 });
    if (!wrong) cover(context, &at->trial.study.scenario, plain.facts);
    if (!wrong) wrong = check_sound(at, plain.facts);
    if (!wrong) wrong = drawn_run_differs(at, &plain, "once more", (struct witness_options){ 0 });
    if (!wrong) wrong = drawn_run_differs(at, &plain, "unobserved", (struct witness_options){ .without_samples = true });
    if (!wrong) wrong = drawn_threads_differ(at, &plain);
    if (!wrong) wrong = check_ties(at);
    if (!wrong) wrong = check_idle_faults(at);
    return wrong;
}

static void test_drawn_faults(void **state)
{
    const struct drawn_seeds *seeds = *state;
    struct coverage coverage = { 0 };
    assert_int_equal(drawn_seeds_check(seeds, scenario_draw_faulty, check, &coverage), 0);
    if (seeds->n >= 400) expect_covered(&coverage);
}

int main(int argc, char **argv)
{
    struct drawn_seeds seeds = drawn_seeds_of(argc, argv, 400);
    const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(test_drawn_faults, &seeds) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
