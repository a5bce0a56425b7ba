/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a scenario arrives in the structs as it was written, its resolved text says all of it and reads back the same,
 * edits do what they say, and findings come with their places. Method: one text that uses every key
 * (tests/scenario/everything.json) is compared field by field and with its resolved text; a small one is varied. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/study.h"

#define EVERYTHING  "tests/scenario/everything.json"
#define EQUAL(a, b) assert_true(fabs((a) - (b)) < 1e-12)

static const char small[] =
    "{ \"load\": { \"scenarios\": { \"k6\": { \"executor\": \"constant-arrival-rate\", \"rate\": 10, \"duration\": "
    "\"1m\" } } },\n"
    "  \"topics\": { \"created\": {} },\n"
    "  \"groups\": { \"stock\": { \"consumers\": 1, \"reads\": { \"created\": \"reserve\" } } },\n"
    "  \"tables\": { \"orders\": { \"key\": \"order_id\" } },\n"
    "  \"processes\": { \"shop\": { \"api\": { \"stage\": \"accept\" }, \"groups\": \"all\" } },\n"
    "  \"stages\": { \"accept\": { \"steps\": [ { \"insert\": \"orders\" }, { \"publish\": \"created\" } ] },\n"
    "    \"reserve\": { \"time\": \"5ms\", \"steps\": [ { \"work\": \"x\", \"share\": 1 }, { \"status\": \"PAID\" } ] "
    "} } }\n";

static int open_arena(void **state)
{
    struct arena *arena = malloc(sizeof *arena);
    if (!arena) return -1;
    arena_init(arena);
    *state = arena;
    return 0;
}

static int close_arena(void **state)
{
    arena_fini(*state);
    free(*state);
    return 0;
}

static const struct study *read_file(const char *file, struct arena *arena)
{
    struct study *study = arena_new(arena, struct study);
    struct findings findings;
    struct sim_err err = { 0 };
    if (study_read(study, file, NULL, 0, &findings, arena, &err)) return study;
    findings_print(&findings, file, stderr);
    fail_msg("%s %s", err.where, err.text);
    return NULL;
}

/* The small scenario with one edit: its exit code (0: acceptable), and the first finding or the message. */
static enum sim_errc edit_small(const char *pointer, const char *value, struct study *study, struct finding *finding,
                                struct arena *arena)
{
    struct findings findings;
    struct sim_err err = { 0 };
    const struct study_edit edit = { pointer, value };
    bool ok = study_read_text(study, small, strlen(small), "small.json", ".", &edit, 1, &findings, arena, &err);
    *finding = (struct finding){ .pointer = "", .message = arena_strdup(arena, err.text) };
    if (findings.n > 0) *finding = findings.finding[0];
    assert_true(ok == (err.code == SIM_OK));
    return err.code;
}

/* ---- every key ---- */

static void test_run_and_load(void **state)
{
    const struct scenario *s = &read_file(EVERYTHING, *state)->scenario;
    assert_string_equal(s->name, "everything");
    assert_true(s->seed == UINT64_MAX && s->replications == 7 && s->ends == END_AT && s->end_ns == 7200 * SIM_S);
    assert_true(s->at_most_ns == 3 * 3600 * SIM_S && s->sample_every_ns == 500 * SIM_MS);
    assert_int_equal(s->n_loads, 5);
    const struct load_spec *ramp = &s->load[0], *steady = &s->load[1], *random = &s->load[2], *waves = &s->load[3];
    assert_string_equal(ramp->name, "ramp");
    assert_true(ramp->executor == LOAD_RAMPING_ARRIVAL_RATE && ramp->start_ns == 1500 * SIM_MS && ramp->vus == 5 &&
                ramp->vus_max == 20);
    assert_true(ramp->time_unit_ns == 60 * SIM_S && ramp->vu_init_ns == 7 * SIM_MS && ramp->n_stages == 2);
    EQUAL(ramp->rate, 2.5);
    EQUAL(ramp->phase, 0.5);
    EQUAL(ramp->stage[0].target, 120);
    assert_true(ramp->stage[0].duration_ns == 60 * SIM_S &&
                ramp->stage[1].duration_ns == 90 * SIM_MS); /* k6: milliseconds */
    assert_true(steady->executor == LOAD_CONSTANT_ARRIVAL_RATE && steady->duration_ns == 90 * SIM_S &&
                steady->vus_max == 4);
    assert_true(random->executor == LOAD_POISSON && random->vus_max == 0 && random->duration_ns == 60 * SIM_S);
    EQUAL(random->rate, 0.25);
    assert_true(waves->executor == LOAD_BURSTS && waves->burst_size == 10 && waves->burst_every_ns == 20 * SIM_S);
    assert_true(s->load[4].executor == LOAD_TRACE && s->load[4].n_times == 4 && s->load[4].time_ns[0] == 1);
    assert_true(s->load[4].time_ns[2] == 500 * SIM_MS && s->load[4].time_ns[3] == 20 * SIM_S);
    /* ascending; the load ends with the steady executor, at 90 s */
    assert_int_equal(s->n_checkpoints, 4);
    assert_string_equal(s->checkpoint[0].name, "before");
    assert_true(s->checkpoint[0].at_ns == 0 && s->checkpoint[1].at_ns == 60 * SIM_S &&
                s->checkpoint[2].at_ns == 90 * SIM_S);
    assert_true(s->checkpoint[3].at_ns == 120 * SIM_S);
}

