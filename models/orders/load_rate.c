/* SPDX-License-Identifier: GPL-3.0-or-later
 * The greatest rate of a load and how long it lasts, from its rates and not from its draws. Every executor but the
 * trace has a rate that is linear from one corner to the next. So is the difference of the rates at the two ends of a
 * window that slides over them, between the instants at which either end is in a corner: the window holds most at one
 * of these, or where that difference is zero between two of them. Bursts come at instants: with them it holds most
 * as well where it begins with one, or has just taken one in. */
#include "models/orders/load.h"

#include <math.h>
#include <stdlib.h>

#include "sim/engine/arena.h"

/* Rate from `from` to `to` per second, in seconds of the run. */
struct span { double at_s, until_s, from, to; };

struct profile {
    const struct scenario *scenario;
    uint32_t n, n_corners;
    struct span *span;
    double *corner; /* with either end of the window in one, or in a burst */
    double window_s, end_s; /* end_s: of the run */
    double last_s;          /* by then at_most orders have come; or end_s */
};

static void add_span(struct profile *profile, double at_s, double lasts_s, double from, double to)
{
    if (!(lasts_s > 0) || (from == 0 && to == 0)) return;
    profile->span[profile->n++] = (struct span){ at_s, at_s + lasts_s, from, to };
}

/* Of more than that, which follow closely, the others make no greater rate. */
enum { BURSTS_LOOKED_AT = 4096 };

static uint64_t bursts_of(const struct load_spec *spec)
{
    return spec->executor == LOAD_BURSTS ? (uint64_t)((spec->duration_ns - 1) / spec->burst_every_ns + 1) : 0;
}

static uint64_t bursts_looked_at(const struct load_spec *spec)
{
    const uint64_t n = bursts_of(spec);
    return n < BURSTS_LOOKED_AT ? n : BURSTS_LOOKED_AT;
}

static void add_burst_corners(struct profile *profile)
{
    for (uint32_t i = 0; i < profile->scenario->n_loads; i++) {
        const struct load_spec *spec = &profile->scenario->load[i];
        for (uint64_t k = 0; k < bursts_looked_at(spec); k++) {
            const double at_s = ns_to_s(spec->start_ns + (sim_ns)k * spec->burst_every_ns);
            profile->corner[profile->n_corners++] = at_s;
            profile->corner[profile->n_corners++] = at_s - profile->window_s;
        }
    }
}

static void add_corners(struct profile *profile)
{
    for (uint32_t i = 0; i < profile->n; i++) {
        const struct span *span = &profile->span[i];
        profile->corner[profile->n_corners++] = span->at_s;
        profile->corner[profile->n_corners++] = span->until_s;
        profile->corner[profile->n_corners++] = span->at_s - profile->window_s;
        profile->corner[profile->n_corners++] = span->until_s - profile->window_s;
    }
}

/* Bursts before an instant, or with the one in it. */
static uint64_t bursts_to(const struct load_spec *spec, double until_s, bool with_it)
{
    const sim_ns since_ns = llround(until_s * 1e9) - spec->start_ns + (with_it ? 1 : 0);
    const uint64_t n = since_ns > 0 ? (uint64_t)((since_ns - 1) / spec->burst_every_ns + 1) : 0;
    return n < bursts_of(spec) ? n : bursts_of(spec);
}

/* Where no greatest rate is asked for. A burst counts as if it came over a window, and so many as fit into one
 * together; or, of no window, over the time to the next one. */
static void add_bursts(struct profile *profile, const struct load_spec *spec)
{
    const double every_s = ns_to_s(spec->burst_every_ns), n = (double)bursts_to(spec, profile->last_s, true);
    const double over_s = profile->window_s > 0 ? profile->window_s : every_s;
    const double rate = spec->burst_size * fmin(ceil(over_s / every_s), n) / over_s;
    const double lasts_s = fmin(ns_to_s(spec->duration_ns), n * every_s);
    add_span(profile, ns_to_s(spec->start_ns), fmax(lasts_s, profile->window_s), rate, rate);
}

static void add_ramp(struct profile *profile, const struct load_spec *spec)
{
    const double unit_s = ns_to_s(spec->time_unit_ns);
    double at_s = ns_to_s(spec->start_ns), from = spec->rate / unit_s;
    for (uint32_t i = 0; i < spec->n_stages; i++) {
        const double lasts_s = ns_to_s(spec->stage[i].duration_ns), to = spec->stage[i].target / unit_s;
        add_span(profile, at_s, lasts_s, from, to);
        at_s += lasts_s;
        from = to;
    }
}

