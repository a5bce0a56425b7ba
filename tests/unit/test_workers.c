/* SPDX-License-Identifier: GPL-3.0-or-later
 * Workers. Goal: every job runs once, is taken once and in order, for any number of threads; what waits stays bounded;
 * a failure and a stop end the work and leave no thread. Method: jobs of unequal length that note what they did. */
#include "sim/lab/workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { N = 500 };

struct ledger {
    atomic_uint runs[N];
    atomic_uint under_way[64]; /* by worker */
    atomic_uint ran_ahead;     /* most jobs run and not yet taken */
    atomic_uint n_run;
    atomic_bool stop;
    uint32_t taken[N], n_taken; /* caller's thread only */
    uint32_t fail_run, fail_take, stop_after;
};

static void ledger_init(struct ledger *ledger)
{
    memset(ledger, 0, sizeof *ledger);
    ledger->fail_run = ledger->fail_take = ledger->stop_after = UINT32_MAX;
}

/* Every seventh job is long, so that later ones overtake it. */
static void toil(uint32_t job)
{
    volatile uint32_t sum = 0;
    for (uint32_t i = 0; i < (job % 7 ? 100u : 20000u); i++) sum = sum + i;
}

static bool run(void *context, uint32_t job, uint32_t worker, struct sim_err *err)
{
    struct ledger *ledger = context;
    assert_int_equal(atomic_fetch_add(&ledger->under_way[worker], 1), 0);
    toil(job);
    atomic_fetch_add(&ledger->runs[job], 1);
    atomic_fetch_add(&ledger->n_run, 1);
    atomic_fetch_sub(&ledger->under_way[worker], 1);
    if (job >= ledger->fail_run) return sim_fail(err, SIM_ERUNTIME, NULL, "job %u", job);
    return !atomic_load(&ledger->stop);
}

static bool take(void *context, uint32_t job, struct sim_err *err)
{
    struct ledger *ledger = context;
    uint32_t waiting = atomic_load(&ledger->n_run) - ledger->n_taken;
    if (waiting > ledger->ran_ahead) ledger->ran_ahead = waiting;
    assert_int_equal(atomic_load(&ledger->runs[job]), 1);
    if (job == ledger->fail_take) return sim_fail(err, SIM_ERUNTIME, "disk", "full at %u", job);
    ledger->taken[ledger->n_taken++] = job;
    if (ledger->n_taken == ledger->stop_after) atomic_store(&ledger->stop, true);
    return true;
}

static bool go_on(void *context) { return !atomic_load(&((struct ledger *)context)->stop); }

static struct work work_on(struct ledger *ledger, uint32_t n_jobs, uint32_t n_threads)
{
    return (struct work){ n_jobs, n_threads, ledger, run, take, go_on, NULL };
}

static void takes_every_job_once_and_in_order(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 16; threads *= 2) {
        struct ledger ledger;
        ledger_init(&ledger);
        struct work work = work_on(&ledger, N, threads);
        struct sim_err err = { 0 };
        assert_true(workers_run(&work, &err));
        assert_int_equal(ledger.n_taken, N);
        for (uint32_t i = 0; i < N; i++) {
            assert_int_equal(ledger.taken[i], i);
            assert_int_equal(ledger.runs[i], 1);
        }
        assert_true(ledger.ran_ahead <= 5 * threads);
    }
}

static bool has_ten(void *context) { return ((struct ledger *)context)->n_taken == 10; }

/* Where it ends does not depend on who ran ahead, nor on what went wrong there. */
static void ends_where_there_is_enough(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 16; threads *= 2) {
        struct ledger ledger;
        ledger_init(&ledger);
        ledger.fail_run = 11;
        struct work work = work_on(&ledger, N, threads);
        work.enough = has_ten;
        struct sim_err err = { 0 };
        assert_true(workers_run(&work, &err));
        assert_int_equal(err.code, SIM_OK);
        assert_int_equal(ledger.n_taken, 10);
        for (uint32_t i = 0; i < 10; i++) assert_int_equal(ledger.taken[i], i);
    }
}

