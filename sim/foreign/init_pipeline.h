/* SPDX-License-Identifier: GPL-3.0-or-later
 * The pipeline of a new scenario: the usual one with the names that were seen, or, where a group plays no known part,
 * one stage for each group that was seen, each fed by the API. */
#ifndef SIM_FOREIGN_INIT_PIPELINE_H
#define SIM_FOREIGN_INIT_PIPELINE_H

#include "sim/foreign/seen.h"

/* A part in the usual pipeline. */
struct role {
    const char *group, *stage;
    const char *words[4];     /* one of them in a group's name says that it plays this part */
    double records_per_order; /* in the order that goes well */
};

struct pipeline {
    bool usual;
    const struct seen *seen;
    struct arena *arena;
    uint32_t role[MAX_SEEN_GROUPS]; /* of each group that was seen */
};

uint32_t pipeline_roles(void);
const struct role *pipeline_role(uint32_t i);

/* Adds orders, kafka, topics, tables, locks, processes, groups, flow and stages to the scenario. */
void pipeline_add(struct pipeline *out, cJSON *scenario, const struct seen *seen, struct source *remarks);

/* The stage that a group's first topic runs; of NULL: of the first part. NULL when it is not known. */
const char *pipeline_stage_of(const struct pipeline *pipeline, const char *group);
/* The stage of a group that was seen, or of the part that a word names ("stock"). NULL: none. */
const char *pipeline_stage_for(const struct pipeline *pipeline, const char *word);
uint32_t pipeline_consumers(const struct pipeline *pipeline, const char *group);

#endif
