/* SPDX-License-Identifier: GPL-3.0-or-later
 * Observations (sim-observations/1) of a system that is a run of a scenario: what somebody who watches it would write
 * down. So the truth behind the observations is known. */
#ifndef TESTS_SUPPORT_OBSERVED_RUN_H
#define TESTS_SUPPORT_OBSERVED_RUN_H

#include <cjson/cJSON.h>

#include "sim/scenario/study.h"

enum { WATCHED_TIMES_MAX = 16 };

/* Whole seconds. */
struct watching {
    uint32_t n_statuses, status_s[WATCHED_TIMES_MAX];
    uint32_t n_trend, trend_s[WATCHED_TIMES_MAX]; /* of the first group's first topic */
    uint32_t offsets_s;
};

/* One replication of the study. The caller deletes the document. Whatever goes wrong fails the test. */
cJSON *observed_run(const struct study *study, uint32_t replication, const struct watching *watching);

#endif