static void test_orders_and_kafka(void **state)
{
    const struct scenario *s = &read_file(EVERYTHING, *state)->scenario;
    const struct orders_spec *o = &s->orders;
    assert_true(o->first_id == 100 && o->at_most == 5000 && o->user.kind == PICK_ZIPF && o->user.high == 900);
    EQUAL(o->user.exponent, 1.1);
    assert_true(o->item.kind == PICK_HOT && o->item.n_hot == 2 && o->item.hot[0] == 7 && o->item.high == 500);
    EQUAL(o->item.share, 0.25);
    assert_true(o->quantity.kind == PICK_UNIFORM && o->quantity.low == 1 && o->quantity.high == 3);
    assert_true(o->amount.kind == PICK_CONSTANT && o->amount.low == 25000 && o->coupon.kind == PICK_CONSTANT &&
                o->coupon.low == 9);
    EQUAL(o->coupon.given, 0.3);
    EQUAL(o->item.given, 1);
    const struct topic_spec *created = &s->topic[0], *reserved = &s->topic[3];
    assert_true(created->partitions == 2 && created->key == KEY_ID_MODULO && created->record_bytes == 100 &&
                created->linger_ns == 0);
    assert_true(created->append.family == DIST_UNIFORM && s->topic[1].key == KEY_ITEM && s->topic[2].key == KEY_NULL);
    EQUAL(created->append.high_s, 0.003);
    assert_true(reserved->partitions == 6 && reserved->key == KEY_USER &&
                reserved->linger_ns == 5 * SIM_MS); /* of /kafka */
    assert_true(reserved->batch_bytes == 32768 && reserved->append.family == DIST_CONSTANT);
    EQUAL(reserved->append.mean_s, 0.002);
    const struct group_spec *stock = &s->group[0], *coupon = &s->group[1];
    assert_true(stock->consumers == 2 && stock->n_reads == 2 && stock->read[1].topic == 9 && stock->read[1].stage == 2);
    assert_true(stock->cold && stock->start_ns == 30 * SIM_S && stock->reset == RESET_EARLIEST && stock->process == 0);
    assert_true(stock->assignor == ASSIGN_COOPERATIVE_STICKY && stock->fetch_order == FETCH_ARRIVAL &&
                stock->commit_mode == COMMIT_COUNT);
    assert_true(stock->commit_count == 9 && stock->deliveries == 1 && stock->rebalance_delay_ns == 0 &&
                stock->n_backlog == 1);
    assert_true(stock->backlog[0].partition == 0 && stock->backlog[0].records == 40 &&
                stock->fetch.family == DIST_WEIBULL);
    assert_true(coupon->assignor == ASSIGN_RANGE && coupon->fetch_order == FETCH_JAVA &&
                coupon->commit_mode == COMMIT_TIME);
    assert_true(coupon->max_poll_records == 100 && coupon->commit.family == DIST_GAMMA &&
                coupon->poll.family == DIST_EXPONENTIAL);
    assert_true(s->group[2].commit_mode == COMMIT_MANUAL && s->group[2].fetch_order == FETCH_JAVA_36 &&
                s->group[2].process == 1);
}

static void test_servers(void **state)
{
    const struct scenario *s = &read_file(EVERYTHING, *state)->scenario;
    assert_true(s->n_stores == 2 && s->store[0].capacity == 12 && s->store[0].group_commit &&
                !s->store[1].group_commit);
    assert_true(s->store[0].flush.family == DIST_PERCENTILES && s->store[0].flush.n_points == 3);
    assert_true(s->store[0].flush.point[2].p == 0.999 && s->store[0].flush.point[2].s == 0.012);
    assert_true(s->table[0].key == ROW_ORDER_ID && s->table[0].rows == 0 && s->table[0].store == 0 &&
                s->table[2].store == NONE);
    assert_true(s->table[1].rows == 500 && s->table[1].lock_timeout_ns == 20 * SIM_S &&
                s->table[3].lock_timeout_ns == 50 * SIM_S);
    assert_true(s->table[2].quantity == 9007199254740991);
    assert_true(s->lock[0].store == 1 && s->lock[0].lease_ns == 10 * SIM_S && s->lock[1].key == ROW_ORDER_ID &&
                s->lock[1].wait_ns == 0);
    EQUAL(s->lock[1].push.mean_s, 0.0003);
    EQUAL(s->lock[1].push.cv, 0.3);
    assert_true(s->process[0].instances == 2 && s->process[0].connections == 20 && s->process[0].api_threads == 50);
    assert_true(s->process[0].connection_timeout_ns == 10 * SIM_S && s->process[0].api_stage == 0);
    assert_true(s->process[1].connections == 0 && s->process[1].api_threads == 0);
    const struct flow_spec *f = &s->flow;
    assert_true(f->given && f->guard == GUARD_ROW_LOCK && f->n_legs == 2 && f->leg[0].ok == 3 && f->leg[0].failed == 4);
    assert_true(f->leg[0].undo == 9 && f->leg[1].ok == 5 && f->leg[1].failed == NONE && f->leg[1].undo == NONE);
    assert_true(f->then == 6 && f->then_ok == 7 && f->then_failed == 8);
}

