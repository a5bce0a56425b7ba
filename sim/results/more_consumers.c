/* SPDX-License-Identifier: GPL-3.0-or-later
 * The limits are asked for in the order in which they make the others void: what keeps up needs nobody, a hot partition
 * cannot be shared, what has no partition left cannot use anybody, and only then does the split count. */
#include "sim/results/more_consumers.h"

#include <math.h>

#include "sim/results/bottleneck.h"
#include "sim/results/layout.h"

/* ---- the limit ---- */

/* Two that wait for one another where nobody else does wait for half of the time: all of what they share is in use. */
#define WAITS_MOSTLY 0.4

/* One consumer has nobody of its group to wait for. Nor do several wait for one another where the API and other groups
 * have most of the pool or store for which they wait. */
static bool waits_for_others(const struct more_consumers *more, const struct group_demand *demand)
{
    const bool is_counted = more->waits.kind == SHARED_POOL || more->waits.kind == SHARED_STORE;
    return demand->working == 1 || (is_counted && more->use.own < more->use.all / 2);
}

/* What is shared has room for less than a tenth more: the waits for it take that. */
#define SHARED_HELPS 1.1

/* Of what waits at the most, a fault that can have left so much behind is told. */
#define MOST 0.5

/* All would keep up, and those that are left did not; or there was a use for one more when a fault had taken some, who
 * would else be idle. */
static bool is_by_fault(const struct taken *taken, const struct group_demand *demand)
{
    if (!taken->fault) return false;
    if (demand->pressure < 1)
        return demand->peak_backlog_at_s >= taken->at_s && taken->behind >= MOST * demand->peak_backlog;
    if (!taken->is_passed_on || demand->working < demand->partitions) return false;
    return taken->fault->kind == FAULT_SCALE || taken->spared_per_s > taken->left_per_s;
}

/* All would keep up with what orders bring, and not with what came at once when a fault let it go. */
static bool is_by_surge(const struct group_demand *demand)
{
    return demand->pressure < 1 && demand->surge_per_s > demand->capacity_per_s &&
        demand->peak_backlog_at_s >= demand->surge_since_s;
}

/* All would keep up, and most of what waited came before they started. */
static bool is_by_start(const struct outcome *outcome, const struct group_demand *demand)
{
    const double start_s = ns_to_s(outcome->study->scenario.group[demand->group].start_ns);
    const double before_s = start_s - ns_to_s(outcome->layout->load_from_ns);

    return demand->pressure < 1 && before_s > 0 && demand->peak_backlog_at_s >= start_s &&
        demand->offered_per_s * before_s >= MOST * demand->peak_backlog;
}

/* What they do while records are due would do. Of several partitions a consumer takes one after the other, and waits
 * for each record of one until it is due, while those of the next are overdue. */
static bool waits_for_due(const struct group_demand *demand)
{
    return demand->due_after_s > 0 && demand->pressure < 1 && demand->working < demand->partitions;
}

static enum more_limit limit_of(const struct more_consumers *more, const struct group_demand *demand)
{
    if (!isfinite(demand->service_s) || demand->working == 0) return MORE_UNKNOWN;
    if (bottleneck_is_stuck(demand)) return MORE_REPEATS;
    if (!bottleneck_fell_behind(demand) && !(demand->pressure >= 1)) return MORE_KEEPS_UP;
    if (demand->had_fewer && demand->pressure < 1) return MORE_LATE;
    if (bottleneck_goes_round(demand)) return MORE_REPEATS;
    if (is_by_fault(&more->taken, demand) || more->by_surge) return MORE_FAULT;
    if (more->by_start) return MORE_LATE;
    if (waits_for_due(demand)) return MORE_DUE;
    if (demand->next == 0 && (demand->uneven || demand->working < demand->partitions)) return MORE_HOT;
    if (demand->working < demand->consumers) return MORE_IDLE;
    if (demand->working >= demand->partitions) return MORE_PARTITIONS;
    if (more->shared.kind != SHARED_NOTHING && more->next_per_s < SHARED_HELPS * demand->capacity_per_s)
        return MORE_SHARED;
    const double own_s = demand->service_s - demand->order_wait_s;
    if (more->waiting_s > WAITS_MOSTLY * own_s && !waits_for_others(more, demand)) return MORE_WAITING;
    return demand->next == demand->working + 1 ? MORE_HELP : MORE_SPLIT;
}

/* Where more than half of what they share is in use, they wait for one another. */
#define SHARED_WAITS 0.5

static void find_bound(struct more_consumers *more, const struct outcome *outcome, const struct group_demand *demand,
                       const double *came)
{
    const struct shared by = shared_bound(outcome, demand->group, came, demand->service_s, demand->next);
    const double most_per_s = fmax(by.most_per_s, demand->capacity_per_s);

    const double next_per_s = fmin(more->next_per_s, most_per_s);
    more->use = shared_in_use(outcome, demand->group, next_per_s);
    more->next_at_most = more->waiting_s > 0 || more->next_per_s > SHARED_WAITS * most_per_s ||
                         more->use.all > SHARED_WAITS;
    if (!(most_per_s < more->next_per_s)) return;
    more->shared = by;
    more->next_per_s = more->shared.most_per_s = most_per_s;
}

struct more_consumers more_consumers(const struct outcome *outcome, uint32_t rank)
{
    const struct group_demand *demand = &outcome->demand[rank];
    struct more_consumers more = { .limit = MORE_UNKNOWN };

    if (demand->working == 0) return more;
    more.times_one = 1 / demand->fullest_share / bottleneck_quicker(outcome, demand, 1);
    more.next = demand->next;
    more.next_most = demand->next_most;
    if (more.next)
        more.next_per_s = demand->capacity_per_s * demand->fullest_share / demand->next_share *
            bottleneck_quicker(outcome, demand, demand->next);
    if (bottleneck_waits_inside(demand)) {
        more.waiting_s = demand->waits_s;
        more.waits = waits_mostly_for(outcome, demand->group);
    }
    if (more.next) {
        double came[MAX_TOPICS_OF_GROUP];
        shared_count(outcome, demand->group, came);
        find_bound(&more, outcome, demand, came);
    }
    more.taken = taken_by_fault(outcome, demand);
    more.by_surge = !is_by_fault(&more.taken, demand) && is_by_surge(demand);
    more.by_start = is_by_start(outcome, demand);
    more.limit = limit_of(&more, demand);
    if (more.limit == MORE_REPEATS) more.polls = shorter_polls(outcome, demand);
    return more;
}

const char *more_consumers_word(enum more_limit limit)
{
    static const char *const word[] = { [MORE_UNKNOWN] = NULL,        [MORE_KEEPS_UP] = "keeps up",
                                        [MORE_LATE] = "late",        [MORE_FAULT] = "fault",
                                        [MORE_REPEATS] = "repeats",
                                        [MORE_DUE] = "due",
                                        [MORE_IDLE] = "idle",         [MORE_PARTITIONS] = "partitions",
                                        [MORE_HOT] = "hot partition", [MORE_SHARED] = "shared",
                                        [MORE_WAITING] = "waiting",   [MORE_SPLIT] = "split",
                                        [MORE_HELP] = "help" };
    return word[limit];
}
