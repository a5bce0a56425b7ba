/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/probe.h"

#include <math.h>

void probe_init(struct probe *probe, const struct point *point, const uint32_t *kept, uint32_t n_kept, uint32_t room,
                struct arena *arena)
{
    *probe = (struct probe){ .point = *point, .n_kept = n_kept, .kept = kept, .room = room };
    probe->value = arena_array(arena, double, (size_t)room * n_kept);
    probe->exit = arena_array(arena, int, room);
}

/* Names of invariants last. */
static const char *broken_in(const struct result *result)
{
    for (uint32_t i = 0; i < result->n_invariants; i++)
        if (result->invariant[i].verdict == VERDICT_BROKEN) return result->invariant[i].name;
    return NULL;
}

/* A system that never settles meets no threshold on its steady state. */
static bool keep_none(struct probe *probe)
{
    for (uint32_t i = 0; i < probe->n_kept; i++) probe->value[(size_t)probe->n * probe->n_kept + i] = (double)NAN;
    probe->unsettled = true;
    probe->exit[probe->n++] = 99;
    return true;
}

/* Results come in the order of jobs, those of one probe in the order of replications. */
static bool keep(void *context, const struct batch_result *got, struct sim_err *err)
{
    (void)err;
    struct probe *probe = (struct probe *)context + got->job->point;
    if (!got->result) return keep_none(probe);
    for (uint32_t i = 0; i < probe->n_kept; i++)
        probe->value[(size_t)probe->n * probe->n_kept + i] = got->result->value[probe->kept[i]];
    if (!probe->broken) probe->broken = broken_in(got->result);
    probe->exit[probe->n++] = result_exit(got->result, &got->desk->study, got->desk->layout);
    return true;
}

bool probes_run(struct probe *probe, uint32_t n_probes, uint32_t until, const struct crew *crew, struct sim_err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct point *point = arena_array(&arena, struct point, n_probes);
    struct batch_job *job = arena_array(&arena, struct batch_job, (size_t)n_probes * until);
    uint32_t n_jobs = 0, n_taken = 0;
    for (uint32_t t = 0; t < n_probes; t++) {
        SIM_ASSERT(until <= probe[t].room);
        point[t] = probe[t].point;
        for (uint32_t r = probe[t].n; r < until; r++)
            job[n_jobs++] = (struct batch_job){ .point = t, .replication = probe[t].first + r };
    }
    const struct batch batch = { .point = point, .n_jobs = n_jobs, .job = job, .n_threads = crew->n_threads,
                                 .terminal = crew->terminal, .context = probe, .take = keep };
    const bool ok = n_jobs == 0 || batch_run(&batch, &n_taken, &arena, err);
    arena_fini(&arena);
    return ok && n_taken == n_jobs;
}
