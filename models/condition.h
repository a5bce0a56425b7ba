/* SPDX-License-Identifier: GPL-3.0-or-later
 * What faults impose on servers and on what is sent, for a while: written by models/fault.c, read where it matters.
 * A run without faults has none (NULL). Factors multiply the time that a step draws; shares are of 2^32. */
#ifndef MODELS_CONDITION_H
#define MODELS_CONDITION_H

#include <stdint.h>

#include "sim/engine/ns.h"

struct conditions {
    double *store_factor, *stage_factor; /* by store, by stage; 1: as usual */
    double kafka_factor;                 /* of fetch, commit and append */
    sim_ns *store_down_until_ns;         /* by store; <= now: it answers */
    sim_ns kafka_down_until_ns;
    uint64_t *duplicate_below; /* by topic: a record whose word is below is appended twice */
};

#endif
