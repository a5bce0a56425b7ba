/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whether a batch may take so long that its member polls too late. */
#ifndef MODELS_LATE_POLL_H
#define MODELS_LATE_POLL_H

#include "models/plan.h"

/* Whether members of the group might poll too late: after a batch of full length that waits until its last record is due,
 * and ends with a failure. Waits for locks, rows, connections and stores are not known here (docs/model.md). After
 * stages and groups are compiled. */
bool late_poll_is_possible(const struct plan *plan, uint32_t group);

#endif