static void test_stages(void **state)
{
    const struct scenario *s = &read_file(EVERYTHING, *state)->scenario;
    const struct stage_spec *accept = &s->stage[0], *reserve = &s->stage[1], *restore = &s->stage[2],
                            *use = &s->stage[3];
    assert_true(accept->has_time && accept->time.family == DIST_EMPIRICAL && accept->time.n_values == 4);
    EQUAL(accept->time.value_s[0], 0.001); /* ascending, whatever the file's order */
    EQUAL(accept->time.value_s[3], 0.01225);
    assert_true(accept->step[0].kind == STEP_CONNECTION && accept->step[0].n_otherwise == 1);
    assert_true(accept->step[0].otherwise[0].kind == STEP_REPLY && accept->step[1].kind == STEP_INSERT &&
                accept->step[1].target == 0);
    EQUAL(accept->step[1].effect_at, 0.75);
    EQUAL(accept->step[0].effect_at, 0.5);
    const struct step_spec *write = &reserve->step[4];
    assert_true(write->kind == STEP_WRITE && write->style == STYLE_ABSOLUTE && write->effect == EFFECT_RESERVE &&
                write->target == 1);
    assert_true(write->n_otherwise == 3 && write->otherwise[1].kind == STEP_UNLOCK && write->otherwise[1].target == 0);
    EQUAL(write->share, 0.2);
    EQUAL(write->refuse, 0.01);
    assert_true(!restore->has_time && restore->step[1].has_time && restore->step[1].time.family == DIST_ERLANG);
    assert_true(restore->step[1].time.stages == 3 && restore->step[1].style == STYLE_FOR_UPDATE &&
                restore->step[1].effect == EFFECT_RESTORE);
    assert_true(restore->step[2].time.family == DIST_EMPIRICAL && restore->step[2].time.n_points == 4);
    assert_true(use->time.family == DIST_MIXTURE && use->time.n_parts == 2 &&
                use->time.part[1].family == DIST_CONSTANT);
    EQUAL(use->time.weight[0], 0.99);
    assert_true(use->step[1].style == STYLE_VERSION && use->step[1].tries == 5 &&
                use->step[1].backoff.family == DIST_CONSTANT);
    assert_true(s->stage[5].step[3].otherwise[2].kind == STEP_STATUS &&
                s->stage[5].step[3].otherwise[2].status == ORDER_FAILED);
    assert_string_equal(s->stage[6].step[0].label, "log it");
}

static void test_judgement(void **state)
{
    const struct study *study = read_file(EVERYTHING, *state);
    const struct threshold_spec *t = study->threshold;
    assert_int_equal(study->n_thresholds, 6);
    assert_true(t[0].op == OP_GE && !t[0].figure && t[0].bound == 0.95 && t[1].op == OP_GT && t[1].bound == 0.5);
    assert_string_equal(t[0].metric, "orders.paid_ratio");
    assert_string_equal(t[0].expression, "value>=0.95");
    assert_string_equal(t[2].figure, "p(95)");
    assert_string_equal(t[5].figure, "p(99.9)");
    assert_true(t[2].op == OP_LT && t[3].bound == 1.5 && t[4].op == OP_LE && t[5].op == OP_NE && t[5].bound == 7);
    assert_int_equal(study->n_calibrate, 3);
    assert_string_equal(study->calibrate[0].pointer, "/stages/reserve/time/mean");
    assert_string_equal(study->calibrate[0].high, "\"200ms\"");
    assert_string_equal(study->calibrate[1].low, "0");
    assert_int_equal(study->n_inputs, 3);
    assert_string_equal(study->input[0].path, "data/starts.csv");
    assert_string_equal(study->input[0].full_path, "tests/scenario/data/starts.csv");
    assert_string_equal(study->input[0].copy, "inputs/data-starts.csv");
    assert_int_equal(study->n_ignored, 6);
    assert_string_equal(study->ignored[0], "gracefulStop");
}

