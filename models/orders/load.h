/* SPDX-License-Identifier: GPL-3.0-or-later
 * When orders are sent: a generator of start times, one load at a time, in constant memory.
 *
 * The two arrival-rate executors follow k6 to the nanosecond. Ramping: iteration i starts where the area under the rate
 * curve is i, counted from 1 (load_spec.phase counts from elsewhere), rates as doubles per ns, times cut to whole ns,
 * the counter carried across stages. Constant: every whole period (time unit / rate, cut to ns) from 0 on; phase does
 * not apply. A start that falls on the executor's end is not issued, because k6 takes the deadline before it starts its
 * clock: the schedule of such a profile holds one more than is started.
 * Poisson gaps are keyed draws, by the load's name. Bursts start together; a trace is repeated as recorded, its last
 * order included. */
#ifndef MODELS_ORDERS_LOAD_H
#define MODELS_ORDERS_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/scenario.h"
#include "sim/engine/ns.h"
#include "sim/engine/random.h"

struct load_state {
    const struct load_spec *spec;
    uint64_t count;                      /* starts handed out */
    sim_ns end_ns;                       /* from here on no start; relative to spec->start_ns, as all times here */
    sim_ns at_ns;                        /* the last start; 0 before the first */
    sim_ns period_ns;                    /* constant */
    uint32_t stage;                      /* ramping: the current one */
    sim_ns stage_at_ns;                  /* its start */
    double from, to, stage_ns;           /* its rates, per ns, and length */
    double area_before, area;            /* under the curve at its start and end */
    struct random_key key;
    uint64_t entity;
    struct random_words words;           /* Poisson: a block serves four gaps */
};

/* spec must outlive the state. */
void load_open(struct load_state *load, const struct load_spec *spec, struct random_key key);

/* The next start time (not relative: spec->start_ns is in it), never before the last one. False at the end. */
bool load_next(struct load_state *load, sim_ns *at_ns);

/* Starts that the schedule holds, the one on the deadline included; Poisson: their expected number, rounded. */
uint64_t load_scheduled(const struct load_spec *spec);

/* From the load's start to its end; a trace ends with its last order. */
sim_ns load_duration_ns(const struct load_spec *spec);

#endif
