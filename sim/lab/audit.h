/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which figures of a report contradict one another, by laws that hold for any service time. Nothing is simulated here.
 *
 * What is not known exactly has a standard deviation, and a law counts as broken beyond AUDIT_SIGMAS of them: clocks
 * (between_s is two of them either way; an instant without one is taken to be known to AUDIT_CLOCK_S, a table of
 * offsets to AUDIT_TABLE_S, since its rows are printed one after another), and the start of the load. The stated start
 * is known to AUDIT_START_S; start and pace of the group that is behind are fitted together to what was counted. */
#ifndef SIM_LAB_AUDIT_H
#define SIM_LAB_AUDIT_H

#include "sim/results/calibration.h"
#include "sim/scenario/study.h"

#define AUDIT_SIGMAS  3.0
#define AUDIT_CLOCK_S 1.0
#define AUDIT_TABLE_S 2.0
#define AUDIT_START_S 60.0
#define AUDIT_BATCH   500.0 /* max.poll.records where nobody has said another: what a consumer may have in hand */

enum audit_law {
    LAW_TOTALS,       /* a total is the sum of its rows */
    LAW_SHARES,       /* a share is a count over a total; shares sum to one */
    LAW_CONSERVATION, /* arrived = done + open, by state and by offsets */
    LAW_LAG,          /* lag = log end - committed */
    LAW_INSTANT,      /* counts of one instant agree */
    LAW_CLOCKS,       /* what only grows, grows with time */
    LAW_RISE,         /* a lag rises only with arrivals */
    LAW_PACE,         /* one consumer has one pace */
    LAW_THROUGHPUT,   /* throughput <= consumers / service time */
    LAW_RATE,         /* a rate is a count over the time it took */
    LAW_DRAIN,        /* what waits is gone after its count over the pace */
    LAW_PEAK,         /* a stated peak fits its own table */
    LAW_LITTLE,       /* orders open on average = arrivals x time in the system */
    LAW_KEYS,         /* partition counts are the hash of the keys */
    LAWS
};
const char *audit_law_name(enum audit_law law, enum language language);

struct audit_entry {
    enum audit_law law;
    uint32_t n_figures;
    const char *const *figure; /* "/statuses/0/pending = 16933": pointer into the observations, and the value there */
    const char *text;          /* in the language asked for */
    double size;               /* of the contradiction, in `unit`; 0 of what is consistent */
    const char *unit;          /* "orders", "records", "s", "1/s", "percent", "ms" */
    double sigmas;             /* the same in standard deviations of what is not known exactly; NaN: all is exact */
};

struct audit {
    uint32_t n_findings, n_consistent;
    const struct audit_entry *finding, *consistent;
    bool has_start; /* the load is known as a curve, and the counts tell when it began */
    double latest_s; /* what they tell otherwise: it began no later; NaN: not even that */
    double start_s, start_sd_s;
    const char *behind;               /* group; NULL: none */
    double pace_per_s, pace_sd_per_s; /* records it does while it is behind; NaN: the counts do not tell */
};

/* Texts live in the arena. */
void audit_observations(struct audit *out, const struct observations *observations, enum language language,
                        struct arena *arena);

/* {"findings": [{law, figures, explanation, size, unit, sigmas}], "consistent": [...], ...}; explanations as made. */
/* With a model, "model" holds what sim calibrate says of it; NULL: there is none. */
void audit_json(const struct audit *audit, const struct calibration *model, FILE *out);
void audit_text(const struct audit *audit, const char *file, const struct text_style *style, FILE *out);

#endif