static void test_observations(void **state)
{
    const struct study *study = read_file(EVERYTHING, *state);
    const struct observations *o = study->observations;
    assert_non_null(o);
    assert_string_equal(study->observations_path, "data/seen.json");
    assert_string_equal(o->start_clock, "08:00:00");
    assert_true(o->n_statuses == 3 && o->status[0].t_s == 630 && o->status[0].paid == 100 &&
                isnan(o->status[0].from_s));
    assert_true(isnan(o->status[1].t_s) && o->status[1].from_s == 620 && o->status[1].to_s == 640 &&
                o->status[1].paid == -1);
    assert_true(o->status[2].paid == 120 && o->status[2].pending == -1 && isnan(o->status[2].t_s));
    assert_true(o->offsets_t_s == 908 && o->n_offsets == 2 && o->offset[0].log_end == 45 &&
                o->offset[1].committed == -1);
    assert_true(o->has_peak && o->peak_partition == 1 && o->peak_lag == 70);
    assert_true(o->n_trend == 2 && o->trend[0].n == 2 && o->trend[0].lag[1] == 120 && o->trend[1].n == 0 &&
                o->trend[1].marked_as_peak);
}

static void test_faults(void **state)
{
    const struct scenario *s = &read_file(EVERYTHING, *state)->scenario;
    assert_int_equal(s->n_faults, 12);
    const struct fault_spec *f = s->fault;
    assert_true(f[0].kind == FAULT_PAUSE && f[0].target == 0 && f[0].instance == 1 && f[0].when == WHEN_RATE);
    assert_true(f[0].rate_per_h == 4 && f[0].from_ns == 60 * SIM_S);
    assert_true(f[0].until_ns == scenario_load_end(s) + 10 * SIM_S && f[0].lasts.mean_s == 0.2 && f[0].lasts.cv == 2);
    assert_true(f[1].kind == FAULT_CRASH && f[1].target == 1 && f[1].instance == NONE && f[1].when == WHEN_EVERY);
    assert_true(f[1].every_ns == 3600 * SIM_S && f[1].from_ns == 0 && f[1].until_ns == SIM_NEVER);
    assert_true(f[1].comes_back && f[1].back_after_ns == 20 * SIM_S);
    assert_true(f[2].when == WHEN_AT && f[2].at_ns == scenario_load_end(s) - 10 * SIM_S && !f[2].comes_back);
    assert_true(f[3].kind == FAULT_RESTART && f[3].instance == 0 && !f[3].rolling && f[3].kill_after_ns == SIM_S);
    assert_true(f[4].kind == FAULT_SCALE && f[4].on == ON_GROUP && f[4].target == 0 && f[4].consumers == 5);
    assert_int_equal(s->group[0].consumers_max, 5);
    assert_true(f[5].kind == FAULT_OUTAGE && f[5].on == ON_KAFKA && f[6].on == ON_STORE && f[6].target == 1);
    assert_true(f[6].answers_only && f[6].loses_keys && f[7].kind == FAULT_FAILOVER && f[7].lost_ns == 30 * SIM_MS);
    assert_true(f[8].kind == FAULT_SLOW && f[8].on == ON_STORE && f[8].factor == 3 && f[8].when == WHEN_STEP);
    assert_true(f[8].stage == 5 && f[8].step == 3 && f[8].nth == 0 && f[8].order_id == 117);
    assert_true(f[9].kind == FAULT_DUPLICATE && f[9].on == ON_TOPIC && f[9].share == 0.25);
    assert_true(f[10].kind == FAULT_DROP && f[10].on == ON_LOCK && f[10].target == 1);
    assert_true(f[11].when == WHEN_STEP && f[11].step == 5 && f[11].nth == 3 && f[11].order_id == 0);
    const struct group_spec *g = &s->group[0], *h = &s->group[1];
    assert_true(g->session_timeout_ns == 11 * SIM_S && g->heartbeat_ns == SIM_S && !g->static_members);
    assert_true(g->max_poll_interval_ns == 180 * SIM_S && g->rebalance_timeout_ns == 30 * SIM_S);
    assert_true(g->backoff_ns == 20 * SIM_MS && g->backoff_multiplier == 1.5 && g->backoff_max_ns == 2 * SIM_S);
    assert_true(g->reset_on_other && g->dead_letter == 2 && g->due_after_ns == SIM_MS);
    assert_true(g->not_retried == (1u << STEP_WORK | 1u << STEP_COMMIT));
    assert_true(h->backoff_ns == 10 * SIM_MS && !h->reset_on_other && h->dead_letter == NONE && h->not_retried == 0);
    assert_true(h->session_timeout_ns == 10 * SIM_S && h->static_members && h->rebalance_timeout_ns == 60 * SIM_S);
}

