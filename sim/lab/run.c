/* SPDX-License-Identifier: GPL-3.0-or-later
 * The observer of the recorder is wrapped, so that somebody else can see how far the run is, and end it: neither the
 * models nor the recorder know of threads. */
#include "sim/lab/run.h"

#include <time.h>

struct watch {
    const struct observer *recorder;
    const struct replication *replication;
};

static void on_sample(void *context, const struct run_levels *levels)
{
    const struct watch *watch = context;
    if (watch->replication->now_ns)
        atomic_store_explicit(watch->replication->now_ns, levels->at_ns, memory_order_relaxed);
    if (watch->replication->thin) thin_sample(watch->replication->thin, levels);
    if (watch->recorder->on_sample) watch->recorder->on_sample(watch->recorder->context, levels);
}

static void on_checkpoint(void *context, uint32_t checkpoint, const struct run_levels *levels)
{
    const struct watch *watch = context;
    if (watch->recorder->on_checkpoint) watch->recorder->on_checkpoint(watch->recorder->context, checkpoint, levels);
}

static sim_ns on_probe(void *context, const struct run_levels *levels)
{
    const struct watch *watch = context;
    return watch->recorder->on_probe(watch->recorder->context, levels);
}

static void on_end(void *context, const struct run_levels *levels)
{
    const struct watch *watch = context;
    watch->recorder->on_end(watch->recorder->context, levels);
}

static void on_moment(void *context, uint32_t moment, const struct run_levels *levels)
{
    const struct watch *watch = context;
    watch->recorder->on_moment(watch->recorder->context, moment, levels);
}

static void on_order(void *context, const struct order_fact *order)
{
    const struct watch *watch = context;
    watch->recorder->on_order(watch->recorder->context, order);
}

static bool is_stopped(const struct replication *replication)
{
    return replication->stop && atomic_load_explicit(replication->stop, memory_order_relaxed);
}

static bool stopped(void *context) { return is_stopped(((const struct watch *)context)->replication); }

double wall_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct result *replication_run(const struct replication *replication, struct arena *own, struct arena *kept,
                               struct sim_err *err)
{
    static const struct recorder_files none;
    const struct recorder_files *files = replication->files ? replication->files : &none;
    double start_s = wall_now_s();
    arena_reset(own);
    struct recorder *recorder = recorder_open(replication->layout, replication->replication, files, own);
    struct watch watch = { recorder_observer(recorder), replication };
    /* Orders are told one by one; a run that nobody asks for them need not. */
    const struct observer observer = {
        .context = &watch, .on_sample = on_sample, .on_checkpoint = on_checkpoint,
        .on_order = watch.recorder->on_order ? on_order : NULL, .on_probe = on_probe, .on_end = on_end,
        .stopped = stopped, .n_moments = watch.recorder->n_moments, .moment_ns = watch.recorder->moment_ns,
        .on_moment = on_moment
    };
    const struct run_options options = { .observer = &observer, .keep_stage_times = files->orders != NULL };
    struct sim_err run_err = { 0 };
    const struct run_facts *facts =
        pipeline_run(replication->plan, replication->seed, replication->replication, &options, own, &run_err);
    if (!facts) {
        if (!is_stopped(replication)) sim_fail(err, run_err.code, run_err.where, "%s", run_err.text);
        return NULL;
    }
    struct result *result = recorder_close(recorder, facts, kept);
    result->wall_s = wall_now_s() - start_s;
    return result;
}
