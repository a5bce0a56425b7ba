/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the files of a fit share (calibrate.h says what it does): the places it tries, the runs it makes there and the
 * lines it draws through what they show (fitting_lines.c), planes between those (fitting_planes.c), what runs show on
 * the way from limit to limit (fitting_paths.c), the ends of ranges that runs are asked about themselves
 * (fitting_ends.c), what it has found (fitting_found.c). The order of all is in calibrate.c. Private to this room.
 * False with err, or, without err, when an interrupt came first, wherever runs are made. */
#ifndef SIM_LAB_FITTING_H
#define SIM_LAB_FITTING_H

#include "sim/lab/calibrate.h"
#include "sim/lab/profile.h"

enum { KNOTS_MOST = 12, PATH_PLACES = 9, JOINT_MOST = 4 };

/* A sweep; runs 0: as many as asked for. */
struct sweep_plan {
    uint32_t knots, runs, centre_runs;
    double coarse;
    bool is_close; /* the knots are close about the best place, which is nearly right */
};

/* A value that hangs on a figure of chance: where it is, and the limits that runs have set it (0, 1: none). */
struct witnessed {
    bool is;
    uint32_t figure;
    double place;
    struct box within;
};

/* Places along the path of a value. */
struct way {
    uint32_t n;
    double at[PATH_PLACES], place[PATH_PLACES][MINIMUM_MOST];
};

/* Places are 0 to 1 over each value's range. */
struct fit_state {
    struct calibrate *calibrate;
    struct arena *arena;
    uint32_t n_runs; /* made so far */
    struct response response;
    struct question question;
    double best[MINIMUM_MOST];
    struct box region[MINIMUM_MOST];     /* where the next sweep looks */
    uint32_t n_knots[MINIMUM_MOST];
    double knot[MINIMUM_MOST][KNOTS_MOST];
    struct probe *centre;
    struct way way[MINIMUM_MOST];            /* by value: the path that was run */
    struct response_line path[MINIMUM_MOST]; /* what that showed beyond the lines; n 0: there is none */
    struct witnessed witnessed[MINIMUM_MOST];
    bool is_borne_out;            /* runs on the paths showed what the model had there */
    bool keeps_own[MINIMUM_MOST]; /* runs have what the scenario says of the value, wherever that is */
};

/* Whether values are asked about together: so many that runs off the lines can be paid for. */
static inline bool fit_is_joint(const struct fit_state *fit)
{
    return fit->calibrate->n_values >= 2 && fit->calibrate->n_values <= JOINT_MOST;
}

static inline bool is_range_end(double place) { return place <= 0 || place >= 1; }

/* ---- fitting_lines.c ---- */
/* A probe for up to `room` runs at a place. */
void fitting_prepare(struct fit_state *fit, struct probe *probe, const double *place, uint32_t room);
/* Runs probes until each has `until` runs. */
bool fitting_run(struct fit_state *fit, struct probe *probe, uint32_t n_probes, uint32_t until, struct sim_err *err);
/* What a run showed of a figure (which: WATCH_AT ...); mean, variance and clock of its first n_runs. */
double fitting_shown(const struct probe *probe, uint32_t run, uint32_t figure, uint32_t which);
struct sight fitting_sight(const struct probe *probe, uint32_t figure, uint32_t n_runs);
/* Of what n runs differ by: the mean, less what chance makes of it; a variance, where it is not the centre's. */
double fitting_shrunk(const double *off, uint32_t n, double *error);
double fitting_variance_beside(double here, double centre, uint32_t n);
/* What a place shows, by what it differs by from the centre. */
struct sight *fitting_sights_beside(struct fit_state *fit, const struct probe *knot, const struct sight *centre);
/* The first centre. */
bool fitting_start(struct fit_state *fit, struct sim_err *err);
/* A sweep: lines through the best place so far, and planes, in new runs. */
bool fitting_lines(struct fit_state *fit, const struct sweep_plan *plan, uint32_t runs, struct sim_err *err);
/* More places on the lines that there are: which, true when there are any; their runs, through `centre`, the first of
 * *probe, which is for the caller to have prepared; and onto the lines, probe being the first behind the centre. */
bool fitting_refine(struct fit_state *fit, const struct profile *profile);
bool fitting_run_knots(struct fit_state *fit, const double *centre, struct probe **probe, uint32_t runs,
                       struct sim_err *err);
void fitting_take_knots(struct fit_state *fit, const struct probe *probe);
/* The place that the lines show to be best. */
void fitting_search(struct fit_state *fit);

/* ---- fitting_planes.c ---- */
/* Planes between the lines that there are; knot: the first of the probes behind them, line by line. */
bool fitting_planes(struct fit_state *fit, const struct probe *knot, uint32_t runs, struct sim_err *err);

/* ---- fitting_paths.c ---- */
/* Runs along the path of each value. as_expected: they show what the model had there. */
bool fitting_paths(struct fit_state *fit, const struct profile *profile, uint32_t runs, bool *as_expected,
                   struct sim_err *err);
/* The model with what the runs on that value's path show; NONE: without. */
void fitting_use_path(struct fit_state *fit, uint32_t k);
/* The best place that was run on a path; leaves the model with that path. */
void fitting_choose_on_paths(struct fit_state *fit);

/* ---- fitting_ends.c ---- */
/* Values that a witness has decided go back to where it has them, and the others follow; likewise those that the
 * observations leave open, to what the scenario says. */
void fitting_keep_witnessed(struct fit_state *fit);
void fitting_keep_undecided(struct fit_state *fit, const struct profile *profile);
/* near: the same at no more than the bound of the best place; which figure tells an end from the others shows there. */
bool fitting_look_at_ends(struct fit_state *fit, struct profile *profile, const struct profile *near,
                          struct sim_err *err);

/* ---- fitting_found.c ---- */
bool fitting_answer(struct fit_state *fit, const struct profile *profile, struct calibration *out,
                    struct study_edit **set, struct sim_err *err);

#endif
