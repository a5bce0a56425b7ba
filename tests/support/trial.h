/* SPDX-License-Identifier: GPL-3.0-or-later
 * A scenario from a JSON text, ready to be run many times: read by the program's own reader, planned, run. Whatever
 * goes wrong on the way fails the test with the reader's or the run's own words.
 *
 *   struct trial trial;
 *   trial_open(&trial, QUEUE_SCENARIO, edits, n_edits);
 *   for (r = 0; r < n; r++) facts = trial_run(&trial, r, NULL);     the facts of one run live until the next one
 *   trial_close(&trial); */
#ifndef TESTS_SUPPORT_TRIAL_H
#define TESTS_SUPPORT_TRIAL_H

#include "models/pipeline.h"
#include "sim/scenario/study.h"

/* JSON as it stands: TRIAL_JSON({ "run": { "seed": 1 } }). */
#define TRIAL_JSON(...) #__VA_ARGS__

/* The report's load: k6's ramps to 20, 50 and 100 orders/s, ten minutes. k6 schedules 40,800 starts and makes 40,799:
 * the last one is due on the deadline. */
enum { K6_SCHEDULED = 40800 };
#define K6_PROFILE                                                                                                     \
    TRIAL_JSON({ "executor": "ramping-arrival-rate",                                                                   \
                 "stages": [ { "target": 20, "duration": "1m" }, { "target": 50, "duration": "2m" },                   \
                             { "target": 100, "duration": "2m" }, { "target": 100, "duration": "4m" },                 \
                             { "target": 0, "duration": "1m" } ] })

/* A queue and nothing else: orders appear in one topic at the instant of their arrival, one group serves them in order
 * of arrival, no network, no commit time, and a served order is PAID. Edits give it its load, servers and times. */
extern const char QUEUE_SCENARIO[];

struct trial {
    struct arena shared, own;
    struct study study;
    const struct plan *plan;
};

void trial_open(struct trial *trial, const char *json, const struct study_edit *edit, uint32_t n_edits);

/* The same, but in place of the scenario's load a trace of every start that the load's schedule holds, the one on the
 * deadline included. */
void trial_open_schedule(struct trial *trial, const char *json, const struct study_edit *edit, uint32_t n_edits);

/* One run, with the scenario's own seed. */
const struct run_facts *trial_run(struct trial *trial, uint32_t replication, const struct observer *observer);

/* Between trial_read and trial_plan: instead of its first load, a trace of every start that the load's schedule holds,
 * the one on the deadline included. */
void trial_trace_schedule(struct trial *trial);

/* Fails the test when an invariant is broken. Enough where threads were killed or came late: their time is busy time
 * without an end, so tallies do not add up to it. */
void trial_expect_invariants(const struct run_facts *facts);
/* And when Little's law (a group's integral of backlog = its sum of sojourn times,
 * to the last ns) does not hold, or when the sojourn times are not the sum of waits and services. */
void trial_expect_sound(const struct trial *trial, const struct run_facts *facts);

/* NULL, or a followed order whose parts of time do not sum up to its completion time, to the nanosecond. */
const char *trial_path_fault(const struct run_facts *facts);

void trial_close(struct trial *trial);

#endif
