/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/sweep.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* Those of the point before, where they are the same: most points name the same files. */
static void take_inputs(struct store_point *out, const struct study *study, const struct store_point *before,
                        struct arena *arena)
{
    bool same = before && before->n_inputs == study->n_inputs;
    for (uint32_t i = 0; same && i < study->n_inputs; i++)
        same = strcmp(before->input[i].name, study->input[i].copy) == 0 &&
               strcmp(before->input[i].sha256, study->input[i].sha256) == 0;
    struct store_input *input = same ? NULL : arena_array(arena, struct store_input, study->n_inputs);
    for (uint32_t i = 0; !same && i < study->n_inputs; i++)
        input[i] = (struct store_input){ arena_strdup(arena, study->input[i].copy),
                                         arena_strdup(arena, study->input[i].sha256) };
    out->n_inputs = study->n_inputs;
    out->input = same ? before->input : input;
}

static void take_targets(struct store_point *out, const struct study *study, struct arena *arena)
{
    const char **target = arena_array(arena, const char *, study->n_thresholds);
    for (uint32_t i = 0; i < study->n_thresholds; i++) target[i] = arena_strdup(arena, study->threshold[i].metric);
    out->n_targets = study->n_thresholds;
    out->target = target;
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
        (*out)[i] = (struct store_point){ .label = point[i].label, .n_params = n_params, .param = param };
        take_inputs(&(*out)[i], &desk->study, i > 0 ? &(*out)[i - 1] : NULL, arena);
        take_targets(&(*out)[i], &desk->study, arena);
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

static uint32_t point_of(const struct sweep *sweep, const struct batch_job *job)
{
    return sweep->n_unknowns > 0 ? job->point / sweep->replications : job->point;
}

/* Whether the point needs this replication still; then its precision has taken it. */
static bool is_wanted(const struct sweep *sweep, const struct batch_result *got)
{
    struct precision *precision = &sweep->precision[point_of(sweep, got->job)];
    if (precision_enough(precision)) return false;
    precision_take(precision, got->desk->layout, got->result);
    return true;
}

static bool keep_drawn(const struct sweep *sweep, const struct batch_result *got, struct sim_err *err)
{
    const struct point *drawn = &sweep->drawn[got->job->point];
    struct store_param draw[UNKNOWNS_MAX];
    struct arena own = { 0 };
    for (uint32_t u = 0; u < sweep->n_unknowns; u++)
        draw[u] = (struct store_param){ sweep->unknown[u].at,
                                        as_json(drawn->edit[drawn->n_edits - sweep->n_unknowns + u].value, &own) };
    const bool ok = store_add(sweep->store, point_of(sweep, got->job), got->desk->layout, got->result,
                              result_exit(got->result, &got->desk->study, got->desk->layout), got->thin, draw,
                              sweep->n_unknowns, err);
    arena_fini(&own);
    return ok;
}

static bool note_gap(const struct sweep *sweep, const struct batch_result *got)
{
    struct sweep_gap *gap = &sweep->gap[point_of(sweep, got->job)];
    if (gap->n++ == 0) snprintf(gap->why, sizeof gap->why, "%s", got->unsettled);
    return true;
}

static bool keep(void *context, const struct batch_result *got, struct sim_err *err)
{
    const struct sweep *sweep = context;
    if (!got->result) return note_gap(sweep, got);
    if (sweep->precision && !is_wanted(sweep, got)) return true;
    if (sweep->n_unknowns > 0) return keep_drawn(sweep, got, err);
    return store_add(sweep->store, got->job->point, got->desk->layout, got->result,
                     result_exit(got->result, &got->desk->study, got->desk->layout), got->thin, NULL, 0, err);
}

/* Replications first to last - 1 of a point, as far as the store lacks them; returns how many jobs there are then. */
static uint32_t add_jobs(const struct sweep *sweep, struct batch_job *job, uint32_t n_jobs, uint32_t point,
                         uint32_t first, uint32_t last)
{
    for (uint32_t r = first; r < last; r++)
        if (!store_has(sweep->store, point, r))
            job[n_jobs++] = (struct batch_job){ sweep->n_unknowns > 0 ? point * sweep->replications + r : point, r,
                                                .curves = r == 0 };
    return n_jobs;
}

static bool run_jobs(const struct sweep *sweep, const struct batch_job *job, uint32_t n_jobs, bool *interrupted,
                     struct arena *arena, struct sim_err *err)
{
    struct sweep copy = *sweep;
    uint32_t n_taken = 0;
    const struct batch batch = { .point = sweep->n_unknowns > 0 ? sweep->drawn : sweep->point,
                                 .n_jobs = n_jobs,
                                 .job = job,
                                 .n_threads = sweep->n_threads,
                                 .ranks = sweep->ranks,
                                 .terminal = sweep->terminal,
                                 .context = &copy,
                                 .take = keep };
    bool ok = n_jobs == 0 || batch_run(&batch, &n_taken, arena, err);
    *interrupted = ok && n_taken < n_jobs;
    return ok;
}

/* ---- as many as it takes ---- */

enum { ROUND = 10 /* replications of a point; so many at most are made and not kept */ };

/* What the file has of the point, in the order of replications; the first that is missing. */
static uint32_t take_stored(const struct sweep *sweep, uint32_t point, struct arena *arena)
{
    struct precision *precision = &sweep->precision[point];
    double **stored = arena_array(arena, double *, precision->n_aims);
    double *value = arena_array(arena, double, precision->n_aims);
    uint32_t *n_stored = arena_array(arena, uint32_t, precision->n_aims), n = 0;
    while (n < sweep->replications && store_has(sweep->store, point, n)) n++;
    for (uint32_t i = 0; i < precision->n_aims; i++)
        n_stored[i] = store_values(sweep->store, point, precision->aim[i].path, &stored[i], NULL, arena);
    for (uint32_t r = 0; r < n && !precision_enough(precision); r++) {
        for (uint32_t i = 0; i < precision->n_aims; i++) value[i] = r < n_stored[i] ? stored[i][r] : (double)NAN;
        precision_take_values(precision, value);
    }
    return n;
}

static bool run_rounds(const struct sweep *sweep, bool *interrupted, struct arena *arena, struct sim_err *err)
{
    struct batch_job *job = arena_array(arena, struct batch_job, (size_t)sweep->n_points * ROUND);
    uint32_t *next = arena_array(arena, uint32_t, sweep->n_points), n_jobs = 0;
    for (uint32_t p = 0; p < sweep->n_points; p++) next[p] = take_stored(sweep, p, arena);
    do {
        n_jobs = 0;
        for (uint32_t p = 0; p < sweep->n_points; p++) {
            if (precision_enough(&sweep->precision[p]) || sweep->gap[p].n > 0) continue;
            uint32_t last = next[p] + ROUND < sweep->replications ? next[p] + ROUND : sweep->replications;
            n_jobs = add_jobs(sweep, job, n_jobs, p, next[p], last);
            next[p] = last;
        }
        if (!run_jobs(sweep, job, n_jobs, interrupted, arena, err)) return false;
    } while (n_jobs > 0 && !*interrupted);
    return true;
}

bool sweep_run(const struct sweep *sweep, bool *interrupted, struct arena *arena, struct sim_err *err)
{
    if (sweep->precision) return run_rounds(sweep, interrupted, arena, err);
    struct batch_job *job = arena_array(arena, struct batch_job, (size_t)sweep->n_points * sweep->replications);
    uint32_t n_jobs = 0;
    for (uint32_t p = 0; p < sweep->n_points; p++)
        n_jobs = add_jobs(sweep, job, n_jobs, p, 0, sweep->replications);
    return run_jobs(sweep, job, n_jobs, interrupted, arena, err);
}
