/* SPDX-License-Identifier: GPL-3.0-or-later
 * One replication: plan -> run -> recorder -> result. */
#ifndef SIM_LAB_RUN_H
#define SIM_LAB_RUN_H

#include <stdatomic.h>

#include "models/pipeline.h"
#include "sim/results/result.h"
#include "sim/results/thin.h"

struct replication {
    const struct plan *plan;
    const struct layout *layout;
    uint64_t seed;
    uint32_t replication;
    const struct recorder_files *files; /* NULL: none */
    struct thin *thin;                  /* told the levels at each sample. NULL: not wanted */
    const atomic_bool *stop;            /* set: the run ends at its next sample. NULL: never */
    _Atomic sim_ns *now_ns;             /* told the simulated time at each sample. NULL: not wanted */
};

/* own is reset first, and free to be reset once the result is there; the result lives in kept. NULL with err when the
 * run fails; NULL without err when it was stopped. */
struct result *replication_run(const struct replication *replication, struct arena *own, struct arena *kept,
                               struct sim_err *err);

/* Seconds of a clock that only goes forward. */
double wall_now_s(void);

#endif
