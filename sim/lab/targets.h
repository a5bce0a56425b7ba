/* SPDX-License-Identifier: GPL-3.0-or-later
 * Observations as targets of a fit. What repeats another observation does not count twice: orders pending beside orders
 * paid, the partitions of a group beside their sum and spread, a row of a lag table that is the table of offsets again.
 *
 * Clocks without a stated error err as the audit's do (audit.h): AUDIT_CLOCK_S, a table of offsets by AUDIT_TABLE_S. */
#ifndef SIM_LAB_TARGETS_H
#define SIM_LAB_TARGETS_H

#include "sim/lab/distance.h"
#include "sim/results/layout.h"

/* A count is not known better than to this: two reads of a moving figure do not agree to the record. A lag is the
 * difference of two counts, read one after the other, a sum or spread of lags one of several. */
#define TARGET_SD 1.0

struct targets {
    uint32_t n, n_clocks;
    struct target *target;
    const double *observed;     /* by target */
    const uint32_t *prediction; /* of the layout, by target */
};

/* Fills in the errors of clocks that the file does not state. */
void observations_complete(struct observations *observations, struct arena *arena);

/* All observations that the layout (of a study with these observations) predicts. Those whose name holds a word of
 * hold_out decide nothing. False with err (SIM_EUSAGE) for a word that no name holds. */
bool targets_make(struct targets *out, const struct layout *layout, const char *const *hold_out, uint32_t n_hold_out,
                  struct arena *arena, struct sim_err *err);

#endif
