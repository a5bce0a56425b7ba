/* SPDX-License-Identifier: GPL-3.0-or-later
 * See api_limit.h. */
#include "sim/results/api_limit.h"

#include <math.h>
#include <stdio.h>

#include "sim/results/layout.h"
#include "sim/results/number.h"
#include "sim/results/pace.h"
#include "sim/results/shared.h"

/* The only process with an API, as long as it has the same instances throughout; NULL: there is none, or several. */
static const struct process_spec *api_of(const struct scenario *scenario)
{
    const struct process_spec *api = NULL;
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        const struct process_spec *process = &scenario->process[i];
        if (process->api_threads == 0) continue;
        if (api) return NULL;
        api = process;
    }
    return api && api->instances_max <= api->instances ? api : NULL;
}

/* Where a step is refused the others do not follow, and a request has nothing for so long: how many are is not the
 * scenario's. */
static bool goes_all_the_way(const struct stage_spec *stage)
{
    for (uint32_t i = 0; i < stage->n_steps; i++)
        if (stage->step[i].refuse > 0 || stage->step[i].n_otherwise > 0) return false;
    return true;
}

static struct api_limit limited_by(enum api_limit_kind kind, const struct process_spec *api, uint32_t each,
                                   double held_s)
{
    const uint32_t places = each * api->instances;
    return (struct api_limit){ .kind = kind, .process = api->name, .places = places, .held_s = held_s,
                               .most_per_s = places > 0 && held_s > 0 ? places / held_s : (double)INFINITY };
}

/* More than chance and the append make of it. */
#define LONGER 1.5

static bool is_felt(const struct outcome *outcome, const struct process_spec *api, double alone_s)
{
    return outcome_mean(outcome, "orders.requests_failed") > 0 || outcome_mean(outcome, "orders.dropped") > 0 ||
        outcome_mean(outcome, "processes.%s.api_s.mean", api->name) > LONGER * alone_s;
}

/* From when a request has a thread until it is answered, which is when its VU is free again. */
static double answered_s(const struct stage_spec *stage)
{
    const double stage_s = stage->has_time ? dist_mean_s(&stage->time) : 0;
    double total_s = 0;

    for (uint32_t i = 0; i < stage->n_steps; i++) {
        if (stage->step[i].kind == STEP_REPLY) return total_s;
        total_s += stage->step[i].share * stage_s + (stage->step[i].has_time ? dist_mean_s(&stage->step[i].time) : 0);
    }
    return pace_stage_alone_s(stage);
}

/* VUs times time that are not there yet from then on. */
static double vu_s_missing(const struct load_spec *load, double start_s, double from_s)
{
    const double left_s = (load->vus_max - load->vus) * start_s - from_s;
    return left_s > 0 ? left_s * left_s / (2 * start_s) : 0;
}

/* In the last window of a load: beyond those that are there at first one starts after another, each in start_s, and the
 * first of them with the load. That is the soonest: one starts where there is none for an order. */
static double vus_at_last(const struct load_spec *load, double start_s, double load_s, double window_s)
{
    const double last_s = fmin(window_s, load_s);
    if (!(start_s > 0) || !(last_s > 0)) return load->vus_max;
    return load->vus_max -
        (vu_s_missing(load, start_s, load_s - last_s) - vu_s_missing(load, start_s, load_s)) / last_s;
}

/* INFINITY: nothing bounds them. The starts of a burst come together: a VU serves one of them, however quick it is, and
 * for all that find none one VU starts. */
static double vus_per_s(const struct load_spec *load, double each_s, double load_s, double window_s)
{
    const double apart_s = load->executor == LOAD_BURSTS ? ns_to_s(load->burst_every_ns) : 0;
    if (load->vus == 0) return INFINITY;
    const double vus = vus_at_last(load, fmax(ns_to_s(load->vu_init_ns), apart_s), load_s, window_s);
    return vus / fmax(each_s, apart_s);
}

/* A load as it is, or a steady one of as many starts as its VUs can make of a request that waits for nothing. */
static struct load_spec with_its_vus(const struct scenario *scenario, const struct load_spec *load, double each_s,
                                     sim_ns window_ns)
{
    struct scenario alone = *scenario;

    alone.load = load;
    alone.n_loads = 1;
    const double load_s = ns_to_s(scenario_load_extent(&alone).until_ns - load->start_ns);
    const double vus = vus_per_s(load, each_s, load_s, ns_to_s(window_ns));
    if (!isfinite(vus) || vus >= scenario_peak_rate_per_s(&alone, window_ns)) return *load;
    return (struct load_spec){ .name = load->name, .executor = LOAD_CONSTANT_ARRIVAL_RATE, .start_ns = load->start_ns,
                               .rate = vus, .time_unit_ns = SIM_S,
                               .duration_ns = scenario_load_end(&alone) - load->start_ns };
}

