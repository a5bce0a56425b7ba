/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study made by hand, with two groups, and runs of it that are told to a recorder by arithmetic instead of a model:
 * ten orders a second for 20 s, of which the first group does four a second (so that its backlog peaks at 120 at 20 s
 * and is gone at 50 s), the second one all it gets. Replication r is r orders late at every moment. Tests of results
 * know every figure beforehand. */
#ifndef TESTS_SUPPORT_SMALL_STUDY_H
#define TESTS_SUPPORT_SMALL_STUDY_H

#include "sim/results/result.h"

/* Names hold dots and dashes, and a comma. */
#define SMALL_STOCK "stock.v2-group"
#define SMALL_PAY "pay,group"

const struct study *small_study(struct arena *arena);

/* One run: told to the recorder, then its result. cut_s > 0: cut at that second, with work left. */
struct result *small_run(const struct layout *layout, uint32_t replication, uint32_t cut_s,
                         const struct recorder_files *files, struct arena *arena);

/* n replications put together at 95 %. */
struct outcome small_outcome(const struct study *study, uint32_t n, struct arena *arena);

/* NaN is close to nothing. */
#define assert_close(a, b, tolerance) \
    do { \
        const double a_ = (a), b_ = (b); \
        if (!(fabs(a_ - b_) <= (tolerance))) \
            fail_msg("%s is %.17g, not %.17g", #a, a_, b_); \
    } while (0)

#endif