static void test_scalers(void **state)
{
    const struct scenario *s = &read_file(EVERYTHING, *state)->scenario;
    const struct scaler_spec *k = &s->scaler[0];
    assert_true(s->n_scalers == 1 && k->group == 4 && k->topic == 1);
    assert_true(k->lag_threshold == 50 && k->activation_lag_threshold == 5 && k->allow_idle_consumers);
    assert_true(!k->limit_to_partitions_with_lag && k->even_distribution && k->exclude_persistent_lag);
    assert_true(k->zero_on_invalid_offset && k->use_cached_metrics && k->min_replicas == 1 && k->max_replicas == 4);
    assert_true(k->polling_ns == 20 * SIM_S && k->cooldown_ns == 120 * SIM_S && k->sync_ns == 10 * SIM_S);
    assert_true(k->downscale_window_ns == 60 * SIM_S && k->kill_after_ns == 10 * SIM_S && k->has_behavior);
    EQUAL(k->tolerance, 0.2);
    EQUAL(k->pod_start.mean_s, 20);
    assert_true(k->up.window_ns == 5 * SIM_S && k->up.select == SELECT_MIN && k->up.n_policies == 1);
    assert_true(!k->up.policy[0].percent && k->up.policy[0].value == 2 && k->up.policy[0].period_ns == 30 * SIM_S);
    /* The window is that of the controller where the behavior names none. */
    assert_true(k->down.window_ns == 60 * SIM_S && k->down.select == SELECT_DISABLED && k->down.n_policies == 2);
    assert_true(k->down.policy[0].percent && k->down.policy[0].value == 10);
    /* Room for pods that still end beside those that are wanted. */
    assert_true(s->process[2].instances == 1 && s->process[2].instances_max == 8 && s->group[4].consumers_max == 8);
}

/* Without a word they are KEDA's and Kubernetes' own. */
static void test_scaler_defaults(void **state)
{
    struct study study;
    struct findings findings;
    struct sim_err err = { 0 };
    static const struct study_edit edits[] = {
        { "/processes", "{\"shop\": {\"api\": {\"stage\": \"accept\"}}, \"back\": {\"groups\": \"all\"}}" },
        { "/scalers",
          "{\"keda\": {\"group\": \"stock\", \"pod_start\": \"20s\", \"behavior\": {}}}" },
    };
    if (!study_read_text(&study, small, strlen(small), "small.json", ".", edits, 2, &findings, *state, &err))
        fail_msg("%s", findings.n > 0 ? findings.finding[0].message : err.text);
    const struct scaler_spec *k = &study.scenario.scaler[0];
    assert_true(k->topic == NONE && k->lag_threshold == 10 && k->activation_lag_threshold == 0);
    assert_true(!k->allow_idle_consumers && !k->limit_to_partitions_with_lag && !k->exclude_persistent_lag);
    assert_true(!k->even_distribution && !k->zero_on_invalid_offset && !k->use_cached_metrics);
    assert_true(k->min_replicas == 0 && k->max_replicas == 100);
    assert_true(k->polling_ns == 30 * SIM_S && k->cooldown_ns == 300 * SIM_S && k->sync_ns == 15 * SIM_S);
    assert_true(k->kill_after_ns == 30 * SIM_S && k->up.window_ns == 0 && k->down.window_ns == 300 * SIM_S);
    assert_true(k->up.n_policies == 2 && k->up.policy[0].value == 4 && k->up.policy[1].percent);
    assert_true(k->down.n_policies == 1 && k->down.policy[0].percent && k->down.policy[0].value == 100);
    EQUAL(k->tolerance, 0.1);
}

/* Values by what they rest on, defaults beside them left out. */
static void test_basis(void **state)
{
    static const struct {
        const char *pointer;
        enum basis basis;
    } some[] = {
        { "/kafka/partitions", BASIS_ASSUMED },        { "/kafka/commit/cv", BASIS_ASSUMED },
        { "/stages/accept/time/csv", BASIS_MEASURED }, { "/stages/reserve/time/mean", BASIS_FITTED },
        { "/stages/reserve/time/cv", BASIS_ASSUMED },
    };
    const struct study *study = read_file(EVERYTHING, *state);
    assert_int_equal(study->n_basis, 28);
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        uint32_t k = 0;
        while (k < study->n_basis && strcmp(study->basis[k].pointer, some[i].pointer) != 0) k++;
        if (k == study->n_basis || study->basis[k].basis != some[i].basis) fail_msg("%s", some[i].pointer);
    }
    struct finding finding;
    struct study small_study;
    assert_int_equal(
        edit_small("/kafka", "{\"basis\": \"assumed\", \"linger\": \"1ms\"}", &small_study, &finding, *state), SIM_OK);
    assert_int_equal(small_study.n_basis, 1);
    assert_string_equal(small_study.basis[0].pointer, "/kafka/linger");
    assert_non_null(strstr(small_study.text, "\"basis\": {\"linger\": \"assumed\"}"));
}

