/* SPDX-License-Identifier: GPL-3.0-or-later
 * Groups that deliver the same records again and again, and come no further: one that fails is retried without end, a
 * poll always comes too late, or whoever has it dies before it is committed. No number of consumers helps such a group.
 * It is looked for in the partitions of a run that is cut: of one that ended by itself nothing goes on. */
#ifndef SIM_RESULTS_STUCK_H
#define SIM_RESULTS_STUCK_H

#include "sim/results/layout.h"
#include "sim/results/taken.h"

struct stuck_watch;

struct stuck_watch *stuck_open(const struct layout *layout, struct arena *arena);
void stuck_look(struct stuck_watch *watch, const struct run_levels *levels);
/* After the last look, of the levels that stay; value: by group and enum layout_stuck. */
void stuck_close(const struct stuck_watch *watch, const struct run_facts *facts, double *value);

/* Of a record that fails each time, until it is given up: its deliveries and the sleeps between them. */
double stuck_life_s(const struct group_spec *spec, double record_s);

/* In the mean of the runs that have it. */
struct stuck stuck_of(const struct outcome *outcome, uint32_t group);

enum stuck_by {
    STUCK_BY_RETRIES,    /* a record that fails */
    STUCK_BY_LATE_POLLS, /* polls that take longer than max.poll.interval */
    STUCK_BY_DEATHS      /* whoever has them is gone before they are committed */
};

enum stuck_by stuck_by(const struct stuck *stuck);
/* What more consumers would bring a group that is stuck by retries or deaths. Returns what snprintf returns. */
int stuck_text(const struct outcome *outcome, const struct group_demand *demand, const struct taken *taken,
               enum language language, char *out, size_t size);

#endif
