/* SPDX-License-Identifier: GPL-3.0-or-later
 * The figures of a study in the fixed order of summary.json. One walk (figures.c) visits them all; layout.c walks once
 * to learn names and units, recorder.c walks again at the end of each run to fill in the values, and summary.c prints
 * by the leaves learnt, so the three cannot drift apart.
 *
 * Path parts stay apart, because names of groups and checkpoints may hold dots. Elements of arrays are figures too;
 * what tells them apart (topic, partition) are leaves without a figure. */
#ifndef SIM_RESULTS_LAYOUT_H
#define SIM_RESULTS_LAYOUT_H

#include "sim/results/observed.h"
#include "sim/results/order_time.h"
#include "sim/results/result.h"
#include "sim/results/split.h"
#include "sim/results/watch.h"

enum { PATH_DEPTH = 8 };

struct path_part { const char *key; uint32_t index; /* key NULL: element of an array */ };

struct leaf {
    const struct path_part *part;
    uint32_t n_parts;
    uint32_t figure;       /* NONE: a constant */
    const char *text;      /* constant text; NULL: the constant number */
    uint32_t number;
};

struct figure { const char *path, *unit; };
struct figure_name { const char *path; uint32_t figure; };

/* One row of run_levels.partition: which it is, as text ready for a CSV line (",group,topic,partition,"). */
struct partition_row { uint32_t group, topic, partition; const char *csv; size_t csv_length; };

struct layout {
    const struct study *study;
    uint32_t n_leaves; const struct leaf *leaf;
    uint32_t n_figures; const struct figure *figure;
    const struct figure_name *by_path; /* all figures, sorted */
    uint32_t n_rows; const struct partition_row *row;
    const uint32_t *group_row;   /* first row of each group, and one past the last */
    const char *const *group_csv, *const *scaler_csv; /* names as CSV fields */
    uint32_t n_predictions; const struct prediction *prediction;
    struct watch_plan watch_plan; /* of the predictions */
    sim_ns load_from_ns;         /* when it begins */
    struct load_extent height;   /* of the load (scenario.h) */
    sim_ns rate_window_ns;       /* over which the greatest arrival rate is taken, at least */
    double load_rate_per_s;      /* the load's greatest, in such a window; NaN: not known (a trace) */
};

/* ---- what one replication has to say ---- */

struct snapshot {
    bool taken;
    struct order_counts orders;
    struct partition_level *partition;  /* as many as the layout has rows */
};

/* What deliveries came to while a fault made records slow (run_levels.group_slow_until_ns). */
struct slowed_work { struct group_work work; sim_ns busy_ns; };

struct group_samples {
    int64_t peak_lag, peak_backlog, peak_partition_lag;
    uint64_t done;           /* the gauge's: records done while all its consumers had work, */
    sim_ns done_ns;          /* and the time this took; */
    uint64_t done_at_height; /* of these, while the load was at its height, */
    sim_ns done_at_height_ns; /* and the time; */
    sim_ns order_waits_ns;   /* of theirs, waiting for another group at work on the same order */
    sim_ns order_waits_at_height_ns;
    struct slowed_work slowed; /* the gauge's */
    bool stuck, too_late;    /* it delivers the same again and again, and comes no further (stuck.h): by retries or
                                deaths; for its polls come too late; */
    bool retries;            /* stuck by retries */
    double peak_rate_per_s;  /* the gauge's: greatest rate of appends, as far as it is more than chance; */
    double free_rate_per_s;  /* of those that no fault had held up, */
    double height_rate_per_s; /* and of these until the load's height was over; */
    double surge_per_s;      /* and of those that one had: 0: none; */
    double surge_since_s;    /* when it began, */
    uint32_t surge_fault;    /* and which it was */
    struct split split;      /* of its records by the end, to its consumers; those of a scaler: the most there were */
    double longer;           /* stages of what came, over those of what is done (split_longer) */
};

struct scaler_samples { double idle_s; }; /* consumers of ready pods without a partition x time */

struct record {
    const struct run_facts *facts;
    const struct snapshot *checkpoint;
    const struct group_samples *group;
    const struct scaler_samples *scaler;
    const struct order_time *time; /* ORDER_TIME_ROWS */
    double peak_rate_per_s;
};

struct walk {
    void *context;
    void (*on_figure)(struct walk *walk, const char *key, const char *unit, double value);
    void (*on_label)(struct walk *walk, const char *key, const char *text, uint32_t number); /* NULL: not wanted */
    struct path_part part[PATH_DEPTH];
    uint32_t depth;
};

/* Visits every figure of the layout's study. Uses the layout's rows only. */
void figures_walk(struct walk *walk, const struct layout *layout, const struct record *record);

/* Every replication ends with the watched values of the predictions, PREDICTION_VALUES each, after the figures, and the
 * log ends of the rows and what is left undone in them, and of each group what its records waited for (waits.h), and how
 * fast they came; and last of each group, whether it is stuck (stuck.h). */
enum { LAYOUT_WAITS = PATH_WAITS + 3 };
enum layout_came {
    CAME_FREE_PER_S, CAME_HEIGHT_PER_S, CAME_SURGE_PER_S, CAME_SURGE_SINCE_S, CAME_SURGE_FAULT, CAME_VALUES
};
enum layout_stuck { STUCK_RECORDS, STUCK_SINCE_S, STUCK_DELIVERIES, STUCK_RETRIES, STUCK_LATE_POLLS, STUCK_VALUES };

static inline uint32_t layout_values(const struct layout *layout)
{
    return layout->n_figures + PREDICTION_VALUES * layout->n_predictions + 2 * layout->n_rows +
        (LAYOUT_WAITS + CAME_VALUES + STUCK_VALUES) * layout->study->scenario.n_groups;
}

static inline uint32_t layout_watched(const struct layout *layout, uint32_t prediction)
{
    return layout->n_figures + PREDICTION_VALUES * prediction;
}

static inline uint32_t layout_log_end(const struct layout *layout, uint32_t row)
{
    return layout_watched(layout, layout->n_predictions) + row;
}

static inline uint32_t layout_left(const struct layout *layout, uint32_t row)
{
    return layout_log_end(layout, layout->n_rows) + row;
}

/* From PATH_LOCK to PATH_STORE; behind them its dead letters, and what another group had of the same order, and which
 * group that was mostly. */
static inline uint32_t layout_wait(const struct layout *layout, uint32_t group, enum path_time wait)
{
    return layout_left(layout, layout->n_rows) + LAYOUT_WAITS * group + (wait - PATH_LOCK);
}

static inline uint32_t layout_letter(const struct layout *layout, uint32_t group)
{
    return layout_wait(layout, group, PATH_LOCK) + PATH_WAITS;
}

static inline uint32_t layout_order_wait(const struct layout *layout, uint32_t group)
{
    return layout_letter(layout, group) + 1;
}

static inline uint32_t layout_order_wait_of(const struct layout *layout, uint32_t group)
{
    return layout_letter(layout, group) + 2;
}

/* CAME_SURGE_PER_S 0: no fault held anything up. */
static inline uint32_t layout_came(const struct layout *layout, uint32_t group, enum layout_came value)
{
    return layout_wait(layout, layout->study->scenario.n_groups, PATH_LOCK) + CAME_VALUES * group + value;
}

/* The last ones. STUCK_RECORDS 0: it is not. */
static inline uint32_t layout_stuck(const struct layout *layout, uint32_t group, enum layout_stuck value)
{
    return layout_values(layout) - STUCK_VALUES * (layout->study->scenario.n_groups - group) + value;
}

#endif
