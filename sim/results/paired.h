/* SPDX-License-Identifier: GPL-3.0-or-later
 * Variants of a scenario side by side, replication by replication: replication r of each drew the same random numbers,
 * so what differs between two of them is what the variants differ in. Each is compared with the first; with several, an
 * interval holds for all of them together (Bonferroni: each at 1 - alpha / their number).
 *
 * The gain of pairing is how much wider the variance of the difference would be without it:
 * (var A + var B) / var (B - A), pooled over the pairs. */
#ifndef SIM_RESULTS_PAIRED_H
#define SIM_RESULTS_PAIRED_H

#include "sim/results/result.h"

struct paired_variant {
    const char *name;
    uint32_t met, broken;  /* runs that meet every threshold; that break an invariant */
    uint32_t n_thresholds;
};

struct paired_difference {
    double mean, lo, hi;   /* NaN: no two replications have both */
    bool significant;      /* the interval leaves 0 out */
    uint32_t n;            /* replications that have both */
};

struct paired_metric {
    const char *metric, *unit;
    bool shown;                              /* in the table for people */
    const struct infer_mean *value;          /* by variant */
    const struct paired_difference *minus_first; /* by variant from the second on */
    double variance_ratio;                   /* NaN: nothing varies */
};

struct paired {
    uint64_t seed;
    uint32_t replications, n_variants, n_metrics;
    double confidence;
    const struct paired_variant *variant;
    const struct paired_metric *metric;
    const char *moved;       /* a part that draws other numbers than in the first: "/groups/pay"; NULL: none */
    uint32_t moved_in;       /* variant */
};

/* Statistics of one metric: value[variant][replication], NaN where null. */
void paired_metric_make(struct paired_metric *metric, const double *const *value, uint32_t n_variants,
                        uint32_t replications, double confidence, struct arena *arena);

void paired_write(const struct paired *paired, const struct text_style *style, FILE *out);
void paired_json(const struct paired *paired, FILE *out);

#endif
