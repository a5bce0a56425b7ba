/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: queues whose means are known in closed form come out right: M/M/1, M/D/1, M/G/1, M/M/c, two-way fork-join.
 * Method: each is a scenario; the figure of every replication is one value, and the closed form must lie inside the
 * 99.9 % interval of its mean, whose half-width is asserted to be at most 3 %: a model off by more than that fails.
 * Seeds are fixed, so that a test that passes goes on passing. Runs start empty and count all orders. What the start
 * takes off is known in closed form too, and asserted to be less than a tenth of the half-width. In every run
 * Little's law holds to the last ns. Times are multiples of the mean service time, 10 ms. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "sim/engine/infer.h"
#include "tests/support/trial.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

enum { RUNS_MAX = 100 };
#define CONFIDENCE 0.999
#define WIDEST     0.03
#define SERVICE_S  0.01

/* ---- figures of a run, in service times; busy servers ---- */

static double mean(const struct tally *tally) { return tally_mean_s(tally) / SERVICE_S; }

static double wait_of(const struct run_facts *facts) { return mean(&facts->group[0].wait); }
static double other_wait_of(const struct run_facts *facts) { return mean(&facts->group[1].wait); }
static double completion_of(const struct run_facts *facts) { return mean(&facts->completion); }
static double connection_wait_of(const struct run_facts *facts) { return mean(&facts->process[0].connection_wait); }
static double api_of(const struct run_facts *facts) { return mean(&facts->process[0].api); }
static double p95_of(const struct run_facts *facts) { return tally_percentile_s(&facts->completion, 0.95) / SERVICE_S; }
static double p99_of(const struct run_facts *facts) { return tally_percentile_s(&facts->completion, 0.99) / SERVICE_S; }

static double busy_of(const struct run_facts *facts)
{
    return (double)facts->group[0].busy_ns / (double)facts->load_end_ns;
}

static double connection_p95_of(const struct run_facts *facts)
{
    return tally_percentile_s(&facts->process[0].connection_wait, 0.95) / SERVICE_S;
}

struct figure {
    const char *name;
    double (*of)(const struct run_facts *facts);
    double expected;
    double start_bias; /* what an empty start takes off at most, as a share */
};

static void expect_figure(const char *queue, const struct figure *figure, const double *value, uint32_t n_runs)
{
    struct infer_mean seen = infer_mean(value, n_runs, CONFIDENCE);
    double half_share = seen.half_width / figure->expected;
    print_message("%s, %s: %.4f +- %.4f (%.2f %%), expected %.4f; start takes %.4f %%\n", queue, figure->name,
                  seen.mean, seen.half_width, 100 * half_share, figure->expected, 100 * figure->start_bias);
    if (fabs(seen.mean - figure->expected) > seen.half_width) fail_msg("%s, %s", queue, figure->name);
    assert_true(half_share < WIDEST);
    assert_true(figure->start_bias < half_share / 10);
}

static void expect_figures(struct trial *trial, const char *queue, uint32_t n_runs, const struct figure *figure,
                           uint32_t n_figures)
{
    double value[8][RUNS_MAX];
    assert_true(n_runs <= RUNS_MAX && n_figures <= COUNT(value));
    for (uint32_t r = 0; r < n_runs; r++) {
        const struct run_facts *facts = trial_run(trial, r, NULL);
        trial_expect_sound(trial, facts);
        for (uint32_t i = 0; i < n_figures; i++) value[i][r] = figure[i].of(facts);
    }
    for (uint32_t i = 0; i < n_figures; i++) expect_figure(queue, &figure[i], value[i], n_runs);
}

/* ---- one server ---- */

/* Work S of one order: E S = 1, E S^2, E S^3. */
struct work {
    double second, third;
};

static double mg1_wait(double load, struct work work) { return load * work.second / (2 * (1 - load)); }

/* The work V that an order finds obeys d/dt E V^2 = load E S^2 - 2 (1 - load) E V. Integrated from an empty start: how
 * far E V lies below its mean adds up, over all time, to the mean of V^2 / (2 (1 - load)). */
static double mg1_shortfall(double load, struct work work)
{
    double wait = mg1_wait(load, work);
    return (2 * wait * wait + load * work.third / (3 * (1 - load))) / (2 * (1 - load));
}

#define LOAD  0.8
#define RUN_S 2500.0

