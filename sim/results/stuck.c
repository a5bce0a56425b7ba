/* SPDX-License-Identifier: GPL-3.0-or-later
 * See stuck.h. A partition in which nothing has been committed for long may only wait for its turn, or for a commit
 * that comes seldom. So it has to be longer than all partitions take, one after the other, for as much as is done of
 * one at a time; and what has come again since has to be several times what was ever done beyond the commit. A record
 * that fails is given up after its deliveries: only what lasts longer than that, or would outlast the run, has no
 * end. */
#include "sim/results/stuck.h"

#include <math.h>

#include "sim/results/pace.h"

/* So often what is not committed has come again; by the error handler, where most is tried again. */
enum { TURNS = 3, RETRIES = 10 };

/* Of a partition: what is committed, and since when; what it and its group had delivered again then; how far it has
 * been processed since, and what has come again by now. */
struct mark {
    int64_t committed, log_end, furthest;
    sim_ns since_ns;
    uint64_t again_then, again;
    struct group_work then;
};

struct stuck_watch {
    const struct layout *layout;
    struct mark *mark;          /* by row */
    struct group_work *work;    /* by group: so far */
    bool *begun;                /* by group: something has come again, and its partitions are marked */
    sim_ns at_ns;
};

struct stuck_watch *stuck_open(const struct layout *layout, struct arena *arena)
{
    struct stuck_watch *watch = arena_new(arena, struct stuck_watch);

    watch->layout = layout;
    watch->mark = arena_array(arena, struct mark, layout->n_rows);
    watch->work = arena_array(arena, struct group_work, layout->study->scenario.n_groups);
    watch->begun = arena_array(arena, bool, layout->study->scenario.n_groups);
    return watch;
}

/* ---- during the run ---- */

static void look_at(struct mark *mark, const struct partition_level *level, const struct group_work *work, sim_ns at_ns,
                    bool is_slowed)
{
    const int64_t processed = level->log_end - level->backlog;

    if (is_slowed || level->committed != mark->committed || level->committed >= level->log_end)
        *mark = (struct mark){ .committed = level->committed, .since_ns = at_ns, .again_then = level->again,
                               .then = *work };
    mark->log_end = level->log_end;
    mark->again = level->again;
    if (processed > mark->furthest) mark->furthest = processed;
}

/* Where nothing has failed and nothing was delivered twice, nothing has come again. Most runs have no more to tell, and
 * partitions are many. */
static bool comes_once(const struct group_work *work) { return work->failed == 0 && work->duplicates == 0; }

/* Until the look before nothing had come again. */
static void begin_marks(struct stuck_watch *watch, uint32_t group, const struct run_levels *levels)
{
    const struct layout *layout = watch->layout;

    for (uint32_t i = layout->group_row[group]; i < layout->group_row[group + 1]; i++)
        watch->mark[i] = (struct mark){ .committed = levels->partition[i].committed, .since_ns = watch->at_ns };
    watch->begun[group] = true;
}

/* While a fault slows them, or keeps them from an answer, it is that. */
void stuck_look(struct stuck_watch *watch, const struct run_levels *levels)
{
    const struct layout *layout = watch->layout;

    for (uint32_t g = 0; g < layout->study->scenario.n_groups; g++) {
        const struct group_work *work = &levels->group_work[g];
        if (comes_once(work)) continue;
        if (!watch->begun[g]) begin_marks(watch, g, levels);
        const bool is_slowed = levels->group_slow_until_ns[g] > levels->at_ns;
        for (uint32_t i = layout->group_row[g]; i < layout->group_row[g + 1]; i++)
            look_at(&watch->mark[i], &levels->partition[i], work, levels->at_ns, is_slowed);
        watch->work[g] = *work;
    }
    watch->at_ns = levels->at_ns;
}

/* ---- after it ---- */

/* Of a partition, before it is another one's turn: what one fetch brings, what one poll does, or one commit. */
static double at_a_time(const struct scenario *scenario, const struct group_spec *group)
{
    double records = group->commit_mode == COMMIT_COUNT ? fmax(group->max_poll_records, group->commit_count)
                                                        : group->max_poll_records;
    if (group->fetch_order == FETCH_ARRIVAL) return records;
    for (uint32_t i = 0; i < group->n_reads; i++)
        records = fmax(records, floor((double)group->max_partition_fetch_bytes /
                                      scenario->topic[group->read[i].topic].record_bytes));
    return records;
}

static double round_s(const struct scenario *scenario, const struct group_spec *spec, double partitions,
                      double record_s)
{
    const double commit_s = spec->commit_mode == COMMIT_TIME ? ns_to_s(spec->commit_time_ns) : 0;

    return partitions * at_a_time(scenario, spec) * record_s + commit_s;
}

static double all_sleeps_s(const struct group_spec *spec)
{
    const double sleeps = spec->deliveries > 1 ? spec->deliveries - 1.0 : 0;
    const double first_s = ns_to_s(spec->backoff_ns), most_s = ns_to_s(spec->backoff_max_ns);
    const double more = spec->backoff_multiplier - 1;

    if (!(more > 0)) return sleeps * first_s;
    if (first_s <= 0 || first_s >= most_s) return sleeps * fmin(first_s, most_s);
    const double shorter = fmin(sleeps, ceil(log(most_s / first_s) / log1p(more)));
    return first_s * expm1(shorter * log1p(more)) / more + (sleeps - shorter) * most_s;
}

