/* SPDX-License-Identifier: GPL-3.0-or-later
 * See gauge.h. */
#include "sim/results/gauge.h"

#include "sim/results/pace.h"

/* Of a group: records done so far; the least that waits in any of its partitions that ever had one (INT64_MAX: none
 * had); and since when it has had enough, by records done (UINT64_MAX: it had not). */
struct progress { uint64_t done; int64_t least_waiting; uint64_t enough_from; };

struct gauge {
    const struct layout *layout;
    struct group_samples *group;
    struct progress *before;       /* by group, at the look before */
    double *shortest_s;            /* by group: its shortest stage's mean time alone */
    sim_ns looked_ns;              /* at the levels before */
};

struct gauge *gauge_open(const struct layout *layout, struct group_samples *group, struct arena *arena)
{
    const struct scenario *scenario = &layout->study->scenario;
    struct gauge *gauge = arena_new(arena, struct gauge);

    gauge->layout = layout;
    gauge->group = group;
    gauge->before = arena_array(arena, struct progress, scenario->n_groups);
    gauge->shortest_s = arena_array(arena, double, scenario->n_groups);
    for (uint32_t i = 0; i < scenario->n_groups; i++)
        gauge->shortest_s[i] = pace_shortest_s(scenario, &scenario->group[i]);
    return gauge;
}

/* ---- what a group does while it has enough ---- */

static struct progress progress_of(const struct layout *layout, uint32_t group, const struct run_levels *levels)
{
    struct progress progress = { levels->group_done[group], INT64_MAX, UINT64_MAX };

    for (uint32_t i = layout->group_row[group]; i < layout->group_row[group + 1]; i++) {
        const struct partition_level *level = &levels->partition[i];
        if (level->log_end && level->backlog < progress.least_waiting)
            progress.least_waiting = level->backlog;
    }
    return progress;
}

/* Whether every partition holds more records than one consumer will do in the interval to come. It must not hang on
 * what is then done: an interval in which much was done would not count, and the mean would be of slow ones. Records
 * that wait for their time (a retry topic) are no work yet. */
static bool has_enough(const struct gauge *gauge, uint32_t group, int64_t waiting, sim_ns span_ns)
{
    const struct scenario *scenario = &gauge->layout->study->scenario;
    const double most = ns_to_s(span_ns) / gauge->shortest_s[group];

    return scenario->group[group].due_after_ns == 0 && (double)waiting >= 2 * most + 10;
}

/* A stretch in which many wait begins with records that take long, which is what has made the others wait. It counts
 * when each consumer has done some since. */
static bool is_under_way(const struct gauge *gauge, uint32_t group, const struct progress *before)
{
    enum { DONE_EACH = 2 };
    const uint32_t consumers = gauge->layout->study->scenario.group[group].consumers;

    return before->enough_from < UINT64_MAX && before->done - before->enough_from >= DONE_EACH * consumers;
}

/* What a group does in an interval in which, whoever owns which partition, no consumer of it lacked work. That is what
 * it can do, fetches and commits included. Intervals before they start, or in which a fault kept one away, say nothing of
 * what they do while they are there. */
static void note_capacity(struct gauge *gauge, uint32_t group, const struct run_levels *levels)
{
    struct group_samples *samples = &gauge->group[group];
    struct progress *before = &gauge->before[group];
    struct progress now = progress_of(gauge->layout, group, levels);
    const bool all_there = levels->group_whole_ns[group] <= gauge->looked_ns;
    const sim_ns span_ns = levels->at_ns - gauge->looked_ns;

    if (all_there && gauge->looked_ns >= gauge->layout->study->scenario.warm_up_ns &&
        before->least_waiting < INT64_MAX && has_enough(gauge, group, before->least_waiting, span_ns)) {
        now.enough_from = before->enough_from < UINT64_MAX ? before->enough_from : before->done;
        if (is_under_way(gauge, group, before)) {
            samples->done += now.done - before->done;
            samples->done_ns += span_ns;
        }
    }
    *before = now;
}

/* ---- when to look ---- */

/* Records of all groups from one look to the next: few enough that who falls behind is seen while it is behind, and so
 * many that looking costs next to nothing beside them. */
enum { RECORDS_A_LOOK = 256 };
#define LOOK_LEAST_NS SIM_MS
#define LOOK_MOST_NS SIM_S

static uint64_t all_done(const struct gauge *gauge, const uint64_t *by_group)
{
    uint64_t done = 0;
    for (uint32_t g = 0; g < gauge->layout->study->scenario.n_groups; g++) done += by_group[g];
    return done;
}

/* As long as the last ones took that many, but at most twice and at least an eighth of what the last span was. */
static sim_ns next_span(sim_ns span_ns, uint64_t done)
{
    sim_ns next_ns = done * 2 < RECORDS_A_LOOK   ? 2 * span_ns
                     : done > 8 * RECORDS_A_LOOK ? span_ns / 8
                                                 : span_ns * RECORDS_A_LOOK / (sim_ns)done;
    if (next_ns < LOOK_LEAST_NS) next_ns = LOOK_LEAST_NS;
    return next_ns > LOOK_MOST_NS ? LOOK_MOST_NS : next_ns;
}

sim_ns gauge_look(struct gauge *gauge, const struct run_levels *levels)
{
    const uint32_t n_groups = gauge->layout->study->scenario.n_groups;
    const sim_ns span_ns = levels->at_ns - gauge->looked_ns;
    uint64_t before = 0;

    for (uint32_t g = 0; g < n_groups; g++) {
        before += gauge->before[g].done;
        note_capacity(gauge, g, levels);
    }
    gauge->looked_ns = levels->at_ns;
    return levels->at_ns + next_span(span_ns, all_done(gauge, levels->group_done) - before);
}