static void open_single(struct trial *trial, const char *time)
{
    const struct study_edit edits[] = { { "/load/scenarios/orders",
                                          TRIAL_JSON({ "executor" : "poisson", "rate" : 80, "duration" : "2500s" }) },
                                        { "/stages/serve/time", time } };
    trial_open(trial, QUEUE_SCENARIO, edits, COUNT(edits));
}

static double single_bias(struct work work)
{
    return mg1_shortfall(LOAD, work) / (RUN_S / SERVICE_S) / mg1_wait(LOAD, work);
}

static void test_mm1(void **state)
{
    static const struct work exponential = { 2, 6 };
    const double bias = single_bias(exponential);
    const struct figure figures[] = {
        { "wait", wait_of, LOAD / (1 - LOAD), bias },
        { "sojourn", completion_of, 1 / (1 - LOAD), bias },
        { "sojourn p95", p95_of, -log(0.05) / (1 - LOAD), bias },
        { "sojourn p99", p99_of, -log(0.01) / (1 - LOAD), bias },
        { "busy", busy_of, LOAD, 0 },
    };
    struct trial trial;
    (void)state;
    assert_true(fabs(mg1_wait(LOAD, exponential) - figures[0].expected) < 1e-12);
    open_single(&trial, TRIAL_JSON({ "family" : "exponential", "mean" : "10ms" }));
    expect_figures(&trial, "M/M/1", 50, figures, COUNT(figures));
    trial_close(&trial);
}

static void test_md1(void **state)
{
    static const struct work constant = { 1, 1 };
    const struct figure figures[] = { { "wait", wait_of, mg1_wait(LOAD, constant), single_bias(constant) },
                                      { "busy", busy_of, LOAD, 0 } };
    struct trial trial;
    (void)state;
    open_single(&trial, "10ms");
    expect_figures(&trial, "M/D/1", 20, figures, COUNT(figures));
    trial_close(&trial);
}

static void test_mg1(void **state)
{
    static const struct work lognormal = { 5, 125 }; /* cv 2: powers of 1 + cv^2 */
    const double wait = mg1_wait(LOAD, lognormal), bias = single_bias(lognormal);
    const struct figure figures[] = { { "wait", wait_of, wait, bias },
                                      { "sojourn", completion_of, wait + 1, bias },
                                      { "busy", busy_of, LOAD, 0 } };
    struct trial trial;
    (void)state;
    open_single(&trial, TRIAL_JSON({ "family" : "lognormal", "mean" : "10ms", "cv" : 2 }));
    expect_figures(&trial, "M/G/1", 100, figures, COUNT(figures));
    trial_close(&trial);
}

/* ---- connections of a pool ---- */

/* Share of orders that wait for one of c servers (Erlang C). */
static double erlang_c(uint32_t c, double offered)
{
    double blocked = 1;
    for (uint32_t k = 1; k <= c; k++) blocked = offered * blocked / (k + offered * blocked);
    return blocked / (1 - offered / c * (1 - blocked));
}

static double next_share(double share, uint32_t j, uint32_t c, double offered)
{
    return share * offered / (j + 1 < c ? j + 1 : c);
}

/* The same for c servers. Orders are a chain of births and deaths: with j of them a share p(j) of the time, and a wait
 * of w(j) for one that comes then, having begun with one more at j is felt by the sum up to j of p (mean - w), divided
 * by offered p(j). */
static double mmc_shortfall(uint32_t c, double offered)
{
    const double mean_wait = erlang_c(c, offered) / (c - offered), least = 1e-14;
    double whole = 0, below = 0, sum = 0, shortfall = 0;
    uint32_t j = 0;
    for (double share = 1; share > least; share = next_share(share, j++, c, offered)) whole += share;
    j = 0;
    for (double share = 1 / whole; share > least; share = next_share(share, j++, c, offered)) {
        below += share;
        sum += share * (mean_wait - (j < c ? 0 : (j - c + 1.0) / c));
        shortfall += sum / (offered * share) * (1 - below);
    }
    return shortfall;
}

#define POOL_RUN_S 600.0

