/* SPDX-License-Identifier: GPL-3.0-or-later
 * A group that fell behind is told by its backlog; one that kept up, by what it has in reserve. */
#include "sim/results/bottleneck.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/results/api_limit.h"
#include "sim/results/layout.h"
#include "sim/results/number.h"
#include "sim/results/pace.h"
#include "sim/results/passage.h"
#include "sim/results/slowed.h"
#include "sim/results/stuck.h"
#include "sim/results/taken.h"
#include "sim/results/waits.h"

static void count_consumers(struct group_demand *demand, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    demand->consumers = scenario->group[demand->group].consumers;
    for (uint32_t i = 0; i < scenario->n_scalers; i++) {
        if (scenario->scaler[i].group != demand->group) continue;
        demand->scaler = scenario->scaler[i].name;
        /* upwards: those runs that had none say nothing of its pace */
        demand->consumers = (uint32_t)ceil(outcome_mean(outcome, "scalers.%s.peak_consumers", demand->scaler));
        demand->had_fewer = outcome_mean(outcome, "scalers.%s.peak_at_s", demand->scaler) > 0 ||
                            outcome_mean(outcome, "scalers.%s.scale_downs", demand->scaler) > 0 ||
                            outcome_mean(outcome, "groups.%s.rebalances", demand->name) > 0;
    }
    demand->changes = !demand->scaler && pace_number_changes(scenario, demand->group);
}

const double *bottleneck_records(const struct outcome *outcome, uint32_t group, struct arena *arena)
{
    const struct layout *layout = outcome->layout;
    const uint32_t first = layout->group_row[group], n = layout->group_row[group + 1] - first;
    double *records = arena_array(arena, double, n);

    for (uint32_t i = 0; i < n; i++)
        for (uint32_t r = 0; r < outcome->n; r++)
            records[i] += outcome->value[layout_log_end(layout, first + i)][r] / outcome->n;
    return records;
}

/* Of what came, by the mean of the runs. */
static double longer_of(const struct outcome *outcome, uint32_t group, struct arena *arena)
{
    const struct layout *layout = outcome->layout;
    const uint32_t first = layout->group_row[group], n = layout->group_row[group + 1] - first;
    double *left = arena_array(arena, double, n);

    for (uint32_t i = 0; i < n; i++)
        for (uint32_t r = 0; r < outcome->n; r++)
            left[i] += outcome->value[layout_left(layout, first + i)][r] / outcome->n;
    return split_longer(&outcome->study->scenario, &outcome->study->scenario.group[group],
                        bottleneck_records(outcome, group, arena), left);
}

/* So much more is. */
#define CLEARLY 1.1

/* Relief is worth a word from here on. */
#define RELIEF 0.98
enum { RELIEF_TRIED = 64 };

/* So many more are tried one by one, and then as many as there are partitions. */
static uint32_t tried_next(const struct group_demand *demand, uint32_t n)
{
    return n < demand->consumers + RELIEF_TRIED || n == demand->partitions ? n + 1 : demand->partitions;
}

static void find_relief(struct group_demand *demand, const struct scenario *scenario, const struct group_spec *group,
                        const double *records, struct arena *scratch)
{
    demand->next = 0;
    for (uint32_t n = demand->consumers + 1; n <= demand->partitions; n = tried_next(demand, n)) {
        const struct split with = split_of(scenario, group, n, records, scratch);
        if (!(with.share < RELIEF * demand->fullest_share)) continue;
        demand->next = n;
        demand->next_most = with.most;
        demand->next_share = with.share;
        return;
    }
}

void bottleneck_split(struct group_demand *demand, const struct scenario *scenario, const struct group_spec *group,
                      const double *records)
{
    struct arena scratch;
    arena_init(&scratch);
    const struct split now = split_of(scenario, group, demand->consumers, records, &scratch);

    demand->partitions = split_useful(scenario, group);
    demand->working = now.owners;
    demand->most_partitions = now.most;
    demand->fullest_share = now.share;
    demand->uneven = now.uneven;
    demand->largest_share = now.hottest;
    find_relief(demand, scenario, group, records, &scratch);
    arena_fini(&scratch);
}