static void needs_no_job_and_no_more_threads_than_jobs(void **state)
{
    (void)state;
    struct ledger ledger;
    ledger_init(&ledger);
    struct sim_err err = { 0 };
    struct work none = work_on(&ledger, 0, 4), few = work_on(&ledger, 2, 32);
    assert_true(workers_run(&none, &err));
    assert_int_equal(ledger.n_taken, 0);
    assert_true(workers_run(&few, &err));
    assert_int_equal(ledger.n_taken, 2);
}

static void a_failed_job_ends_the_work(void **state)
{
    (void)state;
    struct ledger ledger;
    ledger_init(&ledger);
    ledger.fail_run = 40; /* and all later ones: the first in order counts */
    struct work work = work_on(&ledger, N, 4);
    struct sim_err err = { 0 };
    assert_false(workers_run(&work, &err));
    assert_int_equal(err.code, SIM_ERUNTIME);
    assert_string_equal(err.text, "job 40");
    assert_true(atomic_load(&ledger.n_run) < N);
    for (uint32_t i = 0; i < ledger.n_taken; i++) assert_int_equal(ledger.taken[i], i);
}

static void a_failed_take_ends_the_work(void **state)
{
    (void)state;
    struct ledger ledger;
    ledger_init(&ledger);
    ledger.fail_take = 10;
    struct work work = work_on(&ledger, N, 4);
    struct sim_err err = { 0 };
    assert_false(workers_run(&work, &err));
    assert_string_equal(err.where, "disk");
    assert_string_equal(err.text, "full at 10");
    assert_int_equal(ledger.n_taken, 10);
    assert_true(atomic_load(&ledger.n_run) <= 10 + 5 * 4);
}

static void a_stop_keeps_what_was_finished(void **state)
{
    (void)state;
    struct ledger ledger;
    ledger_init(&ledger);
    ledger.stop_after = 25;
    struct work work = work_on(&ledger, N, 3);
    struct sim_err err = { 0 };
    assert_true(workers_run(&work, &err));
    assert_int_equal(err.code, SIM_OK);
    assert_true(ledger.n_taken >= 25 && ledger.n_taken < N);
    for (uint32_t i = 1; i < ledger.n_taken; i++) assert_true(ledger.taken[i] > ledger.taken[i - 1]);
}

/* Jobs that end faster than a tick must not keep go_on from being asked. */
static bool nap(void *context, uint32_t job, uint32_t worker, struct sim_err *err)
{
    (void)context, (void)job, (void)worker, (void)err;
    nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    return true;
}

static bool count(void *context, uint32_t job, struct sim_err *err)
{
    (void)job, (void)err;
    ++*(uint32_t *)context;
    return true;
}

static bool refuse_to_go_on(void *context)
{
    (void)context;
    return false;
}

static void short_jobs_are_stopped_too(void **state)
{
    (void)state;
    uint32_t n_jobs = 4000, n_taken = 0; /* ten seconds of naps on two threads */
    struct work work = { n_jobs, 2, &n_taken, nap, count, refuse_to_go_on, NULL };
    struct sim_err err = { 0 };
    assert_true(workers_run(&work, &err));
    assert_in_range(n_taken, 1, n_jobs - 1);
}

static void there_is_a_processor(void **state)
{
    (void)state;
    assert_true(workers_cores() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_job_once_and_in_order),
        cmocka_unit_test(ends_where_there_is_enough),
        cmocka_unit_test(needs_no_job_and_no_more_threads_than_jobs),
        cmocka_unit_test(a_failed_job_ends_the_work),
        cmocka_unit_test(a_failed_take_ends_the_work),
        cmocka_unit_test(a_stop_keeps_what_was_finished),
        cmocka_unit_test(short_jobs_are_stopped_too),
        cmocka_unit_test(there_is_a_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