/* clang-format off */
static const char POOL[] = TRIAL_JSON({
    "name": "pool",
    "load": { "scenarios": { "orders": { "executor": "poisson", "rate": 300, "duration": "600s" } } },
    "kafka": { "partitions": 1, "fetch_order": "arrival" },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": { "api": { "connections": 4, "connection_timeout": "1h",
                            "api": { "threads": 1000, "stage": "accept" } },
                   "end": { "connections": 0, "groups": "all" } },
    "groups": { "end": { "consumers": 1, "reads": { "orders": "end" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders", "time": { "family": "exponential", "mean": "10ms" } },
                               { "publish": "orders" }, { "reply": 202 } ] },
        "end": { "steps": [ { "status": "PAID" } ] }
    }
});
/* clang-format on */

static void test_mmc(void **state)
{
    enum { SERVERS = 4 };
    const double offered = 3, waits = erlang_c(SERVERS, offered), wait = waits / (SERVERS - offered);
    const double bias = mmc_shortfall(SERVERS, offered) / (POOL_RUN_S / SERVICE_S) / wait;
    const struct figure figures[] = {
        { "wait", connection_wait_of, wait, bias },
        { "sojourn", api_of, wait + 1, bias },
        { "wait p95", connection_p95_of, log(waits / 0.05) / (SERVERS - offered), bias },
    };
    struct trial trial;
    (void)state;
    assert_true(fabs(waits - 0.509434) < 5e-7);
    assert_true(fabs(mmc_shortfall(1, LOAD) - mg1_shortfall(LOAD, (struct work){ 2, 6 })) < 1e-6);
    trial_open(&trial, POOL, NULL, 0);
    expect_figures(&trial, "M/M/4", 50, figures, COUNT(figures));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->process[0].connections_peak, SERVERS);
    assert_true(facts->process[0].api_threads_peak < 1000); /* nobody waits for anything else */
    assert_int_equal(facts->process[0].connections_timed_out, 0);
    trial_close(&trial);
}

/* ---- fork and join ---- */

/* clang-format off */
static const char FORK_JOIN[] = TRIAL_JSON({
    "name": "fork-join",
    "load": { "scenarios": { "orders": { "executor": "poisson", "rate": 80, "duration": "2500s" } } },
    "kafka": { "partitions": 1, "fetch_order": "arrival" },
    "topics": { "orders": {}, "left-done": {}, "right-done": {}, "joined": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": { "shop": { "connections": 0, "api": { "threads": 1, "stage": "accept" }, "groups": "all" } },
    "groups": {
        "left": { "consumers": 1, "reads": { "orders": "serve-left" } },
        "right": { "consumers": 1, "reads": { "orders": "serve-right" } },
        "join": { "consumers": 1, "reads": { "left-done": "join", "right-done": "join" } },
        "end": { "consumers": 1, "reads": { "joined": "end" } }
    },
    "flow": { "legs": { "left": { "ok": "left-done" }, "right": { "ok": "right-done" } },
              "then": { "publish": "joined" } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve-left": { "time": { "family": "exponential", "mean": "10ms" },
                        "steps": [ { "work": "serve", "share": 1 }, { "publish": "left-done" } ] },
        "serve-right": { "time": { "family": "exponential", "mean": "10ms" },
                         "steps": [ { "work": "serve", "share": 1 }, { "publish": "right-done" } ] },
        "join": { "steps": [ { "join": "order" } ] },
        "end": { "steps": [ { "status": "PAID" } ] }
    }
});
/* clang-format on */

/* An order is complete with the later of its two answers. Coupled with queues that have gone on for ever, each leg of a
 * run that starts empty is early by its own shortfall, and the later one by no more than both together. */
static void test_fork_join(void **state)
{
    static const struct work exponential = { 2, 6 };
    const double later = (12 - LOAD) / 8 / (1 - LOAD);
    const double bias = single_bias(exponential), later_bias = 2 * bias * LOAD / (1 - LOAD) / later;
    const struct figure figures[] = { { "later leg", completion_of, later, later_bias },
                                      { "left wait", wait_of, LOAD / (1 - LOAD), bias },
                                      { "right wait", other_wait_of, LOAD / (1 - LOAD), bias } };
    struct trial trial;
    (void)state;
    assert_true(fabs(later - 7) < 1e-12);
    trial_open(&trial, FORK_JOIN, NULL, 0);
    expect_figures(&trial, "fork-join", 25, figures, COUNT(figures));
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mm1), cmocka_unit_test(test_md1),       cmocka_unit_test(test_mg1),
        cmocka_unit_test(test_mmc), cmocka_unit_test(test_fork_join),
    };
    return cmocka_run_group_tests_name("queues", tests, NULL, NULL);
}