/* Whoever fails once does so each time that it is tried. */
static struct pace_record record_of(const struct outcome *outcome, const struct group_demand *demand,
                                    const struct group_spec *group)
{
    const double skipped = outcome_mean(outcome, "groups.%s.skipped", demand->name);
    const double retries = outcome_mean(outcome, "groups.%s.retries", demand->name);
    const double n = demand->records + skipped, again = retries / n, given_up = skipped / n;
    const double failed = group->deliveries > 1 ? fmax(given_up, again / (group->deliveries - 1)) : given_up;

    const double alone_s = demand->service_s - demand->order_wait_s;
    return (struct pace_record){ .takes_s = alone_s * (1 + again) + demand->slept_s / n,
                                 .slept_s = demand->slept_s / n, .failed = fmin(1, failed), .again = again,
                                 .given_up = given_up };
}

/* Of the fullest consumer, or as long as it would have to be for the group to be as slow as a lean one makes it. */
static double fullest_record_s(const struct scenario *scenario, const struct group_spec *group,
                               const struct split *split, const struct pace_record *record)
{
    const struct split_pace pace = split_pace(scenario, group, split, record);
    return pace.record_s / pace.group;
}

double bottleneck_quicker(const struct outcome *outcome, const struct group_demand *demand, uint32_t consumers)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *group = &scenario->group[demand->group];
    struct arena scratch;

    arena_init(&scratch);
    const double *records = bottleneck_records(outcome, demand->group, &scratch);
    const struct split now = split_of(scenario, group, demand->consumers, records, &scratch);
    const struct split then = split_of(scenario, group, consumers, records, &scratch);
    const struct pace_record record = record_of(outcome, demand, group);
    double quicker = 1;
    if (now.fetched > 0 && then.fetched > 0)
        quicker = fullest_record_s(scenario, group, &now, &record) / fullest_record_s(scenario, group, &then, &record);
    arena_fini(&scratch);
    return isfinite(quicker) && quicker > 0 ? quicker : 1;
}

bool bottleneck_split_is_by_partitions(const struct group_demand *demand)
{
    return fabs(demand->fullest_share * demand->partitions - demand->most_partitions) < 1e-6;
}

static bool tries_again(const struct outcome *outcome, uint32_t group)
{
    const struct scenario *scenario = &outcome->study->scenario;
    for (uint32_t i = 0; i < scenario->n_tables; i++)
        if (waits_use(scenario, group, (struct use){ SHARED_ROW, i }) &&
            outcome_mean(outcome, "tables.%s.retries", scenario->table[i].name) > 0) return true;
    return false;
}

/* In how many runs more than one record a consumer is left at the end. */
static uint32_t waits_in(const struct outcome *outcome, uint32_t group, uint32_t consumers)
{
    const struct layout *layout = outcome->layout;
    uint32_t n = 0;

    for (uint32_t r = 0; r < outcome->n; r++) {
        double left = 0;
        for (uint32_t i = layout->group_row[group]; i < layout->group_row[group + 1]; i++)
            left += outcome->value[layout_left(layout, i)][r];
        n += left > consumers;
    }
    return n;
}

static double came_mean(const struct outcome *outcome, uint32_t group, enum layout_came value)
{
    double sum = 0;
    for (uint32_t r = 0; r < outcome->n; r++) sum += outcome->value[layout_came(outcome->layout, group, value)][r];
    return sum / outcome->n;
}

/* In the mean of all runs; of the fault that held up most. */
static void find_surge(struct group_demand *demand, const struct outcome *outcome)
{
    const double *per_s = outcome->value[layout_came(outcome->layout, demand->group, CAME_SURGE_PER_S)];
    const double *fault = outcome->value[layout_came(outcome->layout, demand->group, CAME_SURGE_FAULT)];
    const double mean_per_s = came_mean(outcome, demand->group, CAME_SURGE_PER_S);
    uint32_t most = 0;

    if (!(demand->offered_per_s > 0) || !(mean_per_s > CLEARLY * demand->offered_per_s)) return;
    for (uint32_t r = 1; r < outcome->n; r++)
        if (per_s[r] > per_s[most]) most = r;
    demand->surge_per_s = mean_per_s;
    demand->surge_fault = &outcome->study->scenario.fault[(uint32_t)fault[most]];
    demand->surge_since_s =
        outcome->value[layout_came(outcome->layout, demand->group, CAME_SURGE_SINCE_S)][most];
}