/* Of those that have a rate. */
static void add_rate(struct profile *profile, const struct load_spec *spec)
{
    const double at_s = ns_to_s(spec->start_ns), lasts_s = ns_to_s(spec->duration_ns);
    double rate;
    switch (spec->executor) {
    case LOAD_RAMPING_ARRIVAL_RATE: add_ramp(profile, spec); return;
    case LOAD_CONSTANT_ARRIVAL_RATE:
    case LOAD_POISSON:
        rate = spec->rate / ns_to_s(spec->time_unit_ns);
        add_span(profile, at_s, lasts_s, rate, rate);
        return;
    case LOAD_BURSTS:
    case LOAD_TRACE: return;
    }
}

static double rate_at(const struct span *span, double at_s)
{
    return span->from + (span->to - span->from) * (at_s - span->at_s) / (span->until_s - span->at_s);
}

static double starts_of(const struct span *span, double at_s, double until_s)
{
    const double a_s = fmax(at_s, span->at_s), b_s = fmin(until_s, span->until_s);
    return b_s > a_s ? (b_s - a_s) * (rate_at(span, a_s) + rate_at(span, b_s)) / 2 : 0;
}

static double starts_between(const struct profile *profile, double at_s, double until_s)
{
    double starts = 0;
    for (uint32_t i = 0; i < profile->n; i++) starts += starts_of(&profile->span[i], at_s, until_s);
    return starts;
}

/* Starts by then, of the orders that there are. The profile has the rates alone. */
static double orders_to(const struct profile *profile, double until_s, bool with_it)
{
    const struct scenario *scenario = profile->scenario;
    double starts = starts_between(profile, 0, until_s);
    for (uint32_t i = 0; i < scenario->n_loads; i++)
        if (scenario->load[i].executor == LOAD_BURSTS)
            starts += scenario->load[i].burst_size * (double)bursts_to(&scenario->load[i], until_s, with_it);
    return scenario->orders.at_most > 0 ? fmin(starts, (double)scenario->orders.at_most) : starts;
}

/* Starts from at_s on in a window, none of them after the end: with what comes at its beginning, or at its end. */
static double starts_in(const struct profile *profile, double at_s)
{
    const double until_s = fmin(at_s + profile->window_s, profile->end_s);
    return fmax(orders_to(profile, until_s, false) - orders_to(profile, at_s, false),
                orders_to(profile, until_s, true) - orders_to(profile, at_s, true));
}

/* What comes after the last order is no part of the load. */
static void cut_rates(struct profile *profile)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < profile->n; i++) {
        struct span span = profile->span[i];
        if (span.at_s >= profile->last_s) continue;
        if (span.until_s > profile->last_s) {
            span.to = rate_at(&span, profile->last_s);
            span.until_s = profile->last_s;
        }
        profile->span[n++] = span;
    }
    profile->n = n;
}

static double starts_of_trace(const struct load_spec *spec, double until_s)
{
    uint64_t from = 0, to = spec->n_times;
    while (from < to) {
        const uint64_t middle = from + (to - from) / 2;
        if (ns_to_s(spec->start_ns + spec->time_ns[middle]) <= until_s) from = middle + 1;
        else to = middle;
    }
    return (double)from;
}

/* Bursts and traces at their instants; the profile has the rates alone as yet. */
static double starts_until(const struct profile *profile, double until_s)
{
    double starts = starts_between(profile, 0, until_s);
    for (uint32_t i = 0; i < profile->scenario->n_loads; i++) {
        const struct load_spec *spec = &profile->scenario->load[i];
        if (spec->executor == LOAD_TRACE) starts += starts_of_trace(spec, until_s);
        if (spec->executor == LOAD_BURSTS) starts += spec->burst_size * (double)bursts_to(spec, until_s, true);
    }
    return starts;
}

/* By when so many have been started, if they are before the end. */
static double end_of(const struct profile *profile, double at_most)
{
    double before_s = 0, after_s = profile->end_s;
    if (starts_until(profile, profile->end_s) <= at_most) return profile->end_s;
    for (int i = 0; i < 64; i++) {
        const double middle_s = (before_s + after_s) / 2;
        if (starts_until(profile, middle_s) < at_most) before_s = middle_s;
        else after_s = middle_s;
    }
    return after_s;
}

static double all_rates_at(const struct profile *profile, double at_s)
{
    double rate = 0;
    for (uint32_t i = 0; i < profile->n && at_s < profile->end_s; i++)
        if (at_s >= profile->span[i].at_s && at_s < profile->span[i].until_s)
            rate += rate_at(&profile->span[i], at_s);
    return rate;
}

/* What a window that begins then gains when it slides on. */
static double gain_at(const struct profile *profile, double at_s)
{
    return all_rates_at(profile, at_s + profile->window_s) - all_rates_at(profile, at_s);
}

