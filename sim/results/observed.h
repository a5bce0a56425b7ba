/* SPDX-License-Identifier: GPL-3.0-or-later
 * Observations of the real system beside what the simulation gives for the same moment. Each counted figure of an
 * observations file becomes one prediction: what to look at, where, and when. The recorder notes its value in every
 * replication; over the replications they give a prediction interval for one run, which the observation is inside of
 * (explained) or not. Claims (what a report says about causes) are not looked at here.
 *
 * A time known only as [from, to] is looked at all along: what is predicted is the figure in the middle, and the
 * interval reaches from the least to the most that one run would show anywhere between the two. */
#ifndef SIM_RESULTS_OBSERVED_H
#define SIM_RESULTS_OBSERVED_H

#include "sim/results/result.h"

enum predicted_kind {
    PREDICT_PAID, PREDICT_PENDING, PREDICT_FAILED,       /* orders; failed includes cancelled */
    PREDICT_LOG_END, PREDICT_LAG,                        /* of one partition */
    PREDICT_TOTAL_LAG, PREDICT_LAG_SPREAD,               /* of a group: sum; greatest less least partition lag */
    PREDICT_TABLE_LOG_END, PREDICT_TABLE_LAG,            /* of a table before the last: records of a topic; lag of a
                                                            group, summed */
    PREDICT_TREND_TOTAL, PREDICT_TREND_LARGEST,          /* rows of a lag table over time */
    PREDICT_TREND_ARRIVED,                               /* records that the log then held: nobody observed it (NaN),
                                                            but a lag is to be judged by it */
    PREDICT_PEAK                                         /* greatest lag of one partition, at any time */
};

/* What a run tells a prediction: its figure at three instants, and the least and most of it from the first to the last,
 * both null unless the run lived to see the last. */
enum { WATCH_FROM, WATCH_AT, WATCH_TO, WATCH_TIMES, WATCH_LEAST = WATCH_TIMES, WATCH_MOST, PREDICTION_VALUES };

struct prediction {
    enum predicted_kind kind;
    uint32_t item;                     /* which status, offset row or trend row of the observations */
    uint32_t table;                    /* NONE: item is a row of the last table; else of that snapshot */
    uint32_t group;                    /* NONE: the group whose figure is greatest */
    uint32_t first_row, n_rows;        /* rows of run_levels it reads; 0: not in this scenario */
    const uint32_t *row;               /* which they are; NULL: those from first_row on */
    uint32_t partition;                /* of a peak; NONE: whichever lags most */
    sim_ns at_ns[WATCH_TIMES];         /* SIM_NEVER: at the end of the run */
    double observed;                   /* NaN: nothing, a figure to judge others by */
};

/* All predictions of the study's observations, in their order; *n is 0 without observations. layout needs its rows. */
const struct prediction *predictions_make(const struct layout *layout, uint32_t *n, struct arena *arena);
/* The row of a table that a prediction of offsets is of, or the first of those that it sums up. */
const struct observed_offset *prediction_row(const struct observations *observations,
                                             const struct prediction *prediction);
/* Whether a peak may be of this partition. */
struct partition_row;
bool prediction_takes(const struct prediction *peak, const struct partition_row *row);
/* Its value in the levels of one moment. Not for PREDICT_PEAK. */
double prediction_value(const struct layout *layout, const struct prediction *prediction,
                        const struct order_counts *orders, const struct partition_level *partition);

/* Unknown: fewer than two replications, or not in the scenario. */
enum explained { EXPLAINED_YES, EXPLAINED_NO, EXPLAINED_UNKNOWN };

struct comparison {
    const struct prediction *prediction;
    double predicted, lo, hi;          /* mean, interval for one run; NaN: undefined */
    double residual;                   /* observed - predicted */
    enum explained explained;
};

struct comparison comparison_make(const struct outcome *outcome, uint32_t prediction);
/* Total of one row of the lag table: as printed, else the sum of its partitions; -1 when it has neither. */
int64_t trend_total(const struct observed_trend *trend);
/* "status count, printed as of 09:12:10: paid", in English; for summary.json. Returns out. */
char *prediction_name(const struct observations *observations, const struct prediction *prediction, char *out,
                      size_t size);

#endif
