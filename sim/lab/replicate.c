/* SPDX-License-Identifier: GPL-3.0-or-later
 * A thread has two arenas: one for the run it is at, forgotten with the next, and one for the results it made, which
 * live as long as the outcome. */
#include "sim/lab/replicate.h"

#include <string.h>
#include <sys/resource.h>

#include "sim/lab/interrupt.h"
#include "sim/lab/parts.h"
#include "sim/lab/progress.h"
#include "sim/lab/run.h"
#include "sim/lab/steady.h"
#include "sim/lab/workers.h"

struct lab {
    const struct replicate *replicate;
    const struct plan *plan;
    bool has_parts;
    struct parts parts;
    struct arena *own, *kept; /* by worker */
    struct progress progress;
    atomic_bool stop;
    struct result **result; /* by replication; NULL: not finished */
    struct result **taken;  /* those finished, in order */
    uint32_t n_taken;
    bool enough; /* the precision asked for is reached */
};

static bool run_one(void *context, uint32_t job, uint32_t worker, struct sim_err *err)
{
    struct lab *lab = context;
    struct part_set set;
    struct recorder_files files = { 0 };
    if (lab->has_parts) {
        if (!part_set_open(&set, &lab->parts, job, err)) return false;
        files = part_set_files(&set, &lab->parts);
    }
    const struct replication replication = {
        .plan = lab->plan,
        .layout = lab->replicate->layout,
        .seed = lab->replicate->study->scenario.seed,
        .replication = job,
        .files = &files,
        .stop = &lab->stop,
        .now_ns = &lab->progress.now_ns[worker],
    };
    lab->result[job] = replication_run(&replication, &lab->own[worker], &lab->kept[worker], err);
    atomic_store_explicit(&lab->progress.now_ns[worker], 0, memory_order_relaxed);
    bool ok = lab->result[job] != NULL;
    return lab->has_parts ? part_set_close(&set, &lab->parts, ok, err) : ok;
}

static void note_precision(struct lab *lab, const struct result *result)
{
    struct precision *precision = lab->replicate->precision;
    if (!precision) return;
    precision_take(precision, lab->replicate->layout, result);
    precision_line(precision, lab->progress.interval, sizeof lab->progress.interval);
    progress_expect(&lab->progress, precision_expected(precision));
    lab->enough = precision_enough(precision);
    if (lab->enough) atomic_store(&lab->stop, true); /* nobody waits for the runs under way */
}

static bool take_one(void *context, uint32_t job, struct sim_err *err)
{
    struct lab *lab = context;
    lab->taken[lab->n_taken++] = lab->result[job];
    progress_note_done(&lab->progress, ns_to_s(lab->result[job]->end_ns));
    note_precision(lab, lab->result[job]);
    if (!lab->has_parts || parts_take(&lab->parts, job, err)) return true;
    atomic_store(&lab->stop, true); /* nothing can come of the runs under way */
    return false;
}

static bool enough(void *context) { return ((struct lab *)context)->enough; }

static bool go_on(void *context)
{
    struct lab *lab = context;
    if (interrupt_asked()) atomic_store(&lab->stop, true);
    progress_show(&lab->progress);
    return !atomic_load(&lab->stop);
}

static bool make_outcome(const struct lab *lab, struct outcome *out, double start_s, struct arena *arena,
                         struct sim_err *err)
{
    const struct replicate *replicate = lab->replicate;
    const struct scenario *scenario = &replicate->study->scenario;
    if (lab->n_taken > 0 && !outcome_make(out, replicate->study, replicate->layout, lab->taken, lab->n_taken,
                                          replicate->confidence, scenario->seed, arena, err))
        return false;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    out->interrupted = lab->n_taken < scenario->replications && !lab->enough;
    out->wall_s = wall_now_s() - start_s;
    out->peak_rss_bytes = (double)usage.ru_maxrss * 1024;
    return true;
}

static double expected_s(const struct scenario *scenario)
{
    return ns_to_s(scenario->ends == END_AT ? scenario->end_ns : scenario_orders_end(scenario));
}

static bool run_all(struct lab *lab, uint32_t n_workers, struct arena *arena, struct sim_err *err)
{
    const struct replicate *replicate = lab->replicate;
    const struct scenario *scenario = &replicate->study->scenario;
    lab->own = arena_array(arena, struct arena, n_workers);
    lab->result = arena_array(arena, struct result *, scenario->replications);
    lab->taken = arena_array(arena, struct result *, scenario->replications);
    progress_init(&lab->progress, replicate->terminal, scenario->replications, n_workers, expected_s(scenario), arena);
    const struct work work = { scenario->replications, n_workers, lab, run_one, take_one, go_on, enough };
    bool ok = workers_run(&work, err);
    for (uint32_t i = lab->n_taken; lab->enough && lab->has_parts && i < scenario->replications; i++)
        if (lab->result[i]) parts_drop(&lab->parts, i);
    progress_fini(&lab->progress);
    for (uint32_t i = 0; i < n_workers; i++) arena_fini(&lab->own[i]);
    return ok;
}

bool replicate_run(const struct replicate *replicate, struct replicated *out, struct arena *arena, struct sim_err *err)
{
    uint32_t n = replicate->study->scenario.replications, n_workers = replicate->jobs < n ? replicate->jobs : n;
    double start_s = wall_now_s();
    *out = (struct replicated){ .n_kept = n_workers, .kept = arena_array(arena, struct arena, n_workers) };
    struct lab lab = { .replicate = replicate, .kept = out->kept };
    lab.plan = plan_make(&replicate->study->scenario, arena, err);
    if (!lab.plan) return false;
    if (!steady_settle(replicate->study, lab.plan, arena, err)) {
        out->outcome.interrupted = err->code == SIM_OK;
        return out->outcome.interrupted;
    }
    if (replicate->output) {
        lab.has_parts = parts_open(&lab.parts, replicate->layout, replicate->output, replicate->orders_share, err);
        if (!lab.has_parts) return false;
    }
    bool ok = run_all(&lab, n_workers, arena, err);
    if (lab.has_parts && !parts_close(&lab.parts, ok, err)) ok = false;
    if (ok) ok = make_outcome(&lab, &out->outcome, start_s, arena, err);
    if (ok) return true;
    replicated_fini(out);
    *out = (struct replicated){ 0 };
    return false;
}

void replicated_fini(struct replicated *replicated)
{
    for (uint32_t i = 0; i < replicated->n_kept; i++) arena_fini(&replicated->kept[i]);
    replicated->n_kept = 0;
}