/* Of those runs that are as most are: stuck or not. Nothing lies between them. */
static double capacity_of(const struct outcome *outcome, const struct group_demand *demand)
{
    char path[1024];
    double sum = 0;
    uint32_t n = 0;

    snprintf(path, sizeof path, "groups.%s.capacity_per_s", demand->name);
    const double *capacity_per_s = outcome->value[layout_find(outcome->layout, path, NULL)];
    const double *stuck = outcome->value[layout_stuck(outcome->layout, demand->group, STUCK_RECORDS)];
    for (uint32_t r = 0; r < outcome->n; r++) {
        if (isnan(capacity_per_s[r]) || (stuck[r] > 0) != bottleneck_is_stuck(demand)) continue;
        sum += capacity_per_s[r];
        n++;
    }
    return n > 0 ? sum / n : outcome_mean(outcome, "groups.%s.capacity_per_s", demand->name);
}

/* What others had held back came later, and faster than what the load asks for: it was behind with that for a time, and
 * held nobody back as long as the load was at its height. */
static double rush_of(const struct group_demand *demand, double arrived_per_s)
{
    return arrived_per_s > CLEARLY * demand->offered_per_s ? arrived_per_s : 0;
}

static struct group_demand demand_of(const struct outcome *outcome, uint32_t index, double records_per_order,
                                     struct arena *arena)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *spec = &scenario->group[index];
    struct group_demand demand = { .group = index, .name = spec->name };

    count_consumers(&demand, outcome);
    bottleneck_split(&demand, scenario, spec, bottleneck_records(outcome, index, arena));
    demand.records = outcome_mean(outcome, "groups.%s.processed", spec->name);
    demand.repeats = passage_repeats(outcome, spec->name);
    demand.runs = outcome->n;
    demand.stuck = stuck_of(outcome, index);
    demand.slept_s = outcome_mean(outcome, "groups.%s.backoff_s", spec->name);
    demand.due_after_s = ns_to_s(spec->due_after_ns);
    demand.overdue_s = outcome_mean(outcome, "groups.%s.wait_s.max", spec->name) - demand.due_after_s;
    demand.faults = scenario->n_faults > 0;
    demand.slowed = slowed_by_fault(outcome, index);
    demand.tries_again = tries_again(outcome, index);
    for (uint32_t i = PATH_LOCK; i < PATH_LOCK + PATH_WAITS; i++)
        demand.waits_s += waits_s(outcome, index, (enum path_time)i);
    demand.letter_s = waits_letter_s(outcome, index);
    demand.order_wait_s = waits_order_s(outcome, index);
    const uint32_t whom = waits_order_of(outcome, index);
    demand.order_wait_of = whom < scenario->n_groups ? scenario->group[whom].name : NULL;
    demand.alone_s = pace_longest_s(scenario, spec);
    demand.longer = longer_of(outcome, index, arena);
    demand.service_s = outcome_mean(outcome, "groups.%s.service_s.mean", spec->name);
    demand.utilisation = outcome_mean(outcome, "groups.%s.utilisation", spec->name);
    demand.peak_backlog = outcome_mean(outcome, "groups.%s.peak_backlog", spec->name);
    demand.peak_backlog_at_s = outcome_mean(outcome, "groups.%s.peak_backlog_at_s", spec->name);
    demand.drained_at_s = outcome_mean(outcome, "groups.%s.drained_at_s", spec->name);
    demand.worked_off_at_s = outcome_mean(outcome, "groups.%s.worked_off_at_s", spec->name);
    demand.left_in = outcome_nulls(outcome, "groups.%s.drained_at_s", spec->name);
    demand.waits_in = waits_in(outcome, index, demand.consumers);
    /* What the load asks of it on average, as far as the API lets it through, or what did arrive: a stage before it may
     * hold records back, or may have let more of them through at first than in the mean. Without a load nothing is
     * asked: there a backlog is worked off. What comes in a rush when its height is over is not asked by the load. */
    const double orders_per_s = outcome_mean(outcome, "orders.peak_rate_per_s");
    const double arrived_per_s = came_mean(outcome, index, CAME_HEIGHT_PER_S);
    demand.is_drain = !(orders_per_s > 0);
    const struct api_limit api = api_limit_of(outcome);
    demand.by_api = api.kind != API_LIMIT_NONE;
    const double let_through_per_s = demand.by_api ? fmin(orders_per_s, api.most_per_s) : orders_per_s;
    demand.offered_per_s = orders_per_s > 0 ? fmax(let_through_per_s * records_per_order, arrived_per_s) : 0;
    find_surge(&demand, outcome);
    if (outcome_mean(outcome, "orders.dropped") > 0)
        demand.asked_per_s = fmax(0, outcome->layout->load_rate_per_s * records_per_order);
    if (demand.offered_per_s > 0) demand.rush_per_s = rush_of(&demand, came_mean(outcome, index, CAME_FREE_PER_S));
    demand.capacity_per_s = capacity_of(outcome, &demand);
    demand.one_per_s = demand.capacity_per_s * demand.fullest_share;
    demand.pressure = demand.offered_per_s / demand.capacity_per_s;
    demand.changes |= taken_by_fault(outcome, &demand).for_good;
    return demand;
}

