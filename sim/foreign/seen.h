/* SPDX-License-Identifier: GPL-3.0-or-later
 * What init takes from observations: the groups that they name, with their topics, partitions and consumers, and the
 * counts that say how much was done by when. Reads the tree, whose form observations_read has checked. */
#ifndef SIM_FOREIGN_SEEN_H
#define SIM_FOREIGN_SEEN_H

#include "sim/foreign/load_curve.h"

enum { MAX_SEEN_GROUPS = 64, MAX_SEEN_TOPICS = 32 };

struct seen_group {
    const char *name;
    uint32_t n_topics;
    const char *topic[MAX_SEEN_TOPICS];
    uint32_t rows_of[MAX_SEEN_TOPICS]; /* partitions of each topic that the table of offsets has, up to the last */
    uint32_t partitions;               /* of a topic, as the group's entry says; 0: not said */
    uint32_t consumers;                /* 0: not said */
    double service_s, service_sigma_s; /* measured between two dumps; 0: not said */
    double lag;                        /* summed over its partitions: in the last table of offsets, or in one before it
                                          where it was further behind; -1: in none */
};

struct seen {
    uint32_t n_groups;
    struct seen_group group[MAX_SEEN_GROUPS];
    double offsets_t_s; /* NaN: not said */
    double created;     /* orders; 0: not said */
    bool has_past;      /* the only table is of a log that may be older than the load: its lag counts, no offset */
};

void seen_read(struct seen *out, const cJSON *observations);

/* Partitions of a topic, by the groups that read it and by its rows; 0: not said. */
uint32_t seen_partitions(const struct seen *seen, const char *topic);

/* The group with the greatest lag; n_groups when none lags. */
uint32_t seen_behind(const struct seen *seen);

/* Of so many consumers those that can have had work while the group was behind: a partition is one consumer's. */
uint32_t seen_working(const struct seen_group *group, const cJSON *observations, uint32_t consumers);

/* Rate of the group that holds orders back: from the counts of paid or pending orders, and from its offsets. Of several
 * tables it is what was committed since the first, whatever the log had held before. */
bool seen_rate(const struct seen *seen, uint32_t group, const cJSON *observations, const struct load_curve *curve,
               double *rate_per_s, double *error_per_s, uint32_t *n_counts);

/* A number at a key, or fallback. */
double seen_number(const cJSON *object, const char *key, double fallback);

#endif
