/* SPDX-License-Identifier: GPL-3.0-or-later
 * A point of an experiment: a scenario and the values that make it this point. What is kept of a point is its text;
 * it is read, checked and compiled on a desk when its runs come up, and forgotten with the next. So all points can be
 * checked before the first run, and memory follows the number of threads, not of points. */
#ifndef SIM_LAB_POINT_H
#define SIM_LAB_POINT_H

#include "models/pipeline.h"
#include "sim/results/result.h"
#include "sim/scenario/study.h"

/* Of a scenario that leaves a warm-up out of its figures. */
enum warm_up {
    WARM_UP_OWN,    /* as it says; one that is to be found ("auto") by runs of the point itself */
    WARM_UP_GIVEN,  /* warm_up_ns: one for all points that are compared */
    WARM_UP_UNFOUND /* none, where it is to be found */
};

struct point {
    const struct study_source *source;
    uint32_t n_edits;              /* in the order in which they are applied */
    const struct study_edit *edit;
    uint32_t first_varied, n_varied; /* of them the varied ones; unknown values may follow */
    bool may_override;             /* a varied value may take the place of one that --set gives all points */
    const char *label;             /* "consumers=3"; unique among the points of an experiment */
    const char *from;              /* "points.csv:3", the line that it is of; NULL: none */
    const struct observations *observations; /* in place of those that the scenario names; NULL: those */
    double load_factor;            /* so many times the load's rates, its users and its orders; 0: as it is */
    double time_factor;            /* so many times as long a stage's work; 0: as it is */
    uint32_t slow_stage;           /* whose work that is; NONE: of every stage */
    enum warm_up warm_up;
    sim_ns warm_up_ns;
};

/* Zeroed before its first use; desk_fini after its last. */
struct desk {
    struct arena arena;
    const struct point *point; /* whose study lies here; NULL: none */
    const struct point *refused; /* the last that could not be read; NULL: none */
    struct study study;
    const struct layout *layout;
    const struct plan *plan;   /* NULL until desk_plan */
    bool settled;              /* its warm-up is known */
    struct sim_err unsettled;  /* why it never will be */
};

/* Reads the point's scenario, unless it lies here already. False with err as from study_read: findings are filled when
 * err->code is SIM_ESCENARIO and err->text is empty. */
bool desk_open(struct desk *desk, const struct point *point, struct findings *findings, struct sim_err *err);
/* Compiles it for runs. */
bool desk_plan(struct desk *desk, struct sim_err *err);
/* Finds its warm-up, where that is to be found (steady.h); desk_plan goes before. False with err: SIM_EIMPRECISE where
 * the point has no steady state, and asked again it says so at once; without err: interrupted. */
bool desk_settle(struct desk *desk, struct sim_err *err);
void desk_fini(struct desk *desk);

/* The longest warm-up becomes that of all points that leave one out, where any is to be found: figures of one time
 * after the start can be compared. A point without a steady state is an error, or with `lenient` left as it is.
 * *longest_ns: 0 where none is to be found. False without err: interrupted. */
bool points_share_warm_up(struct point *point, uint32_t n, bool lenient, sim_ns *longest_ns, struct sim_err *err);

/* Where a value of the point is to be looked for: its line, or the scenario's file with its label. */
const char *point_shown(const struct point *point, struct arena *arena);

/* Whether a load can be multiplied: a recorded trace cannot. */
bool load_can_scale(const struct scenario *scenario);

#endif
