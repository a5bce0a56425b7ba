/* SPDX-License-Identifier: GPL-3.0-or-later
 * How a group's work falls to its consumers: partitions as its assignor deals them, records as they came to each, and
 * of topics with stages of their own each record as long as its stage and what the client adds to it. A partition is
 * read by one consumer at a time, so a group is as fast as the consumer with most of the work lets it be. */
#ifndef SIM_RESULTS_SPLIT_H
#define SIM_RESULTS_SPLIT_H

#include "sim/results/pace.h"
#include "sim/scenario/study.h"

/* The fullest of the consumers that have fewer partitions with much in them: it works off less, and has less at hand
 * while one of them is fetched. */
struct split_lean {
    uint32_t owners;  /* consumers with as few; 0: all have as many */
    double share;
    uint32_t fetched;
    const struct pace_part *part;
};

struct split {
    uint32_t owners;  /* consumers with a partition */
    uint32_t fed;     /* those of them to whose partitions a record came; all, where none came at all */
    double share;     /* of the group's work, on the consumer with most of it; NaN: it has no consumer */
    uint32_t most;    /* partitions of that one: of the widest topic where each topic is dealt by itself (range) */
    uint32_t fetched; /* partitions of that one, of all topics, and */
    const struct pace_part *part; /* these: in the scratch arena */
    struct split_lean lean;
    bool uneven;      /* its share is by the records as they came, which an even split does not explain */
    bool mixed;       /* records of stages of different length came, a hundredth of all of each at least */
    double hottest;   /* of the group's records, in one partition */
};

/* records: as many as came, by partition; the group's topics in the order of its reads. What is no more than chance
 * (four standard deviations, and a tenth) counts as even over the partitions of a topic. */
struct split split_of(const struct scenario *scenario, const struct group_spec *group, uint32_t consumers,
                      const double *records, struct arena *scratch);
/* How long the stages of the records that came take in the mean, over those of the records that are done: who has the
 * short ones runs ahead. 1: none are done, or they take no time. left: undone, by partition as records. */
double split_longer(const struct scenario *scenario, const struct group_spec *group, const double *records,
                    const double *left);
/* What a record takes of a consumer (pace_record_s) in the mean of those that get some; and what the group does by what
 * it would if the fullest one were as quick as that mean: it waits for whoever is the last, that one or a lean one. */
struct split_pace { double record_s, group; };
struct split_pace split_pace(const struct scenario *scenario, const struct group_spec *group,
                             const struct split *split, const struct pace_record *record);
/* Consumers that can have a partition each. */
uint32_t split_useful(const struct scenario *scenario, const struct group_spec *group);

#endif