/* A basis of the whole scenario speaks of the real system: not of the run, what is asked, nor the code of an answer. */
static void test_basis_of_all(void **state)
{
    static const char *const never[] = { "/run", "/name", "/checkpoints", "/thresholds", "/calibrate", "/explore",
                                         "/observations" };
    static const struct study_edit edits[] = {
        { "/basis", "assumed" },
        { "/name", "5m" },
        { "/run", "{\"seed\": 7, \"replications\": 2, \"sample_every\": \"2s\", \"ends\": \"1m\"}" },
        { "/checkpoints", "{\"later\": \"20s\"}" },
        { "/calibrate", "{\"/kafka/linger\": [\"1ms\", \"9ms\"]}" },
        { "/kafka", "{\"linger\": \"1ms\"}" },
        { "/stages/accept", "{\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"created\"}, {\"reply\": 202}]}" },
    };
    struct study study;
    struct findings findings;
    struct sim_err err = { 0 };
    bool has_linger = false;
    if (!study_read_text(&study, small, strlen(small), "small.json", ".", edits, 7, &findings, *state, &err))
        fail_msg("%s", findings.n > 0 ? findings.finding[0].message : err.text);
    for (uint32_t i = 0; i < study.n_basis; i++) {
        const char *pointer = study.basis[i].pointer;
        for (size_t k = 0; k < sizeof never / sizeof never[0]; k++)
            if (strncmp(pointer, never[k], strlen(never[k])) == 0) fail_msg("%s", pointer);
        assert_null(strstr(pointer, "/reply"));
        has_linger |= strcmp(pointer, "/kafka/linger") == 0;
    }
    assert_true(has_linger);
}

/* ---- the resolved text ---- */

static char *slurp(const char *file, struct arena *arena)
{
    FILE *stream = fopen(file, "rb");
    char *text = arena_alloc(arena, 1 << 20);
    assert_non_null(stream);
    text[fread(text, 1, (1 << 20) - 1, stream)] = '\0';
    fclose(stream);
    return text;
}

static void test_resolved_is_as_shipped(void **state)
{
    assert_string_equal(read_file(EVERYTHING, *state)->text, slurp("tests/scenario/everything.resolved.json", *state));
}

/* As a run leaves it: its inputs copied to inputs/ beside it (tests/scenario/inputs, equal to tests/scenario/data). */
static void test_resolved_reads_back(void **state)
{
    const struct study *study = read_file(EVERYTHING, *state);
    const struct study *again = read_file("tests/scenario/everything.resolved.json", *state);
    assert_string_equal(again->text, study->text);
    assert_string_equal(again->sha256, study->sha256);
    assert_int_equal(again->n_basis, study->n_basis);
    assert_memory_equal(again->scenario.load[4].time_ns, study->scenario.load[4].time_ns, 4 * sizeof(sim_ns));
    for (uint32_t i = 0; i < study->n_inputs; i++) {
        assert_string_equal(again->input[i].copy, study->input[i].copy);
        assert_string_equal(slurp(again->input[i].full_path, *state), slurp(study->input[i].full_path, *state));
    }
}

/* Where it was resolved but not moved, a file beside it is found too. */
static void test_resolved_beside_the_original(void **state)
{
    static const char text[] = "\"observations\": \"inputs/seen.json\" }";
    char *whole = arena_alloc(*state, sizeof small + sizeof text + 8);
    struct study study;
    struct findings findings;
    struct sim_err err = { 0 };
    strcpy(whole, small);
    strcpy(strrchr(whole, '}'), ", ");
    strcat(whole, text);
    assert_true(study_read_text(&study, whole, strlen(whole), "x.json", "tests/scenario/data", NULL, 0, &findings,
                                *state, &err));
    assert_string_equal(study.input[0].full_path, "tests/scenario/data/seen.json");
    assert_non_null(strstr(study.text, "\"observations\": \"inputs/seen.json\""));
}