/* The last bits of a product. */
#define AS_MUCH (1 - 1e-9)

/* Whether its VUs let the load bring as much as the API takes: else it is for want of VUs that starts are lost. */
static bool vus_bring(const struct outcome *outcome, const struct stage_spec *stage, double per_s)
{
    struct scenario scenario = outcome->study->scenario;
    struct arena scratch;

    arena_init(&scratch);
    struct load_spec *load = arena_array(&scratch, struct load_spec, scenario.n_loads);
    for (uint32_t i = 0; i < scenario.n_loads; i++)
        load[i] = with_its_vus(&scenario, &scenario.load[i], answered_s(stage), outcome->layout->rate_window_ns);
    scenario.load = load;
    const double brought_per_s = scenario_peak_rate_per_s(&scenario, outcome->layout->rate_window_ns);
    arena_fini(&scratch);
    return isnan(brought_per_s) || brought_per_s >= AS_MUCH * per_s; /* NaN: a trace */
}

struct api_limit api_limit_of(const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct process_spec *api = api_of(scenario);
    const struct api_limit none = { .kind = API_LIMIT_NONE };

    if (!api || !goes_all_the_way(&scenario->stage[api->api_stage])) return none;
    const double alone_s = pace_stage_alone_s(&scenario->stage[api->api_stage]);
    const struct api_limit pool =
        limited_by(API_LIMIT_POOL, api, api->connections, shared_connection_s(scenario, api->api_stage));
    const struct api_limit threads = limited_by(API_LIMIT_THREADS, api, api->api_threads, alone_s);
    struct api_limit limit = pool.most_per_s <= threads.most_per_s ? pool : threads;
    limit.asked_per_s = outcome->layout->load_rate_per_s;
    if (isnan(limit.asked_per_s)) limit.asked_per_s = outcome_mean(outcome, "orders.peak_rate_per_s");
    if (!(limit.asked_per_s > limit.most_per_s) || !is_felt(outcome, api, alone_s)) return none;
    return vus_bring(outcome, &scenario->stage[api->api_stage], limit.most_per_s) ? limit : none;
}

/* What became of the others. */
static int lost(const struct outcome *outcome, bool ko, char *out, size_t size)
{
    const double failed = outcome_mean(outcome, "orders.requests_failed");
    const double dropped = outcome_mean(outcome, "orders.dropped");
    int n = 0;

    if (failed > 0)
        n = snprintf(out, size, ko ? "; 실패한 요청 %s건" : "; %s requests failed", number_count(failed).s);
    if (dropped > 0)
        n += snprintf(out + n, size - (size_t)n, ko ? "; 가용 VU가 없어 누락된 시작 %s건" : "; %s starts found no free VU",
                      number_count(dropped).s);
    return n;
}

char *api_limit_text(const struct outcome *outcome, enum language language, char *out, size_t size)
{
    const struct api_limit limit = api_limit_of(outcome);
    const bool ko = language == LANG_KO, pool = limit.kind == API_LIMIT_POOL;
    const struct number most = number_rate(limit.most_per_s), asked = number_rate(limit.asked_per_s);
    const struct number percent = number_percent(limit.asked_per_s / limit.most_per_s);
    const struct number held = number_seconds(limit.held_s);
    char others[200] = "";

    out[0] = '\0';
    if (limit.kind == API_LIMIT_NONE) return out;
    lost(outcome, ko, others, sizeof others);
    if (ko)
        snprintf(out, size, "%s의 API는 많아야 초당 %s건 (%s %u개, 요청당 %s 점유), 부하는 최대 초당 %s건 (%s)%s",
                 limit.process, most.s, pool ? "커넥션 풀의 커넥션" : "스레드", (unsigned)limit.places, held.s, asked.s,
                 percent.s, others);
    else
        snprintf(out, size, "the API of %s takes %s requests/s at most (%u %s%s%s, which a request has for %s), and "
                 "the load would bring up to %s/s (%s)%s", limit.process, most.s, (unsigned)limit.places,
                 pool ? "connection" : "thread", limit.places == 1 ? "" : "s", pool ? " in its pool" : "", held.s,
                 asked.s, percent.s, others);
    return out;
}