/* -1: x comes first; what is not known comes last. */
static int greater_first(double x, double y)
{
    const double known_x = isnan(x) ? -1 : x, known_y = isnan(y) ? -1 : y; /* a group that does nothing: infinite */
    return known_x > known_y ? -1 : known_x < known_y;
}

/* With so little in reserve, it is the backlog that tells who holds the others back. */
static const double tight = 0.9;

/* Who did nothing, is stuck, or fell behind with little in reserve, holds the others back for as long as the load
 * lasts. With much in reserve it was behind for a time: after a fault, a late start, or with what waited at the
 * beginning. Who keeps up holds nobody back, however pressed. */
enum hold { KEEPS_UP, FELL_BEHIND, HOLDS_UP };

static enum hold hold_of(const struct group_demand *demand)
{
    if (demand->records == 0) return demand->peak_backlog > 0 ? HOLDS_UP : KEEPS_UP;
    if (!bottleneck_fell_behind(demand)) return KEEPS_UP;
    return demand->pressure >= tight || bottleneck_is_stuck(demand) ? HOLDS_UP : FELL_BEHIND;
}

/* How long what was sent to it waited at the most. Not of what waited when there is no load: all of that waits for the
 * slowest, who may well get it from another. */
static double behind_for_s(const struct group_demand *demand)
{
    if (demand->is_drain || hold_of(demand) != FELL_BEHIND) return 0;
    return demand->peak_backlog / demand->capacity_per_s;
}

/* First by what they hold up; of those that were behind for a time, the one that was so by most; then the most pressed;
 * without any load (a drain), the busiest; then the order of the scenario. */
static int by_pressure(const void *a, const void *b)
{
    const struct group_demand *x = a, *y = b;
    int order = greater_first(hold_of(x), hold_of(y));

    if (order == 0)
        order = greater_first(behind_for_s(x), behind_for_s(y));
    if (order == 0)
        order = greater_first(x->pressure, y->pressure);
    if (order == 0)
        order = greater_first(x->utilisation, y->utilisation);
    return order != 0 ? order : x->group < y->group ? -1 : x->group > y->group;
}

const struct group_demand *bottleneck_rank(const struct outcome *outcome, struct arena *arena)
{
    const uint32_t n = outcome->study->scenario.n_groups;
    struct group_demand *demand = arena_array(arena, struct group_demand, n);

    const double *per_order = passage_per_order(outcome, arena);
    for (uint32_t i = 0; i < n; i++)
        demand[i] = demand_of(outcome, i, per_order[i], arena);
    qsort(demand, n, sizeof *demand, by_pressure);
    return demand;
}

