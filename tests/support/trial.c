/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/trial.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "models/orders/load.h"

/* clang-format off */
const char QUEUE_SCENARIO[] = TRIAL_JSON({
    "name": "queue",
    "load": { "scenarios": { "orders": { "executor": "poisson", "rate": 1, "duration": "1s" } } },
    "kafka": { "partitions": 1, "fetch_order": "arrival" },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": { "shop": { "connections": 0, "api": { "threads": 1, "stage": "accept" }, "groups": "all" } },
    "groups": { "servers": { "consumers": 1, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "time": "1ms", "steps": [ { "work": "serve", "share": 1 }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

static void read_text(struct trial *trial, const char *json, const struct study_edit *edit, uint32_t n_edits)
{
    struct findings findings = { 0 };
    struct sim_err err = { 0 };
    arena_init(&trial->shared);
    arena_init(&trial->own);
    bool ok = study_read_text(&trial->study, json, strlen(json), "trial.json", ".", edit, n_edits, &findings,
                              &trial->shared, &err);
    if (ok) return;
    findings_print(&findings, "trial.json", stderr);
    fail_msg("not acceptable: %s", err.text);
}

static void trace_schedule(struct trial *trial)
{
    struct scenario *scenario = &trial->study.scenario;
    const struct load_spec *load = &scenario->load[0];
    struct load_spec *trace = arena_new(&trial->shared, struct load_spec);
    sim_ns *time_ns = arena_array(&trial->shared, sim_ns, load_scheduled(load)), at_ns;
    struct load_state state;
    *trace = (struct load_spec){ .name = load->name, .executor = LOAD_TRACE, .time_ns = time_ns };
    load_open(&state, load, random_key(scenario->seed, 0));
    while (load_next(&state, &at_ns)) time_ns[trace->n_times++] = at_ns;
    while (trace->n_times < load_scheduled(load)) time_ns[trace->n_times++] = load_duration_ns(load);
    scenario->load = trace;
}

static void make_plan(struct trial *trial)
{
    struct sim_err err = { 0 };
    trial->plan = plan_make(&trial->study.scenario, &trial->shared, &err);
    if (!trial->plan) fail_msg("no plan: %s", err.text);
}

void trial_open(struct trial *trial, const char *json, const struct study_edit *edit, uint32_t n_edits)
{
    read_text(trial, json, edit, n_edits);
    make_plan(trial);
}

void trial_open_schedule(struct trial *trial, const char *json, const struct study_edit *edit, uint32_t n_edits)
{
    read_text(trial, json, edit, n_edits);
    trace_schedule(trial);
    make_plan(trial);
}

const struct run_facts *trial_run(struct trial *trial, uint32_t replication, const struct observer *observer)
{
    const struct run_options options = { .observer = observer };
    struct sim_err err = { 0 };
    arena_reset(&trial->own);
    const struct run_facts *facts =
        pipeline_run(trial->plan, trial->study.scenario.seed, replication, &options, &trial->own, &err);
    if (!facts) fail_msg("no facts: %s", err.text);
    return facts;
}

const char *trial_path_fault(const struct run_facts *facts)
{
    static _Thread_local char words[128];
    const struct path_facts *path = &facts->path;
    if (path->n > facts->orders.by_status[ORDER_PAID] && facts->mishaps[MISHAP_JOIN_RACE] == 0)
        return "more paths than paid orders";
    for (uint32_t i = 0; i < path->n; i++) {
        sim_ns sum_ns = 0;
        for (uint32_t p = 0; p < path->n_parts; p++) {
            const sim_ns part_ns = path->part[(size_t)i * path->n_parts + p];
            snprintf(words, sizeof words, "path %u: part %u is %lld ns", i, p, (long long)part_ns);
            if (part_ns < 0) return words;
            sum_ns += part_ns;
        }
        snprintf(words, sizeof words, "path %u: parts of %lld ns, completed in %lld ns", i, (long long)sum_ns,
                 (long long)path->completion_ns[i]);
        if (sum_ns != path->completion_ns[i]) return words;
    }
    return NULL;
}

void trial_expect_invariants(const struct run_facts *facts)
{
    for (uint32_t i = 0; i < facts->n_invariants; i++) {
        const struct invariant_facts *fact = &facts->invariant[i];
        if (fact->verdict == VERDICT_BROKEN) fail_msg("%s, %s: %s", fact->name, fact->meaning, fact->first_what);
    }
}

void trial_expect_sound(const struct trial *trial, const struct run_facts *facts)
{
    trial_expect_invariants(facts);
    if (trial_path_fault(facts)) fail_msg("%s", trial_path_fault(facts));
    for (uint32_t i = 0; i < facts->n_groups; i++) {
        const struct group_facts *group = &facts->group[i];
        const char *name = trial->study.scenario.group[i].name;
        if (group->backlog_area != group->sojourn_ns) fail_msg("%s: Little's law", name);
        if (!facts->cut && group->sojourn_ns != group->wait.sum_ns + group->service.sum_ns)
            fail_msg("%s: sojourn times are not waits and services", name);
        if (!facts->cut && group->busy_ns != group->service.sum_ns + group->failed_ns) fail_msg("%s: busy is not serving", name);
    }
}

void trial_close(struct trial *trial)
{
    arena_fini(&trial->own);
    arena_fini(&trial->shared);
}
