/* SPDX-License-Identifier: GPL-3.0-or-later
 * A group that fell behind is told by its backlog; one that kept up, by what it has in reserve. */
#include "sim/results/bottleneck.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/results/number.h"
#include "sim/results/pace.h"

bool bottleneck_is_hot(const struct group_demand *demand, uint32_t most)
{
    const double fair = (double)most / demand->partitions;
    return demand->largest_share > 1.1 * fair + 4 * sqrt(fair * (1 - fair) / demand->records);
}

double bottleneck_fullest_share(const struct group_demand *demand, uint32_t most)
{
    return bottleneck_is_hot(demand, most) ? demand->largest_share : (double)most / demand->partitions;
}

/* With consumers that share partitions unevenly, the one with most is full first: the group then does only what that
 * one's share of the records allows. */
static double capacity(const struct group_demand *demand, double one_per_s)
{
    const double all_busy_per_s = demand->working * (isfinite(one_per_s) ? one_per_s : 1 / demand->service_s);
    const double sharing = fmin(demand->working, demand->partitions);
    return all_busy_per_s / sharing / bottleneck_fullest_share(demand, demand->most_partitions);
}

static void count_consumers(struct group_demand *demand, const struct outcome *outcome)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const double idle = outcome_mean(outcome, "groups.%s.idle_consumers", demand->name);
    demand->consumers = scenario->group[demand->group].consumers;
    demand->working = demand->consumers - (isfinite(idle) ? (uint32_t)idle : 0);
    for (uint32_t i = 0; i < scenario->n_scalers; i++) {
        if (scenario->scaler[i].group != demand->group) continue;
        demand->scaler = scenario->scaler[i].name;
        demand->consumers = (uint32_t)lround(outcome_mean(outcome, "scalers.%s.peak_consumers", demand->scaler));
        demand->working = demand->consumers < demand->partitions ? demand->consumers : demand->partitions;
    }
}

/* Of one consumer that always has work. */
static double one_per_s(const struct outcome *outcome, const struct group_demand *demand)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const double idle = outcome_mean(outcome, "groups.%s.idle_consumers", demand->name);
    return outcome_mean(outcome, "groups.%s.capacity_per_s", demand->name) /
           pace_workers(scenario, &scenario->group[demand->group], isfinite(idle) ? (uint32_t)idle : 0);
}

static struct group_demand demand_of(const struct outcome *outcome, uint32_t index)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *spec = &scenario->group[index];
    struct group_demand demand = { .group = index, .name = spec->name };

    demand.partitions = pace_partitions(scenario, spec);
    count_consumers(&demand, outcome);
    const uint32_t sharing = demand.working < demand.partitions ? demand.working : demand.partitions;
    demand.most_partitions = sharing ? (demand.partitions + sharing - 1) / sharing : 0;
    demand.largest_share = outcome_mean(outcome, "groups.%s.largest_partition_share", spec->name);
    demand.records = outcome_mean(outcome, "groups.%s.processed", spec->name);
    if (outcome_mean(outcome, "groups.%s.evictions", spec->name) > 0)
        demand.repeats = outcome_mean(outcome, "groups.%s.duplicates", spec->name);
    demand.alone_s = pace_longest_s(scenario, spec);
    demand.service_s = outcome_mean(outcome, "groups.%s.service_s.mean", spec->name);
    demand.utilisation = outcome_mean(outcome, "groups.%s.utilisation", spec->name);
    demand.peak_backlog = outcome_mean(outcome, "groups.%s.peak_backlog", spec->name);
    demand.peak_backlog_at_s = outcome_mean(outcome, "groups.%s.peak_backlog_at_s", spec->name);
    demand.drained_at_s = outcome_mean(outcome, "groups.%s.drained_at_s", spec->name);
    demand.runs = outcome->n;
    demand.left_in = outcome_nulls(outcome, "groups.%s.drained_at_s", spec->name);
    demand.lag_age_s = outcome_mean(outcome, "groups.%s.peak_lag_s", spec->name);
    const double records_per_order = outcome_mean(outcome, "groups.%s.processed", spec->name) /
                                     outcome_mean(outcome, "orders.created");
    /* What the load asks of it on average, or what did arrive: a stage before it may hold records back, or may have let
     * more of them through at first than in the mean. Without a load nothing is asked: there a backlog is worked off.
     */
    const double orders_per_s = outcome_mean(outcome, "orders.peak_rate_per_s");
    const double arrived_per_s = outcome_mean(outcome, "groups.%s.peak_rate_per_s", spec->name);
    demand.offered_per_s = orders_per_s > 0 ? fmax(orders_per_s * records_per_order, arrived_per_s) : 0;
    demand.one_per_s = one_per_s(outcome, &demand);
    demand.capacity_per_s = capacity(&demand, demand.one_per_s);
    demand.pressure = demand.offered_per_s / demand.capacity_per_s;
    return demand;
}

/* -1: x comes first; what is not known comes last. */
static int greater_first(double x, double y)
{
    const double known_x = isfinite(x) ? x : -1, known_y = isfinite(y) ? y : -1;
    return known_x > known_y ? -1 : known_x < known_y;
}

/* The most pressed first; without any load (a drain), the busiest; then the order of the scenario. */
static int by_pressure(const void *a, const void *b)
{
    const struct group_demand *x = a, *y = b;
    int order = greater_first(x->pressure, y->pressure);

    if (order == 0)
        order = greater_first(x->utilisation, y->utilisation);
    return order != 0 ? order : x->group < y->group ? -1 : x->group > y->group;
}