/* ---- the sentence ---- */

struct sentence { char *out; size_t size, n; };

static void add(struct sentence *sentence, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct sentence *sentence, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(sentence->out + sentence->n, sentence->size - sentence->n, format, arguments);
    va_end(arguments);
    if (n > 0)
        sentence->n += (size_t)n < sentence->size - sentence->n ? (size_t)n : sentence->size - sentence->n - 1;
}

/* Clearly more would come, were there VUs for it. */
bool bottleneck_lacks_vus(const struct group_demand *demand)
{
    return demand->asked_per_s > CLEARLY * demand->offered_per_s;
}

/* More waiting than could be done in this time: it fell behind, it did not merely work in batches. */
static const double behind_s = 5;

bool bottleneck_is_stuck(const struct group_demand *demand) { return 2 * demand->stuck.runs > demand->runs; }

/* Of those that wait, the ones that are not due yet keep nobody waiting for a consumer: there it counts how long one
 * waited beyond that. */
bool bottleneck_fell_behind(const struct group_demand *demand)
{
    if (bottleneck_is_stuck(demand)) return true;
    return demand->due_after_s > 0 ? demand->overdue_s > behind_s
                                   : demand->peak_backlog > behind_s * demand->capacity_per_s;
}

/* Of a record's service, with nobody to wait for. */
static double work_s(const struct group_demand *demand)
{
    return demand->service_s - demand->waits_s - demand->letter_s - demand->order_wait_s;
}

/* What comes to so much of the work is worth a word. */
static const double worth_a_word = 0.1;

bool bottleneck_waits_inside(const struct group_demand *demand)
{
    return demand->waits_s > worth_a_word * work_s(demand);
}

static bool waits_for_letters(const struct group_demand *demand)
{
    return demand->letter_s > worth_a_word * work_s(demand);
}

static bool waits_for_order(const struct group_demand *demand)
{
    return demand->order_wait_s > worth_a_word * work_s(demand);
}

/* What is left takes more than chance makes of it, and there is a reason. */
static bool has_rest(const struct group_demand *demand)
{
    return (demand->slowed || demand->tries_again) && demand->alone_s > 0 &&
        work_s(demand) > (1 + worth_a_word) * demand->alone_s;
}

/* Its polls take longer than max.poll.interval, and most of what it does it has done before, or will have. */
bool bottleneck_goes_round(const struct group_demand *demand)
{
    if (bottleneck_is_stuck(demand)) return stuck_by(&demand->stuck) == STUCK_BY_LATE_POLLS;
    return demand->repeats > demand->records;
}

/* Of those that came, done or not. */
static double came_s(const struct group_demand *demand) { return demand->longer * demand->service_s; }

/* Those that are done are clearly shorter, or longer. */
static bool differs(const struct group_demand *demand)
{
    return demand->longer > 1.1 || demand->longer < 1 / 1.1;
}

/* What a record takes of a consumer beside the delivery that succeeds is worth a word. */
static bool takes_more(const struct group_demand *demand)
{
    const double counted_s = came_s(demand) - demand->order_wait_s;
    return !bottleneck_goes_round(demand) && 1 / demand->one_per_s > 1.1 * counted_s;
}

/* What there is to say of a group. Records that take no time need one word, unless commits make it fall behind. */
enum known { KNOWN_PACE, KNOWN_TIMELESS, KNOWN_STUCK, KNOWN_NOTHING };

static enum known known_of(const struct group_demand *demand)
{
    const bool pressed = demand->pressure >= 1 || bottleneck_fell_behind(demand);

    if (isfinite(demand->service_s)) return demand->service_s > 0 || pressed ? KNOWN_PACE : KNOWN_TIMELESS;
    return demand->peak_backlog > 0 ? KNOWN_STUCK : KNOWN_NOTHING;
}

/* Whether what the fullest consumer has is worth a word: more than its part of the work. */
static bool is_fuller(const struct group_demand *demand)
{
    return demand->working > 1 && demand->fullest_share * demand->working > 1.01;
}

