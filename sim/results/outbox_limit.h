/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the relay of an outbox sends fewer rows than the load has written: it is one thread that sends one row after
 * the other, so its pace is the scenario's time for a row, and what it cannot send waits before all groups. */
#ifndef SIM_RESULTS_OUTBOX_LIMIT_H
#define SIM_RESULTS_OUTBOX_LIMIT_H

#include "sim/results/result.h"

struct outbox_limit {
    const char *process;   /* NULL: none limits */
    double send_s;         /* for a row */
    double most_per_s;     /* rows */
    double asked_per_s;    /* that orders at the load's greatest rate have written, as far as the API takes them */
    double peak, peak_at_s; /* rows that waited, at most */
    double gone_at_s;      /* when none was left; NaN: some are, */
    uint32_t left_in;      /* in so many runs */
};

/* Of several the one of which most is asked for what it can do. None unless more waited than it sends in a few seconds,
 * with little in reserve. */
struct outbox_limit outbox_limit_of(const struct outcome *outcome);
/* One sentence with the figures, without the process's name; empty for none. Returns out. */
char *outbox_limit_text(const struct outcome *outcome, enum language language, char *out, size_t size);

#endif