/* Between two neighbouring corners the gain is linear. */
static double most_between(const struct profile *profile, double a_s, double b_s)
{
    const double x_s = a_s + (b_s - a_s) / 4, y_s = a_s + (b_s - a_s) * 3 / 4;
    const double x = gain_at(profile, x_s), y = gain_at(profile, y_s);
    const double zero_s = x > y ? x_s + (y_s - x_s) * x / (x - y) : a_s;
    return zero_s > a_s && zero_s < b_s ? starts_in(profile, zero_s) : 0;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double most_in(struct profile *profile)
{
    double most = 0;
    qsort(profile->corner, profile->n_corners, sizeof *profile->corner, ascending);
    for (uint32_t i = 0; i < profile->n_corners; i++) {
        most = fmax(most, starts_in(profile, profile->corner[i]));
        if (i > 0) most = fmax(most, most_between(profile, profile->corner[i - 1], profile->corner[i]));
    }
    return most;
}

/* ---- entry ---- */

/* The rates until a time, or until there are at_most orders. window_s 0: none is wanted. */
static struct profile rates_of(const struct scenario *scenario, double window_s, sim_ns end_ns, struct arena *arena)
{
    uint64_t n = 0, n_bursts = 0;
    for (uint32_t i = 0; i < scenario->n_loads; i++) {
        n += scenario->load[i].executor == LOAD_RAMPING_ARRIVAL_RATE ? scenario->load[i].n_stages : 1;
        n_bursts += bursts_looked_at(&scenario->load[i]);
    }
    struct profile profile = { .scenario = scenario, .span = arena_array(arena, struct span, n),
                               .corner = arena_array(arena, double, n * 4 + n_bursts * 2 + 2),
                               .window_s = window_s, .end_s = ns_to_s(end_ns), .last_s = ns_to_s(end_ns) };
    for (uint32_t i = 0; i < scenario->n_loads; i++) add_rate(&profile, &scenario->load[i]);
    if (scenario->orders.at_most > 0) profile.last_s = end_of(&profile, (double)scenario->orders.at_most);
    if (profile.last_s < profile.end_s) cut_rates(&profile);
    return profile;
}

/* With the bursts among them. */
static struct profile profile_of(const struct scenario *scenario, double window_s, sim_ns end_ns, struct arena *arena)
{
    struct profile profile = rates_of(scenario, window_s, end_ns, arena);
    for (uint32_t i = 0; i < scenario->n_loads; i++)
        if (scenario->load[i].executor == LOAD_BURSTS) add_bursts(&profile, &scenario->load[i]);
    return profile;
}

static bool has_trace(const struct scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->n_loads; i++)
        if (scenario->load[i].executor == LOAD_TRACE) return true;
    return false;
}

/* What came in the first n_over spans is known for good. */
struct load_rates {
    bool known;
    struct profile profile;
    uint32_t n_over;
    double starts_over;
};

struct load_rates *load_rates_make(const struct scenario *scenario, sim_ns window_ns, struct arena *arena)
{
    struct load_rates *rates = arena_new(arena, struct load_rates);
    rates->known = !has_trace(scenario);
    rates->profile = profile_of(scenario, ns_to_s(window_ns), scenario_end(scenario), arena);
    return rates;
}

double load_rates_starts(struct load_rates *rates, sim_ns until_ns)
{
    const struct profile *profile = &rates->profile;
    const double until_s = fmin(ns_to_s(until_ns), profile->end_s);
    if (!rates->known) return (double)NAN;
    for (; rates->n_over < profile->n && profile->span[rates->n_over].until_s <= until_s; rates->n_over++)
        rates->starts_over += starts_of(&profile->span[rates->n_over], 0, until_s);
    double starts = rates->starts_over;
    for (uint32_t i = rates->n_over; i < profile->n; i++) starts += starts_of(&profile->span[i], 0, until_s);
    return starts;
}

double scenario_peak_rate_per_s(const struct scenario *scenario, sim_ns window_ns)
{
    if (has_trace(scenario)) return (double)NAN;
    struct arena scratch;
    arena_init(&scratch);
    struct profile profile = rates_of(scenario, ns_to_s(window_ns), scenario_end(scenario), &scratch);
    add_corners(&profile);
    add_burst_corners(&profile);
    profile.corner[profile.n_corners++] = profile.end_s - profile.window_s;
    const double most = most_in(&profile);
    arena_fini(&scratch);
    return most / profile.window_s;
}