static void split_en(struct sentence *sentence, const struct group_demand *demand)
{
    const bool idle = demand->working < demand->consumers, fuller = is_fuller(demand);

    if (!idle && !fuller) return;
    add(sentence, " (");
    if (idle)
        add(sentence, "%u idle: %u partition%s", (unsigned)(demand->consumers - demand->working),
            (unsigned)demand->partitions, demand->partitions == 1 ? "" : "s");
    if (idle && fuller) add(sentence, "; ");
    if (fuller && bottleneck_split_is_by_partitions(demand))
        add(sentence, "one of them has %u of the %u partitions", (unsigned)demand->most_partitions,
            (unsigned)demand->partitions);
    else if (fuller) add(sentence, "one of them gets %s of the work", number_percent(demand->fullest_share).s);
    add(sentence, ")");
}

/* What a record's service is made up of; the last part is the rest. */
static void service_en(struct sentence *sentence, const struct group_demand *demand)
{
    const bool waits = bottleneck_waits_inside(demand), letters = waits_for_letters(demand), rest = has_rest(demand);
    const bool orders = waits_for_order(demand);

    if (!waits && !letters && !rest && !orders) return;
    add(sentence, " (%s of work", number_seconds(rest ? demand->alone_s : work_s(demand)).s);
    if (orders)
        add(sentence, ", %s of waits for %s at work on the same order, not counted: the later it comes the less",
            number_seconds(demand->order_wait_s).s, demand->order_wait_of ? demand->order_wait_of : "somebody else");
    if (waits && (letters || rest))
        add(sentence, ", %s of waits for locks, rows or servers", number_seconds(demand->waits_s).s);
    else if (waits) add(sentence, ", the rest waits for locks, rows or servers");
    if (letters && rest) add(sentence, ", %s until dead letters are sent", number_seconds(demand->letter_s).s);
    else if (letters) add(sentence, ", the rest until dead letters are sent");
    if (rest)
        add(sentence, ", the rest is %s%s%s", demand->slowed ? "a fault's" : "",
            demand->slowed && demand->tries_again ? " or " : "", demand->tries_again ? "of writes tried again" : "");
    add(sentence, ")");
}

/* The pace of records that are due says nothing of the time in which one that is not keeps the others waiting. */
static bool is_overdue(const struct group_demand *demand)
{
    return demand->due_after_s > 0 && bottleneck_fell_behind(demand);
}

static void rush_en(struct sentence *sentence, const struct group_demand *demand)
{
    if (demand->rush_per_s > 0)
        add(sentence, ", and %s/s of what others had held back when the load was past its height",
            number_rate(demand->rush_per_s).s);
}

static void capacity_en(struct sentence *sentence, const struct group_demand *demand)
{
    add(sentence, "%s%u consumer%s %s %s %srecords/s at %s a record",
        demand->scaler ? "at most " : demand->changes ? "at first " : "", (unsigned)demand->consumers,
        demand->consumers == 1 ? "" : "s", demand->consumers == 1 ? "does" : "do",
        number_rate(demand->capacity_per_s).s, bottleneck_goes_round(demand) ? "new " : "",
        number_seconds(demand->service_s).s);
    service_en(sentence, demand);
    if (differs(demand)) add(sentence, ", %s with those that wait", number_seconds(came_s(demand)).s);
    if (takes_more(demand))
        add(sentence, ", %s in all with commits, fetches, retries and the waits of busy times",
            number_seconds(1 / demand->one_per_s).s);
    split_en(sentence, demand);
    if (demand->offered_per_s > 0)
        add(sentence, ", up to %s/s arrive (%s)", number_rate(demand->offered_per_s).s,
            number_percent(demand->pressure).s);
    if (bottleneck_lacks_vus(demand))
        add(sentence, " of the %s/s that the load would bring%s", number_rate(demand->asked_per_s).s,
            demand->by_api ? "; the API takes no more" : " with more VUs, if the API can take them");
    if (demand->surge_per_s > 0)
        add(sentence, ", and up to %s/s after fault %s had held them up", number_rate(demand->surge_per_s).s,
            demand->surge_fault->name);
    rush_en(sentence, demand);
    if (is_overdue(demand))
        add(sentence, "; that leaves out the wait until a record is due (%s), and one began %s later than that",
            number_seconds(demand->due_after_s).s, number_seconds(demand->overdue_s).s);
}

