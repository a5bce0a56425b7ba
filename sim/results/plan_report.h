/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a plan says, for people and as JSON (contract). Plain data: the search is the lab's. Texts are JSON values as
 * the scenario writes them, or NULL where there is none. */
#ifndef SIM_RESULTS_PLAN_REPORT_H
#define SIM_RESULTS_PLAN_REPORT_H

#include "sim/results/result.h"

enum plan_status { PLAN_FOUND, PLAN_UNDECIDED, PLAN_INFEASIBLE };

struct plan_share { uint32_t met, n; }; /* of so many runs so many meet every threshold */

/* The plan holds while this value stays on that side of the bound, the others as they are. */
struct plan_bound {
    const char *pointer;
    const char *now;           /* NULL: unknown */
    const char *below, *above; /* one of them */
    double room;               /* below / now, or / the unknown at its worst or best; NaN within an unknown's range */
    bool others_worst;         /* of the unknown ones; else they are at their best */
    bool of_several;           /* it is about a stage's times together, each of which may be longer by that much */
};

struct plan_tried {
    const char *const *value; /* by varied pointer */
    double cost;
    struct plan_share share; /* of one that depends: at the worst of the unknown values */
    const char *verdict; /* "met", "missed", "unsettled", "open", "depends" */
};

/* The most pressed group, and why in one sentence: in English, and in the language of the text. NULL: none. */
struct plan_limit { const char *group, *reason, *words; };

struct plan_unknown { const char *pointer, *low, *high; };

struct plan_answer {
    const char *name;
    uint64_t seed;
    double confidence;
    enum plan_status status;
    bool depends;             /* undecided, since the unknown values decide it */
    uint32_t n_varied;
    const char *const *pointer;
    const char *const *value; /* of the candidate it is about: the found one, the undecided one, else the nearest */
    double cost;
    bool costs_nothing;       /* nor does any other: then all were tried, and it is the first of those that are alike */
    struct plan_share share;
    bool share_at_worst;      /* of the unknown values, not over their ranges */
    /* What binds: at one step less (without costs, at another) where one was found, else at these values. */
    const char *threshold;       /* that is missed; NULL: none, or nothing cheaper was tried */
    const char *invariant;       /* that breaks, rather; NULL: none */
    bool unsettled;              /* rather, there is no steady state */
    const char *const *one_less; /* NULL: these values */
    struct plan_share one_less_share;
    bool one_less_open;          /* so many runs decide nothing about it */
    bool one_less_depends;       /* on the unknown values: what binds does so at their worst */
    struct plan_limit binding;
    struct plan_limit next;      /* at these values */
    uint32_t n_bounds;
    const struct plan_bound *bound;
    uint32_t n_roomy;            /* stages whose work may take factor_most times as long, or longer */
    double factor_most;
    uint32_t n_unknowns;
    const struct plan_unknown *unknown;
    uint32_t n_corners;          /* of their ranges, that were tried */
    uint32_t n_assumed;
    const char *const *assumed;  /* pointers */
    const char *measure_next;
    double headroom;             /* NaN: not known; factor_most: at least that */
    bool load_is_trace, no_load; /* then there is no headroom to ask for */
    struct plan_share slower;    /* with all stages' work a fifth longer; n 0: not asked */
    const char *store;           /* one whose capacity is modelled */
    uint32_t n_tried, n_met, n_candidates;
    const struct plan_tried *tried;
    bool halved;                 /* some were passed over, on the supposition that dearer is better */
};

void plan_write(const struct plan_answer *plan, const struct text_style *style, FILE *out);
void plan_json(const struct plan_answer *plan, FILE *out);

#endif
