/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the records of a group wait for: something that its own stages use. Waits are counted by what is waited for, not
 * by who waits, so a mean is the group's where nobody else uses the same. */
#ifndef SIM_RESULTS_WAITS_H
#define SIM_RESULTS_WAITS_H

#include "sim/results/shared.h"

struct waits {
    enum shared_kind kind; /* SHARED_NOTHING: nothing is known to stand out */
    const char *name;
    bool of_all;           /* its mean is that of others, too */
};

/* Whether a step of the group's can wait for anybody. */
bool waits_can(const struct scenario *scenario, uint32_t group);
/* What makes up most of so much waiting of a record. */
struct waits waits_mostly_for(const struct outcome *outcome, uint32_t group, double waiting_s);

#endif