/* A file's name is a name, though it may read as JSON. */
static void test_a_scenario_without_a_name_has_its_files(void **state)
{
    static const struct { const char *file, *name, *resolved; } cases[] = {
        { "a/small.json", "small", "\"name\": \"small\"" },
        { "20251224.json", "20251224", "\"name\": \"20251224\"" },
        { "null.json", "null", "\"name\": \"null\"" },
        { "true.json", "true", "\"name\": \"true\"" },
        { "\"x\".json", "\"x\"", "\"name\": \"\\\"x\\\"\"" },
        { "[1].json", "[1]", "\"name\": \"[1]\"" },
        { "-", "stdin", "\"name\": \"stdin\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study study;
        struct findings findings;
        struct sim_err err = { 0 };
        if (!study_read_text(&study, small, strlen(small), cases[i].file, ".", NULL, 0, &findings, *state, &err))
            fail_msg("%s: %s", cases[i].file, findings.finding[0].message);
        assert_string_equal(study.scenario.name, cases[i].name);
        assert_non_null(strstr(study.text, cases[i].resolved));
    }
}

static void test_shipped_files(void **state)
{
    struct study study, again;
    struct findings findings;
    struct sim_err err = { 0 };
    assert_true(study_read_text(&study, schema_example, strlen(schema_example), "skeleton.json", ".", NULL, 0,
                                &findings, *state, &err));
    assert_true(
        study_read_text(&again, study.text, strlen(study.text), "x.json", ".", NULL, 0, &findings, *state, &err));
    assert_string_equal(study.text, again.text);
    assert_non_null(strstr(schema_text, "http://json-schema.org/draft-07/schema#"));
}

/* ---- edits ---- */

static void test_edits(void **state)
{
    struct study study;
    struct finding finding;
    assert_int_equal(edit_small("/groups/stock/consumers", "3", &study, &finding, *state), SIM_OK);
    assert_int_equal(study.scenario.group[0].consumers, 3);
    assert_int_equal(edit_small("stock.consumers", "4", &study, &finding, *state), SIM_OK);
    assert_int_equal(study.scenario.group[0].consumers, 4);
    assert_int_equal(edit_small("stages.reserve.time.mean", "15ms", &study, &finding, *state),
                     SIM_OK); /* "5ms" before */
    EQUAL(study.scenario.stage[1].time.mean_s, 0.015);
    assert_int_equal(edit_small("/stages/reserve/time/cv", "0.5", &study, &finding, *state), SIM_OK);
    EQUAL(study.scenario.stage[1].time.cv, 0.5);
    EQUAL(study.scenario.stage[1].time.mean_s, 0.005);
    assert_int_equal(edit_small("/groups/stock/assignor", "cooperative-sticky", &study, &finding, *state), SIM_OK);
    assert_int_equal(study.scenario.group[0].assignor, ASSIGN_COOPERATIVE_STICKY);
    assert_int_equal(edit_small("/run/seed", "\"18446744073709551615\"", &study, &finding, *state), SIM_OK);
    assert_true(study.scenario.seed == UINT64_MAX);
    assert_int_equal(edit_small("run.replications", "5", &study, &finding, *state), SIM_OK); /* no section there */
    assert_int_equal(study.scenario.replications, 5);
    assert_int_equal(edit_small("kafka.linger", "5ms", &study, &finding, *state), SIM_OK);
    assert_true(study.scenario.topic[0].linger_ns == 5 * SIM_MS);
    assert_int_equal(edit_small("/stages/reserve/steps/0/share", "1", &study, &finding, *state), SIM_OK);
    assert_int_equal(edit_small("/checkpoints/end", "load_end", &study, &finding, *state), SIM_OK);
    assert_int_equal(study.scenario.n_checkpoints, 1);
    assert_int_equal(edit_small("/kafka/linger", "5ms", &study, &finding, *state), SIM_OK);
    assert_true(study.scenario.topic[0].linger_ns == 5 * SIM_MS);
}

static void test_edits_refused(void **state)
{
    static const struct {
        const char *pointer, *value;
        enum sim_errc code;
        const char *at, *says;
    } cases[] = {
        { "", "1", SIM_EUSAGE, "", "missing" },
        { "/a~2", "1", SIM_EUSAGE, "", "JSON Pointer" },
        { "groups/stock", "1", SIM_EUSAGE, "", "begins with /" },
        { "a..b", "1", SIM_EUSAGE, "", "beside a dot" },
        { ".a", "1", SIM_EUSAGE, "", "beside a dot" },
        { "a.", "1", SIM_EUSAGE, "", "beside a dot" },
        { "steps", "[]", SIM_EUSAGE, "", "/stages/accept/steps, /stages/reserve/steps" },
        { "/groups/stock/reads", "{\"created\"", SIM_EUSAGE, "", "begins like JSON" },
        { "/groups/nobody/consumers", "3", SIM_ESCENARIO, "/groups/nobody", "known: stock" },
        { "orders.at_most", "9", SIM_EUSAGE, "", "/tables/orders/at_most, /orders/at_most" },
        { "run.replicatoins", "5", SIM_ESCENARIO, "/run/replicatoins", "did you mean \"replications\"" },
        { "nobody.consumers", "3", SIM_ESCENARIO, "nobody.consumers", "no place" },
        { "/groups/stock/consumer", "3", SIM_ESCENARIO, "/groups/stock/consumer", "did you mean \"consumers\"" },
        { "/groups/stock/consumers", "0", SIM_ESCENARIO, "/groups/stock/consumers", "below the least value 1" },
        { "/groups/stock/consumers", "many", SIM_ESCENARIO, "/groups/stock/consumers", "a whole number" },
        { "/groups/stock/consumers/x", "1", SIM_ESCENARIO, "/groups/stock/consumers", "nothing here" },
        { "/stages/reserve/steps/7", "{}", SIM_ESCENARIO, "/stages/reserve/steps/7", "there are 2" },
        { "/stages/reserve/steps/0/share", "0.5", SIM_ESCENARIO, "/stages/reserve/steps", "add up to 0.5" },
        { "/zebra", "1", SIM_ESCENARIO, "/zebra", "unknown key" },
    };
    struct study study;
    struct finding finding;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum sim_errc code = edit_small(cases[i].pointer, cases[i].value, &study, &finding, *state);
        if (code != cases[i].code || strcmp(finding.pointer, cases[i].at) != 0 ||
            !strstr(finding.message, cases[i].says))
            fail_msg("%s=%s: %d, %s: %s", cases[i].pointer, cases[i].value, code, finding.pointer, finding.message);
    }
}