/* Others came when what had waited at the peak was done, to the end of the run; they may be at work then. */
static bool is_worked_off_before(const struct group_demand *demand)
{
    if (demand->waits_in > 0 || bottleneck_is_stuck(demand) || !isfinite(demand->worked_off_at_s)) return false;
    return !isfinite(demand->drained_at_s) ||
        strcmp(number_seconds(demand->worked_off_at_s).s, number_seconds(demand->drained_at_s).s) != 0;
}

static void reason_en(struct sentence *sentence, const struct group_demand *demand)
{
    switch (known_of(demand)) {
    case KNOWN_TIMELESS: add(sentence, "its records take no time; it keeps up"); return;
    case KNOWN_STUCK:
        add(sentence, "it processed no record; up to %s wait", number_count(demand->peak_backlog).s);
        return;
    case KNOWN_NOTHING: add(sentence, "no record reached it"); return;
    case KNOWN_PACE: break;
    }
    capacity_en(sentence, demand);
    if (!bottleneck_fell_behind(demand)) {
        if (demand->pressure >= 1) add(sentence, "; what waits stays under %g s of its work", behind_s);
        else add(sentence, "; it keeps up");
        return;
    }
    add(sentence, "; up to %s records wait (at %s)", number_count(demand->peak_backlog).s,
        number_seconds(demand->peak_backlog_at_s).s);
    if (is_worked_off_before(demand))
        add(sentence, ", worked off by %s", number_seconds(demand->worked_off_at_s).s);
    else if (demand->left_in > 0)
        add(sentence,
            demand->runs > 1 ? ", and some are left at the end of %u of %u runs" : ", and some are left at the end",
            (unsigned)demand->left_in, (unsigned)demand->runs);
    else
        add(sentence, ", none is left at %s", number_seconds(demand->drained_at_s).s);
}

static void split_ko(struct sentence *sentence, const struct group_demand *demand)
{
    const bool idle = demand->working < demand->consumers, fuller = is_fuller(demand);

    if (!idle && !fuller) return;
    add(sentence, " (");
    if (idle)
        add(sentence, "Partition이 %u개라 %u개는 유휴", (unsigned)demand->partitions,
            (unsigned)(demand->consumers - demand->working));
    if (idle && fuller) add(sentence, "; ");
    if (fuller && bottleneck_split_is_by_partitions(demand))
        add(sentence, "한 Consumer가 Partition %u개 중 %u개 담당", (unsigned)demand->partitions,
            (unsigned)demand->most_partitions);
    else if (fuller) add(sentence, "한 Consumer에 작업의 %s 집중", number_percent(demand->fullest_share).s);
    add(sentence, ")");
}

static void service_ko(struct sentence *sentence, const struct group_demand *demand)
{
    const bool waits = bottleneck_waits_inside(demand), letters = waits_for_letters(demand), rest = has_rest(demand);
    const bool orders = waits_for_order(demand);

    if (!waits && !letters && !rest && !orders) return;
    add(sentence, " (작업 자체는 %s", number_seconds(rest ? demand->alone_s : work_s(demand)).s);
    if (orders)
        add(sentence, ", 같은 주문을 처리 중인 %s 대기 %s (늦게 올수록 줄어 처리량에서 제외)",
            demand->order_wait_of ? demand->order_wait_of : "다른 주체", number_seconds(demand->order_wait_s).s);
    if (waits && (letters || rest)) add(sentence, ", 락, 행, 서버 대기 %s", number_seconds(demand->waits_s).s);
    else if (waits) add(sentence, ", 나머지는 락, 행, 서버 대기");
    if (letters && rest) add(sentence, ", dead letter 전송 대기 %s", number_seconds(demand->letter_s).s);
    else if (letters) add(sentence, ", 나머지는 dead letter 전송 대기");
    if (rest)
        add(sentence, ", 나머지는 %s%s%s", demand->slowed ? "장애로 인한 지연" : "",
            demand->slowed && demand->tries_again ? " 또는 " : "", demand->tries_again ? "쓰기 재시도" : "");
    add(sentence, ")");
}

