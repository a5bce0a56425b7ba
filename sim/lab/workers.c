/* SPDX-License-Identifier: GPL-3.0-or-later
 * One mutex guards all that is shared. The threads take job numbers from a counter; the caller waits until the next job
 * in order is over. A thread does not start a job that lies more than WORKERS_AHEAD jobs for each thread beyond the
 * last one taken: what waits to be taken stays bounded. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "sim/lab/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sim/engine/ns.h"

#define TICK_NS (100 * SIM_MS)

enum job_state { JOB_WAITS, JOB_RUNS, JOB_DONE, JOB_LEFT /* ended without a result */ };

struct shop {
    const struct work *work;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a job is over, one was taken, or the shop closes */
    unsigned char *state;   /* enum job_state, by job */
    uint32_t next;          /* first job not started */
    uint32_t taken;         /* jobs before this one are taken or left */
    bool closed;            /* start nothing more */
    bool over;              /* nothing that happens to a job matters any more */
    struct timespec tick;   /* when go_on is asked next */
    uint32_t failed_job;
    struct sim_err err; /* of failed_job */
};

struct hand {
    pthread_t thread;
    struct shop *shop;
    uint32_t worker;
};

static bool must_wait(const struct shop *shop)
{
    return !shop->closed && shop->next < shop->work->n_jobs &&
           shop->next - shop->taken >= WORKERS_AHEAD * shop->work->n_threads;
}

/* The mutex is held. */
static void note_over(struct shop *shop, uint32_t job, bool done, const struct sim_err *err)
{
    shop->state[job] = done ? JOB_DONE : JOB_LEFT;
    if (!done) shop->closed = true;
    if (!done && !shop->over && err->code != SIM_OK && (shop->err.code == SIM_OK || job < shop->failed_job)) {
        shop->err = *err;
        shop->failed_job = job;
    }
    pthread_cond_broadcast(&shop->changed);
}

static void *hand_main(void *argument)
{
    struct hand *hand = argument;
    struct shop *shop = hand->shop;
    pthread_mutex_lock(&shop->mutex);
    for (;;) {
        while (must_wait(shop)) pthread_cond_wait(&shop->changed, &shop->mutex);
        if (shop->closed || shop->next == shop->work->n_jobs) break;
        uint32_t job = shop->next++;
        shop->state[job] = JOB_RUNS;
        pthread_mutex_unlock(&shop->mutex);
        struct sim_err err = { 0 };
        bool done = shop->work->run(shop->work->context, job, hand->worker, &err);
        pthread_mutex_lock(&shop->mutex);
        note_over(shop, job, done, &err);
    }
    pthread_mutex_unlock(&shop->mutex);
    return NULL;
}

static struct timespec tick_end(void)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    sim_ns at_ns = end.tv_nsec + TICK_NS;
    end.tv_sec += (time_t)(at_ns / SIM_S);
    end.tv_nsec = (long)(at_ns % SIM_S);
    return end;
}

static bool is_over(const struct shop *shop, uint32_t job)
{
    return shop->state[job] == JOB_DONE || shop->state[job] == JOB_LEFT ||
           (shop->state[job] == JOB_WAITS && shop->closed);
}

static bool tick_is_over(const struct shop *shop)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > shop->tick.tv_sec || (now.tv_sec == shop->tick.tv_sec && now.tv_nsec >= shop->tick.tv_nsec);
}

/* Asks go_on once a tick, be the jobs shorter or longer than that. The mutex is held. */
static void ask_go_on(struct shop *shop)
{
    const struct work *work = shop->work;
    if (!tick_is_over(shop)) return;
    shop->tick = tick_end();
    if (!work->go_on) return;
    pthread_mutex_unlock(&shop->mutex);
    bool go_on = work->go_on(work->context);
    pthread_mutex_lock(&shop->mutex);
    if (go_on) return;
    shop->closed = true;
    pthread_cond_broadcast(&shop->changed);
}

/* Waits until `job` is over. The mutex is held. */
static void await_job(struct shop *shop, uint32_t job)
{
    ask_go_on(shop);
    while (!is_over(shop, job)) {
        pthread_cond_timedwait(&shop->changed, &shop->mutex, &shop->tick);
        ask_go_on(shop);
    }
}

static void take_all(struct shop *shop)
{
    const struct work *work = shop->work;
    pthread_mutex_lock(&shop->mutex);
    shop->tick = tick_end();
    bool enough = false;
    for (uint32_t job = 0; job < work->n_jobs && !enough; job++) {
        await_job(shop, job);
        bool take = shop->state[job] == JOB_DONE && (shop->err.code == SIM_OK || job < shop->failed_job);
        pthread_mutex_unlock(&shop->mutex);
        struct sim_err err = { 0 };
        bool ok = !take || work->take(work->context, job, &err);
        enough = take && ok && work->enough && work->enough(work->context);
        pthread_mutex_lock(&shop->mutex);
        shop->taken = job + 1;
        if (ok) pthread_cond_broadcast(&shop->changed);
        else note_over(shop, job, false, &err);
    }
    shop->closed = shop->over = true;
    if (enough) shop->err = (struct sim_err){ 0 }; /* of a job that nobody wanted */
    pthread_cond_broadcast(&shop->changed);
    pthread_mutex_unlock(&shop->mutex);
}

static void shop_init(struct shop *shop)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&shop->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&shop->mutex, NULL);
}

static void shop_fini(struct shop *shop)
{
    pthread_mutex_destroy(&shop->mutex);
    pthread_cond_destroy(&shop->changed);
}

bool workers_run(const struct work *work, struct sim_err *err)
{
    uint32_t n_threads = work->n_threads < work->n_jobs ? work->n_threads : work->n_jobs;
    struct shop shop = { .work = work, .state = calloc(work->n_jobs + 1, 1) };
    struct hand *hand = calloc(n_threads + 1, sizeof *hand);
    if (!shop.state || !hand) {
        free(shop.state);
        free(hand);
        return sim_fail(err, SIM_ERUNTIME, NULL, "out of memory for %u jobs", work->n_jobs);
    }
    shop_init(&shop);
    uint32_t n_started = 0;
    while (n_started < n_threads) {
        hand[n_started] = (struct hand){ .shop = &shop, .worker = n_started };
        if (pthread_create(&hand[n_started].thread, NULL, hand_main, &hand[n_started]) != 0) break;
        n_started++;
    }
    /* A system that gives fewer threads than asked for makes the work slower, not different. */
    if (n_started > 0 || n_threads == 0) take_all(&shop);
    else sim_fail(&shop.err, SIM_ERUNTIME, NULL, "the system gives no thread; try again when less runs on it");
    for (uint32_t i = 0; i < n_started; i++) pthread_join(hand[i].thread, NULL);
    shop_fini(&shop);
    free(shop.state);
    free(hand);
    return shop.err.code == SIM_OK || sim_fail(err, shop.err.code, shop.err.where, "%s", shop.err.text);
}

uint32_t workers_cores(void)
{
    cpu_set_t allowed; /* containers and taskset allow fewer than there are */
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return (uint32_t)CPU_COUNT(&allowed);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint32_t)n : 1;
}