/* What an edit broke has no place in the text; the shares' array has. */
static void test_places_of_edits(void **state)
{
    struct study study;
    struct finding finding;
    edit_small("/groups/stock/consumers", "0", &study, &finding, *state);
    assert_int_equal(finding.line, 0);
    edit_small("/stages/reserve/steps/0/share", "0.5", &study, &finding, *state);
    assert_int_equal(finding.line, 7);
}

/* ---- findings ---- */

static void test_findings_are_counted_and_sorted(void **state)
{
    struct arena *arena = *state;
    char *text = arena_alloc(arena, 4096), *at = text;
    struct study study;
    struct findings findings;
    struct sim_err err = { 0 };
    at += sprintf(at, "{\n");
    for (int i = 0; i < 20; i++) at += sprintf(at, "\"zz%d\": 0,\n", i);
    sprintf(at, "\"name\": 5}");
    assert_false(study_read_text(&study, text, strlen(text), "x.json", ".", NULL, 0, &findings, arena, &err));
    assert_true(err.code == SIM_ESCENARIO && err.text[0] == '\0' && findings.n == MAX_FINDINGS && findings.n_all == 21);
    for (uint32_t i = 1; i < findings.n; i++) assert_true(findings.finding[i].line >= findings.finding[i - 1].line);
}

/* A key of the text cannot move the terminal's cursor. */
static void test_printed_safely(void **state)
{
    static const char text[] = "{\"a\\u001b[2J\": 1}";
    struct study study;
    struct findings findings;
    char *printed = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&printed, &size);
    assert_non_null(stream);
    study_read_text(&study, text, strlen(text), "x.json", ".", NULL, 0, &findings, *state, NULL);
    findings_print(&findings, "x.json", stream);
    fclose(stream);
    assert_non_null(strstr(printed, "x.json:1:2: /a\\x1b[2J: unknown key"));
    free(printed);
}

static void test_files_that_cannot_be_read(void **state)
{
    struct study study;
    struct findings findings;
    struct sim_err err = { 0 };
    assert_false(study_read(&study, "tests/scenario/none.json", NULL, 0, &findings, *state, &err));
    assert_true(err.code == SIM_ERUNTIME && findings.n_all == 0);
    assert_non_null(strstr(err.where, "none.json"));
    err = (struct sim_err){ 0 };
    assert_false(study_read(&study, "tests/scenario", NULL, 0, &findings, *state, &err));
    assert_int_equal(err.code, SIM_ERUNTIME);
    struct observations observations;
    err = (struct sim_err){ 0 };
    assert_false(observations_read(&observations, "tests/bad/data/broken-observations.json", &findings, *state, &err));
    assert_true(err.code == SIM_ESCENARIO && findings.n_all == 1);
}

/* ---- columns of CSV files ---- */

/* Quoted commas and quotes belong to their field; a byte order mark, blanks and empty lines to none. */
static void test_quoted_fields(void **state)
{
    struct study study;
    struct finding finding;
    const char *trace =
        "{\"executor\": \"trace\", \"file\": \"tests/scenario/data/quoted.csv\", \"column\": \"t_s\"}";
    assert_int_equal(edit_small("/load/scenarios/k6", trace, &study, &finding, *state), SIM_OK);
    const struct load_spec *load = &study.scenario.load[0];
    assert_int_equal(load->n_times, 3);
    assert_true(load->time_ns[0] == 500 * SIM_MS && load->time_ns[1] == 1500 * SIM_MS && load->time_ns[2] == 2 * SIM_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_and_load),
        cmocka_unit_test(test_orders_and_kafka),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_judgement),
        cmocka_unit_test(test_observations),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_scalers),
        cmocka_unit_test(test_scaler_defaults),
        cmocka_unit_test(test_basis),
        cmocka_unit_test(test_basis_of_all),
        cmocka_unit_test(test_resolved_is_as_shipped),
        cmocka_unit_test(test_resolved_reads_back),
        cmocka_unit_test(test_resolved_beside_the_original),
        cmocka_unit_test(test_shipped_files),
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_edits_refused),
        cmocka_unit_test(test_places_of_edits),
        cmocka_unit_test(test_a_scenario_without_a_name_has_its_files),
        cmocka_unit_test(test_findings_are_counted_and_sorted),
        cmocka_unit_test(test_printed_safely),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_quoted_fields),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
