/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/sweep.h"

#include <cjson/cJSON.h>

#include "sim/scenario/json.h"

/* A value as it was read: JSON, or else a bare string. */
static const char *as_json(const char *value, struct arena *arena)
{
    cJSON *json = json_value(value, arena);
    if (!json) json = cJSON_CreateString(value);
    char *text = cJSON_PrintUnformatted(json);
    const char *kept = arena_strdup(arena, text);
    cJSON_free(text);
    cJSON_Delete(json);
    return kept;
}

bool sweep_points(const struct point *point, uint32_t n, uint32_t n_base_edits, struct store_point **out,
                  struct desk *desk, struct findings *findings, struct arena *arena, struct sim_err *err)
{
    *out = arena_array(arena, struct store_point, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t n_params = point[i].n_edits - n_base_edits;
        struct store_param *param = arena_array(arena, struct store_param, n_params);
        if (!desk_open(desk, &point[i], findings, err) || !desk_plan(desk, err)) return false;
        for (uint32_t p = 0; p < n_params; p++)
            param[p] = (struct store_param){ arena_strdup(arena, desk->study.edit_at[n_base_edits + p]),
                                             as_json(point[i].edit[n_base_edits + p].value, arena) };
        (*out)[i] = (struct store_point){ point[i].label, n_params, param };
    }
    return true;
}

/* ---- unknown values ---- */

enum { BLOCK = 10 /* fixed: a file that goes on with more replications keeps those it has */ };

const struct point *sweep_drawn_points(const struct point *point, uint32_t n_points, const struct unknown *unknown,
                                       uint32_t n_unknowns, uint64_t seed, uint32_t replications, struct arena *arena)
{
    struct point *drawn = arena_array(arena, struct point, (size_t)n_points * replications);
    for (uint32_t r = 0; r < replications; r++) {
        double share[UNKNOWNS_MAX];
        for (uint32_t u = 0; u < n_unknowns; u++) share[u] = unknown_share(seed, u, r, BLOCK);
        for (uint32_t p = 0; p < n_points; p++)
            drawn[(size_t)p * replications + r] = point_at(&point[p], unknown, n_unknowns, share, arena);
    }
    return drawn;
}

/* ---- runs ---- */

static bool keep_drawn(const struct sweep *sweep, const struct batch_result *got, struct sim_err *err)
{
    const struct point *drawn = &sweep->drawn[got->job->point];
    struct store_param draw[UNKNOWNS_MAX];
    struct arena own = { 0 };
    for (uint32_t u = 0; u < sweep->n_unknowns; u++)
        draw[u] = (struct store_param){ sweep->unknown[u].at,
                                        as_json(drawn->edit[drawn->n_edits - sweep->n_unknowns + u].value, &own) };
    const bool ok = store_add(sweep->store, got->job->point / sweep->replications, got->desk->layout, got->result,
                              result_exit(got->result, &got->desk->study, got->desk->layout), got->thin, draw,
                              sweep->n_unknowns, err);
    arena_fini(&own);
    return ok;
}

static bool keep(void *context, const struct batch_result *got, struct sim_err *err)
{
    const struct sweep *sweep = context;
    if (sweep->n_unknowns > 0) return keep_drawn(sweep, got, err);
    return store_add(sweep->store, got->job->point, got->desk->layout, got->result,
                     result_exit(got->result, &got->desk->study, got->desk->layout), got->thin, NULL, 0, err);
}

bool sweep_run(const struct sweep *sweep, bool *interrupted, struct arena *arena, struct sim_err *err)
{
    struct batch_job *job = arena_array(arena, struct batch_job, (size_t)sweep->n_points * sweep->replications);
    uint32_t n_jobs = 0, n_taken = 0;
    for (uint32_t p = 0; p < sweep->n_points; p++)
        for (uint32_t r = 0; r < sweep->replications; r++) {
            const uint32_t point = sweep->n_unknowns > 0 ? p * sweep->replications + r : p;
            if (!store_has(sweep->store, p, r)) job[n_jobs++] = (struct batch_job){ point, r, .curves = r == 0 };
        }
    struct sweep copy = *sweep;
    const struct batch batch = { .point = sweep->n_unknowns > 0 ? sweep->drawn : sweep->point, .n_jobs = n_jobs, .job = job,
                                 .n_threads = sweep->n_threads, .ranks = sweep->ranks, .terminal = sweep->terminal,
                                 .context = &copy, .take = keep };
    bool ok = n_jobs == 0 || batch_run(&batch, &n_taken, arena, err);
    *interrupted = ok && n_taken < n_jobs;
    return ok;
}
