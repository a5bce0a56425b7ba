/* SPDX-License-Identifier: GPL-3.0-or-later
 * Autoscalers with drawn options over drawn loads, assignors, commit modes and kill times, some pods crashing: whatever
 * comes and goes, no order is lost, nothing comes twice unless somebody died, the pods stay within their bounds, and
 * what they cost is what the samples add up to.
 *   test_random_scalers [SEED [N]]      one seed again */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/engine/random.h"
#include "tests/support/trial.h"

/* clang-format off */
static const char PIPELINE[] = TRIAL_JSON({
    "run": { "at_most": "6h" },
    "load": { "scenarios": {
        "orders": { "executor": "poisson", "rate": 40, "duration": "6m" } } },
    "orders": { "item": { "uniform": [1, 50] } },
    "kafka": { "append": "1ms", "fetch": { "mean": "1ms", "cv": 0.3 }, "commit": { "mean": "3ms", "cv": 0.3 } },
    "topics": { "orders": {}, "done": { "partitions": 2 } },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 50, "quantity": 1000000 } },
    "locks": { "item": { "key": "item", "wait": "30s", "lease": "watchdog" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 1000, "stage": "accept" } },
        "back": { "connections": 3, "groups": ["servers"] },
        "rest": { "connections": 0, "groups": ["finishers"] }
    },
    "groups": {
        "servers": { "consumers": 1, "reads": { "orders": "serve" } },
        "finishers": { "consumers": 1, "reads": { "done": "finish" } }
    },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "time": { "mean": "20ms", "cv": 0.5 }, "steps": [
            { "lock": "item", "share": 0.1 }, { "begin": "stock" }, { "once": "order_id" },
            { "write": "stock", "style": "conditional", "effect": "reserve", "share": 0.5 },
            { "commit": "stock", "share": 0.3 }, { "unlock": "item", "share": 0.1 }, { "publish": "done" } ] },
        "finish": { "steps": [ { "work": "finish", "time": "1ms" }, { "once": "order_id" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

struct dice {
    uint64_t state;
};

static uint32_t draw(struct dice *dice, uint32_t n)
{
    dice->state = random_mix(dice->state + 1);
    return (uint32_t)(dice->state >> 32) % n;
}

enum { EDITS = 16, WORDS = 700 };

struct drawn_scaler {
    uint32_t pods, of_pod, least, most;
    bool crashes;
    char text[EDITS][WORDS];
    struct study_edit edit[EDITS];
    uint32_t n;
};

#define EDIT(drawn, at, ...)                                                                                           \
    do {                                                                                                               \
        snprintf((drawn)->text[(drawn)->n], WORDS, __VA_ARGS__);                                                       \
        (drawn)->edit[(drawn)->n] = (struct study_edit){ at, (drawn)->text[(drawn)->n] };                              \
        (drawn)->n++;                                                                                                  \
    } while (0)

static const char *const truth[] = { "false", "true" };

static void draw_scaler(struct drawn_scaler *drawn, struct dice *dice)
{
    static const char *const rules[] = {
        "",
        ", \"behavior\": {}",
        ", \"behavior\": {\"scale_down\": {\"stabilization_window\": \"20s\", \"policies\": [{\"pods\": 1, \"period\": "
        "\"30s\"}]}}",
        ", \"behavior\": {\"scale_up\": {\"stabilization_window\": \"30s\", \"select_policy\": \"min\"},"
        " \"scale_down\": {\"stabilization_window\": \"0s\"}}",
    };
    /* KEDA's limits go together as KEDA lets them. */
    const uint32_t limit = draw(dice, 3);
    EDIT(drawn, "/scalers",
         "{\"s\": {\"group\": \"servers\"%s, \"lag_threshold\": %u, \"allow_idle_consumers\": %s,"
         " \"limit_to_partitions_with_lag\": %s, \"ensure_even_distribution_of_partitions\": %s,"
         " \"exclude_persistent_lag\": %s, \"use_cached_metrics\": %s, \"min_replica_count\": %u, "
         "\"max_replica_count\": %u,"
         " \"polling_interval\": \"%us\", \"cooldown_period\": \"%us\", \"sync_period\": \"%us\", \"tolerance\": %g,"
         " \"downscale_stabilization\": \"%us\", \"pod_start\": {\"mean\": \"%ums\", \"cv\": 0.4}, \"kill_after\": "
         "\"%ums\"%s}}",
         limit > 0 ? ", \"topic\": \"orders\"" : "", 1 + draw(dice, 400), truth[draw(dice, 2) && limit != 1],
         truth[limit == 1], truth[limit == 2], truth[draw(dice, 3) == 0], truth[draw(dice, 2)], drawn->least,
         drawn->most, 1 + draw(dice, 40),
         draw(dice, 2) * draw(dice, 200), 1 + draw(dice, 20), draw(dice, 3) * 0.1, draw(dice, 2) * draw(dice, 200),
         1 + draw(dice, 2) * draw(dice, 30000), draw(dice, 2) ? 60000 : draw(dice, 60), rules[draw(dice, 4)]);
}

static void draw_all(struct drawn_scaler *drawn, uint64_t seed)
{
    static const char *const assignors[] = { "range", "round-robin", "cooperative-sticky" };
    static const char *const modes[] = { "batch", "record", "batch" };
    struct dice dice = { seed };
    *drawn = (struct drawn_scaler){ .pods = 1 + draw(&dice, 3),
                                    .of_pod = 1 + draw(&dice, 2),
                                    .least = draw(&dice, 3),
                                    .crashes = draw(&dice, 4) == 0 };
    drawn->most = drawn->pods + drawn->least + draw(&dice, 5);
    draw_scaler(drawn, &dice);
    EDIT(drawn, "/run/seed", "%llu", (unsigned long long)seed); /* else all have the same faults */
    EDIT(drawn, "/groups/servers/consumers", "%u", drawn->pods * drawn->of_pod);
    EDIT(drawn, "/processes/back/instances", "%u", drawn->pods);
    EDIT(drawn, "/kafka/partitions", "%u", 1 + draw(&dice, 6));
    EDIT(drawn, "/kafka/max_poll_records", "%u", 1 + draw(&dice, 500));
    EDIT(drawn, "/kafka/assignor", "%s", assignors[draw(&dice, 3)]);
    EDIT(drawn, "/groups/servers/commit_mode", "%s", modes[draw(&dice, 3)]);
    EDIT(drawn, "/kafka/static_members", "%s", truth[draw(&dice, 5) == 0]);
    EDIT(drawn, "/groups/servers/cold", "%s", truth[draw(&dice, 6) == 0]);
    EDIT(drawn, "/groups/servers/reset", "earliest");
    if (draw(&dice, 2))
        EDIT(drawn, "/load/scenarios/orders",
             "{\"executor\": \"bursts\", \"size\": %u, \"every\": \"%us\", \"duration\": \"%us\", \"startTime\": "
             "\"10s\"}",
             1 + draw(&dice, 3000), 60 + draw(&dice, 400), 60 + draw(&dice, 600));
    if (drawn->crashes)
        EDIT(drawn, "/faults",
             "{\"oom\": {\"crash\": \"back\", \"rate_per_h\": 20, \"until\": \"10m\", \"back_after\": \"5s\"}}");
}

/* ---- one run ---- */

enum { SECONDS = 6 * 3600 + 1 };

struct sums {
    uint32_t pods[SECONDS];
    bool outside;
    uint32_t most, least;
};

static void on_sample(void *context, const struct run_levels *levels)
{
    struct sums *sums = context;
    const struct scaler_level *level = &levels->scaler[0];
    sums->pods[levels->at_ns / SIM_S] = level->starting + level->ready + level->ending;
    sums->outside |= level->replicas > sums->most || (levels->at_ns > 100 * SIM_S && level->replicas < sums->least) ||
                     level->ready + level->starting > level->replicas;
}

static uint64_t pod_seconds(const struct sums *sums, sim_ns end_ns)
{
    uint64_t sum = 0;
    for (sim_ns t = 0; t * SIM_S < end_ns; t++) sum += sums->pods[t];
    return sum;
}

struct coverage {
    unsigned long long ups, downs, killed, from_zero, rebalances, crashes;
};

static void check(uint64_t seed, struct coverage *coverage)
{
    struct drawn_scaler drawn;
    struct trial trial;
    draw_all(&drawn, seed);
    static struct sums sums;
    sums = (struct sums){ .most = drawn.most, .least = drawn.least };
    const struct observer observer = { .context = &sums, .on_sample = on_sample };
    trial_open(&trial, PIPELINE, drawn.edit, drawn.n);
    const struct run_facts *facts = trial_run(&trial, 0, &observer);
    const struct scaler_facts scaler = facts->scaler[0];
    const struct group_facts *group = &facts->group[0];
    const uint64_t fingerprint = facts->fingerprint;
#define EXPECT(condition)                                                                                              \
    if (!(condition)) fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, #condition, drawn.text[0])
    for (uint32_t i = 0; i < facts->n_invariants; i++)
        if (facts->invariant[i].violations > 0)
            fail_msg("seed %llu: %s: %s\n%s", (unsigned long long)seed, facts->invariant[i].name,
                     facts->invariant[i].first_what, drawn.text[0]);
    EXPECT(!trial_path_fault(facts) && facts->path.n > 0);
    EXPECT(!facts->cut);
    EXPECT(facts->orders.created > 0 && facts->orders.by_status[ORDER_PAID] == facts->orders.created);
    EXPECT(group->processed == facts->orders.created);
    EXPECT(group->duplicates == 0 || scaler.killed > 0 || drawn.crashes);
    EXPECT(!sums.outside && scaler.peak_replicas <= drawn.most);
    EXPECT(scaler.peak_consumers <= drawn.most * drawn.of_pod);
    const double cost_s = (double)scaler.consumer_ns * 1e-9;
    const double sampled_s = (double)pod_seconds(&sums, facts->end_ns) * drawn.of_pod;
    /* A pod that comes or goes is a second wrong at the most, and so are those there at the end. */
    const double slack_s = (double)((1 + scaler.ups + scaler.downs) * drawn.most) * drawn.of_pod;
    EXPECT(fabs(cost_s - sampled_s) <= slack_s);
    EXPECT((double)group->busy_ns * 1e-9 <= cost_s + 1e-6);
    coverage->ups += scaler.ups;
    coverage->downs += scaler.downs;
    coverage->killed += scaler.killed;
    coverage->from_zero += scaler.from_zero;
    coverage->rebalances += group->rebalances;
    coverage->crashes += drawn.crashes && facts->fault[0].happened > 0;
    EXPECT(trial_run(&trial, 0, NULL)->fingerprint == fingerprint);
#undef EXPECT
    trial_close(&trial);
}

struct range {
    uint64_t first, n;
};

static void test_drawn_scalers(void **state)
{
    const struct range *range = *state;
    struct coverage seen = { 0 };
    for (uint64_t seed = range->first; seed < range->first + range->n; seed++) check(seed, &seen);
    if (range->n < 300) return;
    assert_true(seen.ups > 400 && seen.downs > 400 && seen.killed > 20 && seen.from_zero > 20 && seen.crashes > 20);
    assert_true(seen.rebalances > 600);
}

int main(int argc, char **argv)
{
    struct range range = { .first = 1, .n = 300 };
    if (argc > 1) range.first = strtoull(argv[1], NULL, 10), range.n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(test_drawn_scalers, &range) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