const struct group_demand *bottleneck_rank(const struct outcome *outcome, struct arena *arena)
{
    const uint32_t n = outcome->study->scenario.n_groups;
    struct group_demand *demand = arena_array(arena, struct group_demand, n);

    for (uint32_t i = 0; i < n; i++)
        demand[i] = demand_of(outcome, i);
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

/* More waiting than could be done in this time: it fell behind, it did not merely work in batches. */
static const double behind_s = 5;

bool bottleneck_fell_behind(const struct group_demand *demand)
{
    return demand->peak_backlog > behind_s * demand->capacity_per_s;
}

/* More than chance and the client's own overhead make of it. */
bool bottleneck_waits_inside(const struct group_demand *demand)
{
    return demand->alone_s > 0 && demand->service_s > 1.1 * demand->alone_s;
}

/* Its polls take longer than max.poll.interval, and most of what it does it has done before. */
bool bottleneck_goes_round(const struct group_demand *demand) { return demand->repeats > demand->records; }

/* What a record takes of a consumer beside the delivery that succeeds is worth a word. */
static bool takes_more(const struct group_demand *demand)
{
    return !bottleneck_goes_round(demand) && 1 / demand->one_per_s > 1.1 * demand->service_s;
}

static void capacity_en(struct sentence *sentence, const struct group_demand *demand)
{
    add(sentence, "%s%u consumer%s %s %s %srecords/s at %s a record",
        demand->scaler ? "at most " : "", (unsigned)demand->consumers,
        demand->consumers == 1 ? "" : "s", demand->consumers == 1 ? "does" : "do",
        number_fixed(demand->capacity_per_s, 1).s, bottleneck_goes_round(demand) ? "new " : "",
        number_seconds(demand->service_s).s);
    if (bottleneck_waits_inside(demand))
        add(sentence, " (%s of work, the rest waits for locks, rows or servers)", number_seconds(demand->alone_s).s);
    if (takes_more(demand))
        add(sentence, ", %s in all with commits, fetches, retries and the waits of busy times", number_seconds(1 / demand->one_per_s).s);
    if (demand->working < demand->consumers)
        add(sentence, " (%u idle: %u partition%s)", (unsigned)(demand->consumers - demand->working),
            (unsigned)demand->partitions, demand->partitions == 1 ? "" : "s");
    else if (demand->partitions % demand->working)
        add(sentence, " (one of them has %u of the %u partitions)", (unsigned)demand->most_partitions,
            (unsigned)demand->partitions);
    if (demand->offered_per_s > 0)
        add(sentence, ", up to %s/s arrive (%s)", number_fixed(demand->offered_per_s, 1).s,
            number_percent(demand->pressure).s);
}

static void reason_en(struct sentence *sentence, const struct group_demand *demand)
{
    if (!isfinite(demand->service_s)) {
        add(sentence, "no record reached it");
        return;
    }
    capacity_en(sentence, demand);
    if (!bottleneck_fell_behind(demand)) {
        add(sentence, "; it keeps up");
        return;
    }
    add(sentence, "; up to %s records wait (at %s)", number_count(demand->peak_backlog).s,
        number_seconds(demand->peak_backlog_at_s).s);
    if (demand->left_in > 0)
        add(sentence, demand->runs > 1 ? ", and some are left at the end of %u of %u runs" : ", and some are left at the end",
            (unsigned)demand->left_in, (unsigned)demand->runs);
    else
        add(sentence, ", none is left at %s", number_seconds(demand->drained_at_s).s);
}

static void capacity_ko(struct sentence *sentence, const struct group_demand *demand)
{
    add(sentence, "Consumer %s%u개가 건당 %s로 %s초당 %s건을 처리", demand->scaler ? "최대 " : "", (unsigned)demand->consumers,
        number_seconds(demand->service_s).s, bottleneck_goes_round(demand) ? "새 레코드 " : "",
        number_fixed(demand->capacity_per_s, 1).s);
    if (bottleneck_waits_inside(demand))
        add(sentence, " (작업 자체는 %s, 나머지는 락, 행, 서버 대기)", number_seconds(demand->alone_s).s);
    if (takes_more(demand))
        add(sentence, ", 커밋·fetch·재시도와 바쁠 때의 대기까지 포함하면 %s", number_seconds(1 / demand->one_per_s).s);
    if (demand->working < demand->consumers)
        add(sentence, " (Partition이 %u개라 %u개는 유휴)", (unsigned)demand->partitions,
            (unsigned)(demand->consumers - demand->working));
    else if (demand->partitions % demand->working)
        add(sentence, " (한 Consumer가 Partition %u개 중 %u개 담당)", (unsigned)demand->partitions,
            (unsigned)demand->most_partitions);
    if (demand->offered_per_s > 0)
        add(sentence, ", 최대 유입 초당 %s건 (%s)", number_fixed(demand->offered_per_s, 1).s,
            number_percent(demand->pressure).s);
}

static void reason_ko(struct sentence *sentence, const struct group_demand *demand)
{
    if (!isfinite(demand->service_s)) {
        add(sentence, "도착한 이벤트 없음");
        return;
    }
    capacity_ko(sentence, demand);
    if (!bottleneck_fell_behind(demand)) {
        add(sentence, "; 유입을 따라감");
        return;
    }
    add(sentence, "; 최대 대기 %s건 (%s)", number_count(demand->peak_backlog).s,
        number_seconds(demand->peak_backlog_at_s).s);
    if (demand->left_in > 0)
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