static void rush_ko(struct sentence *sentence, const struct group_demand *demand)
{
    if (demand->rush_per_s > 0)
        add(sentence, ", 부하가 정점을 지난 뒤 앞에서 밀려 있던 것이 초당 %s건", number_rate(demand->rush_per_s).s);
}

static void capacity_ko(struct sentence *sentence, const struct group_demand *demand)
{
    add(sentence, "Consumer %s%u개가 건당 %s로 %s초당 %s건을 처리",
        demand->scaler ? "최대 " : demand->changes ? "처음 " : "", (unsigned)demand->consumers,
        number_seconds(demand->service_s).s, bottleneck_goes_round(demand) ? "새 이벤트 " : "",
        number_rate(demand->capacity_per_s).s);
    service_ko(sentence, demand);
    if (differs(demand)) add(sentence, ", 대기 중인 것까지 평균 %s", number_seconds(came_s(demand)).s);
    if (takes_more(demand))
        add(sentence, ", 커밋·fetch·재시도와 바쁠 때의 대기까지 포함하면 %s", number_seconds(1 / demand->one_per_s).s);
    split_ko(sentence, demand);
    if (demand->offered_per_s > 0)
        add(sentence, ", 최대 유입 초당 %s건 (%s)", number_rate(demand->offered_per_s).s,
            number_percent(demand->pressure).s);
    if (bottleneck_lacks_vus(demand))
        add(sentence, demand->by_api ? ", 부하는 초당 %s건이나 API가 더 받지 못함" : ", VU가 충분하고 API가 감당하면 초당 %s건",
            number_rate(demand->asked_per_s).s);
    if (demand->surge_per_s > 0)
        add(sentence, ", 장애 %s로 밀린 뒤 초당 %s건", demand->surge_fault->name, number_rate(demand->surge_per_s).s);
    rush_ko(sentence, demand);
    if (is_overdue(demand))
        add(sentence, "; 이벤트의 때(%s 뒤)까지의 대기는 빠져 있고, 그보다 최대 %s 늦게 시작됨",
            number_seconds(demand->due_after_s).s, number_seconds(demand->overdue_s).s);
}

static void reason_ko(struct sentence *sentence, const struct group_demand *demand)
{
    switch (known_of(demand)) {
    case KNOWN_TIMELESS: add(sentence, "이벤트 처리에 시간이 걸리지 않음; 유입을 따라감"); return;
    case KNOWN_STUCK: add(sentence, "처리한 이벤트 없음; 최대 대기 %s건", number_count(demand->peak_backlog).s); return;
    case KNOWN_NOTHING: add(sentence, "도착한 이벤트 없음"); return;
    case KNOWN_PACE: break;
    }
    capacity_ko(sentence, demand);
    if (!bottleneck_fell_behind(demand)) {
        if (demand->pressure >= 1) add(sentence, "; 대기는 %g초 작업량 미만", behind_s);
        else add(sentence, "; 유입을 따라감");
        return;
    }
    add(sentence, "; 최대 대기 %s건 (%s)", number_count(demand->peak_backlog).s,
        number_seconds(demand->peak_backlog_at_s).s);
    if (is_worked_off_before(demand))
        add(sentence, ", %s까지 해소", number_seconds(demand->worked_off_at_s).s);
    else if (demand->left_in > 0)
        add(sentence, demand->runs > 1 ? ", 실행 %2$u회 중 %1$u회에서 끝까지 남음" : ", 끝까지 남음", (unsigned)demand->left_in,
            (unsigned)demand->runs);
    else
        add(sentence, ", %s에 모두 처리", number_seconds(demand->drained_at_s).s);
}

char *bottleneck_reason(const struct group_demand *demand, enum language language, char *out, size_t size)
{
    struct sentence sentence = { out, size, 0 };

    out[0] = '\0';
    if (language == LANG_KO)
        reason_ko(&sentence, demand);
    else
        reason_en(&sentence, demand);
    return out;
}
