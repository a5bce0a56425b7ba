/* SPDX-License-Identifier: GPL-3.0-or-later
 * What one replication leaves, as numbers with names: a layout (names and units of all figures of a study, in a fixed
 * order, the same for every replication) and a vector of values. Everything later, means, intervals, thresholds,
 * summary.json, the database, works on layout and values and knows no group or lock.
 *
 *   layout = layout_make(study, arena)                     once
 *   recorder = recorder_open(layout, files, replication)   one for each replication, gives the run its observer
 *   result = recorder_close(recorder, facts, arena)
 *   outcome = outcome_make(layout, results, n, ...)        in replication order */
#ifndef SIM_RESULTS_RESULT_H
#define SIM_RESULTS_RESULT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "models/observer.h"
#include "models/pipeline.h"
#include "sim/engine/arena.h"
#include "sim/engine/error.h"
#include "sim/engine/infer.h"
#include "sim/scenario/study.h"

struct layout; /* names of all figures; see layout.h */

struct result {
    uint32_t replication;
    uint64_t fingerprint;
    uint32_t n;               /* values: the figures of the layout, then what observed.h watches */
    const double *value;      /* NaN: null */
    uint32_t n_invariants;
    const struct invariant_facts *invariant;
    uint32_t n_chains;        /* of broken invariants whose cause is known */
    const struct chain *chain;
    uint64_t events;
    sim_ns end_ns;
    bool cut;
    double wall_s;            /* measured by the caller */
};

/* Figures of a study. */
const struct layout *layout_make(const struct study *study, struct arena *arena);
uint32_t layout_count(const struct layout *layout);
/* Path in summary.json with dots, and unit ("s", "records", "ratio", "1/s", "count"). */
const char *layout_path(const struct layout *layout, uint32_t figure);
const char *layout_unit(const struct layout *layout, uint32_t figure);
/* Index of a path, NONE if unknown; nearest (may be NULL) is set to the most similar known path. */
uint32_t layout_find(const struct layout *layout, const char *path, const char **nearest);

/* False with err (SIM_ESCENARIO) when this threshold of the study names a figure that the study does not have. */
bool layout_has_threshold(const struct layout *layout, uint32_t threshold, struct sim_err *err);

/* ---- recorder: listens to one run ---- */

struct recorder_files {
    FILE *lag;                /* rows of lag.csv, or NULL */
    FILE *orders;             /* rows of orders.csv, or NULL */
    double orders_share;      /* --orders=SAMPLE: share of orders by a keyed draw; 1: all */
    FILE *status;             /* rows of status.csv, or NULL */
    FILE *groups;             /* rows of groups.csv, or NULL */
    FILE *scalers;            /* rows of scalers.csv, or NULL */
    FILE *completion;         /* rows of completion.csv, or NULL: written by recorder_close */
};
struct recorder;
struct recorder *recorder_open(const struct layout *layout, uint32_t replication, const struct recorder_files *files,
                               struct arena *arena);
const struct observer *recorder_observer(struct recorder *recorder);
/* Results live in arena (not the run's). */
struct result *recorder_close(struct recorder *recorder, const struct run_facts *facts, struct arena *arena);
/* The header lines (with \n) of the two files. orders.csv: replication,order_id,created_s,status,ended_s,completion_s,
 * then STAGE.wait_s,STAGE.service_s for each stage. */
void lag_csv_header(FILE *out);
void orders_csv_header(const struct layout *layout, FILE *out);
/* replication,t_s,scheduled,dropped,created,pending,paying,paid,failed,cancelled: a row at each sample. */
void status_csv_header(FILE *out);
/* replication,t_s,group,consumers,busy,busy_s,lag,backlog,lag_s: a row for each group at each sample; consumers: of its
 * ready pods now, where a scaler starts and stops them, else as in the scenario; busy: consumers with a record in
 * service; busy_s: run_levels.group_busy_ns; lag and backlog: sums over its partitions; lag_s: the greatest. */
