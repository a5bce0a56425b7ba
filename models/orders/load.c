/* SPDX-License-Identifier: GPL-3.0-or-later
 * The order of floating-point operations in the ramp is k6's: another order, or a fused multiply-add, moves some starts
 * by a nanosecond (build with -ffp-contract=off). */
#include "models/orders/load.h"

#include <math.h>

#include "models/purpose.h"
#include "sim/engine/error.h"

static double rate_per_ns(const struct load_spec *spec, double rate) { return rate / (double)spec->time_unit_ns; }

/* k6 cuts the period to whole ns; below one it would spin. */
static sim_ns period_of(const struct load_spec *spec)
{
    double period = (double)spec->time_unit_ns / spec->rate;
    if (!(period < 0x1p62)) return SIM_NEVER / 2;
    return period < 1 ? 1 : (sim_ns)period;
}

/* ---- k6 ramping-arrival-rate ---- */

/* Sets up the stage load->stage, coming from rate `to` of the last one. */
static void enter_stage(struct load_state *load)
{
    const struct load_stage *stage = &load->spec->stage[load->stage];
    load->from = load->to;
    load->to = rate_per_ns(load->spec, stage->target);
    load->stage_ns = (double)stage->duration_ns;
    load->area_before = load->area;
    if (load->from != load->to) load->area += load->stage_ns * ((load->to - load->from) / 2 + load->from);
    else load->area += load->stage_ns * load->to;
}

static void open_ramp(struct load_state *load)
{
    load->to = rate_per_ns(load->spec, load->spec->rate);
    if (load->spec->n_stages > 0) enter_stage(load);
}

/* Time into the stage at which the area since its start is `area`. */
static sim_ns time_of_area(const struct load_state *load, double area)
{
    double from = load->from, to = load->to, duration = load->stage_ns;
    if (from == to) return to > 0 ? (sim_ns)(area / to) : 0;
    double radicand = duration * (from * from * duration + 2 * area * (to - from));
    double root = signbit(radicand) ? 0 : sqrt(radicand);
    return (sim_ns)((from * duration - root) / (from - to));
}

/* Moves to the stage in which start number load->count lies; false when the schedule is over. */
static bool find_stage(struct load_state *load, double number)
{
    const struct load_spec *spec = load->spec;
    while (load->stage < spec->n_stages && !(number <= load->area)) {
        load->stage_at_ns += spec->stage[load->stage].duration_ns;
        if (++load->stage < spec->n_stages) enter_stage(load);
    }
    return load->stage < spec->n_stages;
}

static bool next_of_ramp(struct load_state *load, sim_ns *at_ns)
{
    double number = load->spec->phase + (double)load->count;
    if (!find_stage(load, number)) return false;
    *at_ns = load->stage_at_ns + time_of_area(load, number - load->area_before);
    return true;
}

/* ---- the others ---- */

static bool next_of_poisson(struct load_state *load, sim_ns *at_ns)
{
    uint32_t place = load->count % 4;
    if (place == 0) load->words = random_block(load->key, PURPOSE_LOAD, load->entity, (uint32_t)(load->count / 4));
    double gap_ns = -log(random_unit(load->words.word[place])) / rate_per_ns(load->spec, load->spec->rate);
    if (!(gap_ns < (double)(load->end_ns - load->at_ns))) return false;
    *at_ns = load->at_ns + llround(gap_ns);
    return true;
}

static bool next_of_trace(struct load_state *load, sim_ns *at_ns)
{
    if (load->count >= load->spec->n_times) return false;
    *at_ns = load->spec->time_ns[load->count];
    return true;
}

static bool next_relative(struct load_state *load, sim_ns *at_ns)
{
    switch (load->spec->executor) {
    case LOAD_RAMPING_ARRIVAL_RATE: return next_of_ramp(load, at_ns) && *at_ns < load->end_ns;
    case LOAD_CONSTANT_ARRIVAL_RATE: *at_ns = (sim_ns)load->count * load->period_ns; return *at_ns < load->end_ns;
    case LOAD_POISSON: return next_of_poisson(load, at_ns) && *at_ns < load->end_ns;
    case LOAD_BURSTS:
        *at_ns = (sim_ns)(load->count / load->spec->burst_size) * load->spec->burst_every_ns;
        return *at_ns < load->end_ns;
    case LOAD_TRACE: return next_of_trace(load, at_ns);
    }
    return false;
}

/* ---- entry ---- */

void load_open(struct load_state *load, const struct load_spec *spec, struct random_key key)
{
    SIM_ASSERT(spec->executor == LOAD_BURSTS || spec->executor == LOAD_TRACE || spec->time_unit_ns > 0);
    SIM_ASSERT(spec->executor != LOAD_CONSTANT_ARRIVAL_RATE || spec->rate > 0);
    SIM_ASSERT(spec->executor != LOAD_BURSTS || (spec->burst_size > 0 && spec->burst_every_ns > 0));
    *load = (struct load_state){.spec = spec, .key = key, .end_ns = load_duration_ns(spec)};
    load->entity = random_entity(spec->name);
    if (spec->executor == LOAD_CONSTANT_ARRIVAL_RATE) load->period_ns = period_of(spec);
    if (spec->executor == LOAD_RAMPING_ARRIVAL_RATE) open_ramp(load);
}

bool load_next(struct load_state *load, sim_ns *at_ns)
{
    if (!next_relative(load, at_ns)) return false;
    /* Rounding can put a start before the last one where two stages meet; k6 issues what is late at once. */
    if (*at_ns > load->at_ns) load->at_ns = *at_ns;
    *at_ns = load->spec->start_ns + load->at_ns;
    load->count++;
    return true;
}

/* Whole periods from 0 on before the end. */
static uint64_t ticks(sim_ns duration_ns, sim_ns period_ns)
{
    return duration_ns <= 0 ? 0 : (uint64_t)((duration_ns - 1) / period_ns) + 1;
}

uint64_t load_scheduled(const struct load_spec *spec)
{
    switch (spec->executor) {
    case LOAD_RAMPING_ARRIVAL_RATE: {
        struct load_state load;
        load_open(&load, spec, (struct random_key){{0}});
        while (load.stage + 1 < spec->n_stages) load.stage++, enter_stage(&load);
        return load.area >= spec->phase ? (uint64_t)floor(load.area - spec->phase) + 1 : 0;
    }
    case LOAD_CONSTANT_ARRIVAL_RATE: return ticks(spec->duration_ns, period_of(spec));
    case LOAD_POISSON: return (uint64_t)llround(rate_per_ns(spec, spec->rate) * (double)spec->duration_ns);
    case LOAD_BURSTS: return spec->burst_size * ticks(spec->duration_ns, spec->burst_every_ns);
    case LOAD_TRACE: return spec->n_times;
    }
    return 0;
}

sim_ns load_duration_ns(const struct load_spec *spec)
{
    sim_ns total = 0;
    if (spec->executor == LOAD_TRACE) return spec->n_times > 0 ? spec->time_ns[spec->n_times - 1] : 0;
    if (spec->executor != LOAD_RAMPING_ARRIVAL_RATE) return spec->duration_ns;
    for (uint32_t i = 0; i < spec->n_stages; i++) total += spec->stage[i].duration_ns;
    return total;
}

sim_ns scenario_load_end(const struct scenario *scenario)
{
    sim_ns end = 0;
    for (uint32_t i = 0; i < scenario->n_loads; i++) {
        sim_ns this_end = scenario->load[i].start_ns + load_duration_ns(&scenario->load[i]);
        if (this_end > end) end = this_end;
    }
    return end;
}