/* Stretches of a ramp in which its rate is 0 are no spans: a pause before it is not part of the load. */
struct load_extent scenario_load_extent(const struct scenario *scenario)
{
    struct arena scratch;
    arena_init(&scratch);
    const struct profile profile = profile_of(scenario, 0, scenario_end(scenario), &scratch);
    double from_s = INFINITY, until_s = 0;
    for (uint32_t i = 0; i < profile.n; i++) {
        from_s = fmin(from_s, profile.span[i].at_s);
        until_s = fmax(until_s, profile.span[i].until_s);
    }
    for (uint32_t i = 0; i < scenario->n_loads; i++) {
        const struct load_spec *spec = &scenario->load[i];
        if (spec->executor != LOAD_TRACE || spec->n_times == 0) continue;
        from_s = fmin(from_s, ns_to_s(spec->start_ns + spec->time_ns[0]));
        until_s = fmax(until_s, fmin(ns_to_s(spec->start_ns + spec->time_ns[spec->n_times - 1]), profile.last_s));
    }
    until_s = fmin(until_s, profile.end_s);
    arena_fini(&scratch);
    if (!(from_s < until_s)) return (struct load_extent){ 0, 0 };
    return (struct load_extent){ llround(from_s * 1e9), llround(until_s * 1e9) };
}

/* The rates together, which are linear between two neighbouring corners. */
struct slope { double from_s, until_s, from, until; };

static struct slope slope_between(const struct profile *profile, double a_s, double b_s)
{
    const double x = all_rates_at(profile, a_s + (b_s - a_s) / 4), y = all_rates_at(profile, a_s + (b_s - a_s) * 3 / 4);
    return (struct slope){ a_s, b_s, x - (y - x) / 2, y + (y - x) / 2 };
}

static double crosses_at_s(const struct slope *slope, double rate)
{
    return slope->from_s + (slope->until_s - slope->from_s) * (rate - slope->from) / (slope->until - slope->from);
}

static struct load_extent height_of(const struct profile *profile)
{
    double most = 0, from_s = INFINITY, until_s = 0;
    for (uint32_t i = 1; i < profile->n_corners; i++) {
        const struct slope slope = slope_between(profile, profile->corner[i - 1], profile->corner[i]);
        most = fmax(most, fmax(slope.from, slope.until));
    }
    const double high = 0.9 * most;
    for (uint32_t i = 1; i < profile->n_corners && most > 0; i++) {
        const struct slope slope = slope_between(profile, profile->corner[i - 1], profile->corner[i]);
        if (slope.from < high && slope.until < high) continue;
        from_s = fmin(from_s, slope.from < high ? crosses_at_s(&slope, high) : slope.from_s);
        until_s = fmax(until_s, slope.until < high ? crosses_at_s(&slope, high) : slope.until_s);
    }
    until_s = fmin(until_s, profile->end_s);
    if (!(from_s < until_s)) return (struct load_extent){ 0, 0 };
    return (struct load_extent){ llround(from_s * 1e9), llround(until_s * 1e9) };
}

struct load_extent scenario_load_height(const struct scenario *scenario)
{
    if (has_trace(scenario)) return scenario_load_extent(scenario);
    struct arena scratch;
    arena_init(&scratch);
    struct profile profile = profile_of(scenario, 0, scenario_end(scenario), &scratch);
    add_corners(&profile);
    profile.corner[profile.n_corners++] = profile.end_s;
    qsort(profile.corner, profile.n_corners, sizeof *profile.corner, ascending);
    const struct load_extent height = height_of(&profile);
    arena_fini(&scratch);
    return height;
}

/* Of each load the last start may fall on its deadline, where none is made (load.h): nothing is lost with that one. */
static bool loses_orders(const struct scenario *scenario)
{
    const uint64_t at_most = scenario->orders.at_most;
    uint64_t scheduled = 0;
    for (uint32_t i = 0; i < scenario->n_loads; i++) scheduled += load_scheduled(&scenario->load[i]);
    return at_most > 0 && scheduled > scenario->n_loads && scheduled - scenario->n_loads > at_most;
}

bool scenario_orders_end_varies(const struct scenario *scenario)
{
    bool drawn = false;
    for (uint32_t i = 0; i < scenario->n_loads; i++) drawn |= scenario->load[i].executor == LOAD_POISSON;
    return drawn && loses_orders(scenario);
}

sim_ns scenario_orders_end(const struct scenario *scenario)
{
    const sim_ns load_end_ns = scenario_load_end(scenario);
    if (!loses_orders(scenario)) return load_end_ns;
    struct arena scratch;
    arena_init(&scratch);
    const sim_ns end_ns = llround(profile_of(scenario, 0, load_end_ns, &scratch).last_s * 1e9);
    arena_fini(&scratch);
    return end_ns < load_end_ns ? end_ns : load_end_ns;
}