void groups_csv_header(FILE *out);
/* replication,t_s,scaler,group,replicas,starting,ready,ending,consumers,idle,told,lag: a row for each scaler at each
 * sample; replicas: pods that are wanted; starting, ready, ending: pods by what they do; consumers: of ready pods;
 * idle: of these, without a partition; told: the metric that the autoscaler was told last, cut as KEDA cuts it, empty
 * before; lag: of the group. */
void scalers_csv_header(FILE *out);
/* replication,p,completion_s: the time within which a share p of the paid orders was paid, for p = 0 (least), 0.005,
 * 0.01 ... 0.99, 0.991 ... 0.999, 1 (greatest). No rows when none was paid. */
void completion_csv_header(FILE *out);

/* ---- outcome: several results together ---- */

struct outcome_threshold {
    const struct threshold_spec *spec;
    double value;              /* mean over the runs that have the figure */
    uint32_t nulls;            /* runs that do not */
    bool passed;               /* by that mean (contract) */
    double passed_share;       /* of all runs */
};
struct outcome_invariant {
    const char *name, *meaning;
    enum verdict verdict;     /* worst over the replications: broken, then open, then holds */
    uint64_t violations;      /* summed */
    bool eventual;            /* liveness, judged at quiescence; else safety, judged at every commit */
    uint32_t first_replication; const struct invariant_facts *first; /* of the lowest replication; NULL if none */
    const struct chain *chain;       /* what led to the first one; NULL: not known */
};
/* What was judged at every commit (safety), in the end (liveness), or both together. */
struct outcome_verdict {
    enum verdict verdict;      /* worst */
    uint32_t invariants, broken, open;
    uint32_t runs_broken;      /* replications in which any of them broke */
    uint32_t runs_judged;      /* and those in which none is open: a run that was cut says nothing of what holds then */
    double upper_limit_95; /* share of runs that may break one: one-sided upper limit; 1 - 0.05^(1/judged) when none did */
};
/* Records that no number of consumers brings any further (stuck.h): those behind what has come again and again. */
struct stuck {
    uint32_t runs;               /* that have any; the rest is their mean */
    double records, since_s;     /* not committed, and nothing before them since then; */
    double deliveries, retries;  /* since then delivered again; of these, by the error handler, */
    double late_polls;           /* and polls that came too late */
};
/* How much is asked of a group at the load's greatest rate, and how much it can do. */
struct group_demand {
    uint32_t group;              /* of the scenario */
    const char *name;
    const char *scaler;          /* starts and stops its consumers; NULL: none does */
    uint32_t consumers, working; /* of a scaler's the most that were ready; working: those that own a partition */
    uint32_t partitions;         /* so many consumers can have one: of its widest topic, or of all of them */
    uint32_t most_partitions;    /* of these, on the consumer with most of the work */
    double fullest_share;        /* of the work, on that consumer */
    bool uneven;                 /* which is not what an even split would give it */
    double largest_share;        /* of the records, in one partition; NaN: there are none */
    uint32_t next;               /* fewest consumers that were found to relieve it; 0: none */
    uint32_t next_most;          /* partitions of the fullest one then, */
    double next_share;           /* and its share */
    double records;              /* processed */
    double repeats;              /* delivered again, of a group whose polls came too late; else 0 */
    struct stuck stuck;
    double slept_s;              /* after failures, by all consumers */
    double offered_per_s;        /* records that orders at the greatest rate would send it */
    double surge_per_s;          /* and at which those came that a fault had held up before; 0: none, or no faster */
    const struct fault_spec *surge_fault;
    double surge_since_s;        /* when that began */
    double rush_per_s;           /* that came when the load's height was over; 0: that was not clearly more */
    double asked_per_s;          /* the same had no start been dropped for want of a VU; 0: none was */
    bool by_api;                 /* the API is what keeps more from coming (api_limit.h) */
    double capacity_per_s;       /* what its consumers can do with that split, all busy */
    double one_per_s;            /* of it, what one of them can; NaN: its records take no time, or there are none */
    double pressure;             /* offered / capacity; NaN for a group without records */
    bool had_fewer;              /* its scaler had fewer consumers ready than it had later, or the group rebalanced */
    bool changes;                /* faults change the number of its consumers: it is that of the start */
    bool faults;                 /* in its scenario; */
    bool slowed;                 /* one of them may have made its records take longer (slowed.h) */
    bool tries_again;            /* writes of its tables met a conflict, and were tried again */
    bool is_drain;               /* which has no load: what waits is worked off */
    double due_after_s;          /* its records wait for so long, whoever could do them; */
    double overdue_s;            /* and the one that waited longest for so much longer */
    uint32_t runs, left_in;      /* replications; in how many of them records are left at the end, */
    uint32_t waits_in;           /* and more of them than one a consumer */
    double longer;               /* stages of the records that came, over those of the records that are done */
    double alone_s;              /* mean time of its longest stage by the scenario, with nothing to wait for */
    double waits_s;              /* of a record's service, for locks, rows, connections and stores, */
    double letter_s;             /* until dead letters were sent, */
    double order_wait_s;         /* and for another group at work on the same order: as counted (waits.h) */
    const char *order_wait_of;   /* mostly that group; NULL: none (the API, the sweeper) */
    double service_s, utilisation, peak_backlog, peak_backlog_at_s, drained_at_s; /* means; NaN: null */
    double worked_off_at_s;      /* what waited at the peak; likewise */
};
struct outcome {
    const struct layout *layout;
    const struct study *study;
    uint64_t seed, fingerprint;  /* of one: its own; of several: a mix of theirs in order */
    uint32_t n;                  /* replications */
    double confidence;
    const struct infer_mean *mean;  /* by figure; mean NaN: null in every replication */
    const double *const *value;     /* [value of a result][replication] */
    uint32_t n_thresholds; const struct outcome_threshold *threshold;
    uint32_t n_invariants; const struct outcome_invariant *invariant;
    struct outcome_verdict safety, liveness, all; /* of the invariants */
    uint32_t n_demands; const struct group_demand *demand; /* all groups, as bottleneck_rank puts them */
    const char *bottleneck_group, *bottleneck_reason;      /* of demand[0], in English */
    uint64_t events;             /* of all replications */
    double end_s; bool cut;      /* mean end; whether any was cut */
    double wall_s, peak_rss_bytes;  /* measurements, set by the caller */
    bool interrupted;            /* set by the caller, too: fewer replications than asked for */
};
/* results in replication order. False with err for a threshold on an unknown path (SIM_ESCENARIO). */
bool outcome_make(struct outcome *out, const struct study *study, const struct layout *layout,
                  struct result *const *results, uint32_t n, double confidence, uint64_t seed, struct arena *arena,
                  struct sim_err *err);
/* Mean of the figure at a path ("groups.%s.peak_lag", name); NaN where it is null or there is none. */
double outcome_mean(const struct outcome *outcome, const char *path_format, ...) __attribute__((format(printf, 2, 3)));
double outcome_half_width(const struct outcome *outcome, const char *path_format, ...)
    __attribute__((format(printf, 2, 3)));
/* In how many runs the figure is null; all of them where there is none of that path. */
uint32_t outcome_nulls(const struct outcome *outcome, const char *path_format, ...)
    __attribute__((format(printf, 2, 3)));
/* Exit code by contract: 4 broken invariant, then 99 threshold, else 0. */
int outcome_exit(const struct outcome *outcome);

/* ---- writers ---- */

enum language { LANG_EN, LANG_KO };
struct text_style { enum language language; bool colour; bool markdown; unsigned width; };

bool summary_write(const struct outcome *outcome, FILE *out);                       /* summary.json */
bool report_write(const struct outcome *outcome, const struct text_style *style, FILE *out); /* text or Markdown */

#endif
