/* SPDX-License-Identifier: GPL-3.0-or-later
 * The result file of an experiment (contract: SQLite, PRAGMA user_version = 1). One writer; each finished replication
 * is one transaction with its metrics and curves, synced to the disk, so whatever ends the program loses only the runs
 * that were under way. A file that was killed in the middle and resumed ends with the rows of one that was not. */
#ifndef SIM_RESULTS_STORE_H
#define SIM_RESULTS_STORE_H

#include "sim/results/result.h"
#include "sim/results/thin.h"

struct store;

/* A value that is known as a range only; its ends as JSON text. */
struct store_unknown { const char *pointer, *low, *high; };
struct store_experiment {
    const char *version, *scenario_sha256, *scenario_json;
    uint64_t seed;
    uint32_t replications;
    uint32_t n_unknowns;
    const struct store_unknown *unknown;
};
struct store_param { const char *pointer, *value; }; /* value: JSON text */
struct store_input { const char *name, *sha256; };   /* a file that the scenario names, and what is in it */
struct store_point {
    const char *label;
    uint32_t n_params, n_inputs;
    const struct store_param *param;
    const struct store_input *input;
    uint32_t n_targets; /* thresholds; a file keeps none apart from the scenario, nor does store_open find them */
    const char *const *target; /* the figures that they are of */
};

/* A new file; what stands at the path is replaced. NULL with err (SIM_ERUNTIME). */
struct store *store_create(const char *path, const struct store_experiment *experiment, const struct store_point *point,
                           uint32_t n_points, struct arena *arena, struct sim_err *err);
/* One that an earlier call left. NULL with err: SIM_EUSAGE where it holds another experiment (scenario, a file that
 * it names, seed, version or points differ; the message says which), SIM_ERUNTIME where it is no result file. More
 * replications than it was begun with are taken on. */
struct store *store_resume(const char *path, const struct store_experiment *experiment, const struct store_point *point,
                           uint32_t n_points, struct arena *arena, struct sim_err *err);
/* For reading only; what it holds is handed out, in its arena. */
struct store *store_open(const char *path, struct store_experiment *experiment, struct store_point **point,
                         uint32_t *n_points, struct arena *arena, struct sim_err *err);
bool store_close(struct store *store, struct sim_err *err);

/* Whether this replication is stored. */
bool store_has(const struct store *store, uint32_t point, uint32_t replication);
/* draw: the values that this replication had of the n_draws unknowns. */
bool store_add(struct store *store, uint32_t point, const struct layout *layout, const struct result *result, int exit,
               const struct thin *thin, const struct store_param *draw, uint32_t n_draws, struct sim_err *err);

/* Values of a metric by replication, in their order; NaN for null. Returns how many; 0 when there are none. unit may be
 * NULL. */
uint32_t store_values(struct store *store, uint32_t point, const char *metric, double **value, const char **unit,
                      struct arena *arena);
/* Runs of a point that ended with this exit code. */
uint32_t store_exits(struct store *store, uint32_t point, int exit);

struct store_step { uint32_t point, replication; const char *name; double t_s, value; };
/* All curves, by point, replication, name and time; returns how many steps. */
uint32_t store_curves(struct store *store, struct store_step **step, struct arena *arena);

/* Tidy CSV: a row for each point, replication and metric, with the point's values in columns of their own. */
bool store_export(struct store *store, FILE *out, struct sim_err *err);

#endif