double stuck_life_s(const struct group_spec *spec, double record_s)
{
    return all_sleeps_s(spec) + spec->deliveries * record_s;
}

/* Nothing committed for so long: the group's partitions had their turn, and what fails had its end. */
struct patience { double round_s, given_up_s; };

/* One consumer may have all partitions, with a record that fails in each: it sleeps for one after the other. Whoever
 * lives longer than the run is not given up in it, wherever it began. */
static struct patience patience_of(const struct layout *layout, const struct run_facts *facts, uint32_t group,
                                   double run_s)
{
    const struct scenario *scenario = &layout->study->scenario;
    const struct group_spec *spec = &scenario->group[group];
    const struct group_facts *fact = &facts->group[group];
    const double partitions = layout->group_row[group + 1] - layout->group_row[group];
    const double record_s = fact->service.n > 0 ? tally_mean_s(&fact->service) : pace_longest_s(scenario, spec);
    const double life_s = stuck_life_s(spec, record_s);
    const double long_s = round_s(scenario, spec, partitions, record_s);

    return (struct patience){ long_s, long_s + (life_s > run_s ? 0 : partitions * life_s) };
}

static double came_again(const struct mark *mark)
{
    return mark->again > mark->again_then ? (double)(mark->again - mark->again_then) : 0;
}

/* Of what its group has delivered again since then, most was tried again. */
static bool is_by_retries(const struct mark *mark, const struct group_work *now)
{
    return 2 * (now->retries - mark->then.retries) >= (int64_t)(now->duplicates - mark->then.duplicates);
}

static bool is_stuck(const struct mark *mark, const struct group_work *now, double idle_s,
                     const struct patience *patience)
{
    const double beyond = fmax(1, (double)(mark->furthest - mark->committed));
    const bool by_retries = is_by_retries(mark, now);

    if (mark->committed >= mark->log_end) return false;
    if (idle_s <= (by_retries ? patience->given_up_s : patience->round_s)) return false;
    return came_again(mark) >= beyond * (by_retries ? RETRIES : TURNS);
}

static void add_up(double *value, const struct mark *mark, const struct group_work *now)
{
    const double since_s = ns_to_s(mark->since_ns), late = (double)(now->evictions - mark->then.evictions);

    value[STUCK_SINCE_S] = value[STUCK_RECORDS] > 0 ? fmin(value[STUCK_SINCE_S], since_s) : since_s;
    value[STUCK_RECORDS] += (double)(mark->log_end - mark->committed);
    value[STUCK_DELIVERIES] += came_again(mark);
    if (is_by_retries(mark, now)) value[STUCK_RETRIES] += came_again(mark);
    value[STUCK_LATE_POLLS] = fmax(value[STUCK_LATE_POLLS], late);
}

void stuck_close(const struct stuck_watch *watch, const struct run_facts *facts, double *value)
{
    const struct layout *layout = watch->layout;

    for (uint32_t g = 0; facts->cut && g < layout->study->scenario.n_groups; g++) {
        const struct patience patience = patience_of(layout, facts, g, ns_to_s(watch->at_ns));
        for (uint32_t i = layout->group_row[g]; i < layout->group_row[g + 1]; i++)
            if (is_stuck(&watch->mark[i], &watch->work[g], ns_to_s(watch->at_ns - watch->mark[i].since_ns), &patience))
                add_up(value + (size_t)g * STUCK_VALUES, &watch->mark[i], &watch->work[g]);
    }
}

/* ---- of all runs ---- */

struct stuck stuck_of(const struct outcome *outcome, uint32_t group)
{
    struct stuck stuck = { 0 };
    double sum[STUCK_VALUES] = { 0 };

    for (uint32_t r = 0; r < outcome->n; r++) {
        if (!(outcome->value[layout_stuck(outcome->layout, group, STUCK_RECORDS)][r] > 0)) continue;
        stuck.runs++;
        for (uint32_t i = 0; i < STUCK_VALUES; i++)
            sum[i] += outcome->value[layout_stuck(outcome->layout, group, (enum layout_stuck)i)][r];
    }
    if (stuck.runs == 0) return stuck;
    stuck.records = sum[STUCK_RECORDS] / stuck.runs;
    stuck.since_s = sum[STUCK_SINCE_S] / stuck.runs;
    stuck.deliveries = sum[STUCK_DELIVERIES] / stuck.runs;
    stuck.retries = sum[STUCK_RETRIES] / stuck.runs;
    stuck.late_polls = sum[STUCK_LATE_POLLS] / stuck.runs;
    return stuck;
}

enum stuck_by stuck_by(const struct stuck *stuck)
{
    if (2 * stuck->retries >= stuck->deliveries) return STUCK_BY_RETRIES;
    return stuck->late_polls > 0 ? STUCK_BY_LATE_POLLS : STUCK_BY_DEATHS;
}
