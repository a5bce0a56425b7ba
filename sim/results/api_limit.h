/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the API lets fewer requests through than the load brings: its threads, or its pool, over the time for which a
 * request has one. That time is the scenario's, with nothing to wait for: a bound, as those of shared.h are. */
#ifndef SIM_RESULTS_API_LIMIT_H
#define SIM_RESULTS_API_LIMIT_H

#include "sim/results/result.h"

enum api_limit_kind { API_LIMIT_NONE, API_LIMIT_THREADS, API_LIMIT_POOL };

struct api_limit {
    enum api_limit_kind kind;
    const char *process;
    uint32_t places;       /* threads or connections of all instances together */
    double held_s;         /* for which a request has one of them */
    double most_per_s;     /* requests */
    double asked_per_s;    /* that the load would start at its greatest rate */
};

/* None unless requests failed, found no VU, or waited for long; nor where steps of the API's may be refused, or where
 * the load's VUs, as far as they can have started, could not bring as much even if no request ever waited. */
struct api_limit api_limit_of(const struct outcome *outcome);
/* One sentence with the figures; empty for none. Returns out. */
char *api_limit_text(const struct outcome *outcome, enum language language, char *out, size_t size);

#endif
