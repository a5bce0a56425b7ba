/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the laws of an audit share: the observations, what is known of the load's start and of the pace, and the book of
 * findings. Private to audit*.c. */
#ifndef SIM_LAB_AUDITOR_H
#define SIM_LAB_AUDITOR_H

#include "sim/foreign/load_curve.h"
#include "sim/lab/audit.h"
#include "sim/results/page.h"

enum { AUDIT_FIGURES_MAX = 24 };

struct figure_list {
    uint32_t n;
    const char *text[AUDIT_FIGURES_MAX];
};

/* An instant and what is known of it. */
struct when {
    double t_s, sigma_s;
};

struct auditor {
    const struct observations *seen;
    enum language language;
    struct arena *arena;
    struct audit *out;

    const struct load_curve *curve;     /* from the load's own start on; NULL: not known as a curve */
    double created;                     /* orders in all; NaN: not said */
    double start_least_s, start_most_s; /* where the start can be */
    const char *behind;                 /* the group with the greatest lag in the last table; NULL: none lags */
    double behind_lag;
};

/* Text in the language of the audit. */
const char *audit_say(struct auditor *auditor, const char *en, const char *ko, ...) SAYS(2, 4);
void figure(struct auditor *auditor, struct figure_list *list, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void audit_broken(struct auditor *auditor, enum audit_law law, const struct figure_list *figures, const char *text,
                  double size, const char *unit, double sigmas);
void audit_holds(struct auditor *auditor, enum audit_law law, const struct figure_list *figures, const char *text);

/* ---- instants ---- */

struct when when_of_status(const struct observed_status *status); /* t_s NaN: not known */
struct when when_of_offsets(const struct observations *observations);
struct when when_of_table(const struct observed_table *table);
/* Arrived by an instant with the fitted start; and at the earliest, latest start there can be. */
double arrived_by(const struct auditor *auditor, double t_s);
double arrived_most(const struct auditor *auditor, double t_s);
double arrived_least(const struct auditor *auditor, double t_s);
/* Whether all had arrived by then, wherever the start is. */
bool all_arrived(const struct auditor *auditor, struct when when);

/* ---- offsets ---- */

/* The rows of a group in the last table, all partitions together. Rows that are missing are made up for by the share
 * of those that are there. */
struct group_view {
    uint32_t n_rows;
    double share;                   /* of all its records, in these rows */
    double lag, committed, log_end; /* sums over the rows; committed, log_end NaN: not said */
    const char *topic;              /* NULL: several */
    uint32_t consumers;
};
struct group_view group_view(const struct auditor *auditor, const char *group);

/* ---- the laws, in the order of their files ---- */

void law_states(struct auditor *auditor); /* audit_counts.c */
void law_shares(struct auditor *auditor);
void law_clocks_of_states(struct auditor *auditor);
void law_rates(struct auditor *auditor);
void law_times(struct auditor *auditor);   /* audit_times.c: completion, Little's law */
void law_offsets(struct auditor *auditor); /* audit_offsets.c */
void law_tables(struct auditor *auditor);
void law_one_instant(struct auditor *auditor);
void law_keys(struct auditor *auditor);
void fit_start_and_pace(struct auditor *auditor); /* audit_pace.c */
void law_throughput(struct auditor *auditor);
void law_drain(struct auditor *auditor);
void law_trend(struct auditor *auditor); /* audit_trend.c */
void law_peak(struct auditor *auditor);

#endif
