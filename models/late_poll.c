/* SPDX-License-Identifier: GPL-3.0-or-later
 * See late_poll.h. The time of a record is followed from the end of each path to its beginning: where a step may be
 * refused, what is left is that of the rest or of its `otherwise` steps. A bound, which decides how a run is played;
 * what a record takes in the mean, and the longest of a run's, is told by sim/results/way_time.c. */
#include "models/late_poll.h"

#include <math.h>

/* ---- the time of a record ---- */

/* A sum of times that are drawn each for itself. */
struct sum_of_times { double mean_s, variance, greatest_s; };

static double greatest_s(const struct dist *dist) { return ns_to_s(dist_draw(dist, UINT32_MAX)); }

static void sum_add(struct sum_of_times *sum, const struct dist *dist, double times)
{
    const double deviation_s = dist->cv * dist->mean_s;
    sum->mean_s += times * dist->mean_s;
    sum->variance += times * deviation_s * deviation_s;
    sum->greatest_s += times * greatest_s(dist);
}

/* What is drawn once is gone through again, and so much more of it takes just as long. */
static void sum_repeat(struct sum_of_times *sum, const struct dist *dist, double again)
{
    const double deviation_s = dist->cv * dist->mean_s;
    sum->mean_s += again * dist->mean_s;
    sum->variance += again * (again + 2) * deviation_s * deviation_s;
    sum->greatest_s += again * greatest_s(dist);
}

/* One of two, where how often it is the second is known. */
static struct sum_of_times either(const struct sum_of_times *a, const struct sum_of_times *b, double chance)
{
    const double apart_s = a->mean_s - b->mean_s;
    return (struct sum_of_times){
        .mean_s = (1 - chance) * a->mean_s + chance * b->mean_s,
        .variance = (1 - chance) * a->variance + chance * b->variance + chance * (1 - chance) * apart_s * apart_s,
        .greatest_s = fmax(a->greatest_s, b->greatest_s)
    };
}

/* The same where it is not known: all of them may be the longer one, and none varies more than both in halves. */
static struct sum_of_times any(const struct sum_of_times *a, const struct sum_of_times *b)
{
    const double apart_s = a->mean_s - b->mean_s;
    return (struct sum_of_times){ .mean_s = fmax(a->mean_s, b->mean_s),
                                  .variance = fmax(a->variance, b->variance) + apart_s * apart_s / 4,
                                  .greatest_s = fmax(a->greatest_s, b->greatest_s) };
}

/* Nothing but the order's own luck refuses these; of others it hangs on stock, marks and whoever has the lock. */
static bool is_refused_by_luck_alone(const struct plan_op *op)
{
    return op->kind == STEP_WORK || op->kind == STEP_READ;
}

/* ---- a write that is tried again ---- */

static bool writes(const struct step_spec *step, uint32_t n, uint32_t table)
{
    for (uint32_t i = 0; i < n; i++)
        if ((step[i].kind == STEP_WRITE && step[i].target == table) ||
            writes(step[i].otherwise, step[i].n_otherwise, table))
            return true;
    return false;
}

static bool stage_writes(const struct scenario *scenario, uint32_t stage, uint32_t table)
{
    return writes(scenario->stage[stage].step, scenario->stage[stage].n_steps, table);
}

/* Threads that write rows of the table. */
static uint64_t writers(const struct plan *plan, uint32_t table)
{
    const struct scenario *scenario = plan->scenario;
    uint64_t n = 0;
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        bool one = false;
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++)
            one |= stage_writes(scenario, scenario->group[g].read[r].stage, table);
        if (one) n += plan->group[g].n_consumers;
    }
    for (uint32_t p = 0; p < scenario->n_processes; p++) {
        const struct process_spec *process = &scenario->process[p];
        if (process->api_threads > 0 && stage_writes(scenario, process->api_stage, table))
            n += (uint64_t)process->api_threads * process->instances;
    }
    return n;
}

/* Nobody is faster where nobody else writes, nor where no order has what is written. */
static bool may_be_tried_again(const struct plan *plan, const struct plan_op *op)
{
    if (op->kind != STEP_WRITE || op->style != STYLE_VERSION || op->begin_op == NONE) return false;
    if (op->may_lack_key && !plan->orders_have_coupons) return false;
    return writers(plan, op->target) > 1;
}

/* Others may be faster each time: all tries but the last are for nothing, from `begin` on, with a sleep behind each. */
static void add_tries(struct sum_of_times *sum, const struct plan *plan, const struct plan_stage *stage,
                      uint32_t write)
{
    const struct plan_op *op = &plan->op[write];
    if (!may_be_tried_again(plan, op)) return;
    const double again = op->tries - 1.0;
    sum_add(sum, op->backoff, again);
    for (uint32_t i = op->begin_op; i <= write; i++)
        if (plan->op[i].has_time) sum_repeat(sum, plan->op[i].time, again);
    if (stage->has_time) sum_repeat(sum, &stage->time, again * (op->to - plan->op[op->begin_op].from));
}

static uint32_t path_end(const struct plan *plan, uint32_t first)
{
    while (plan->op[first].kind != OP_END) first++;
    return first;
}

static struct sum_of_times time_of_path(const struct plan *plan, const struct plan_stage *stage, uint32_t first)
{
    struct sum_of_times left = { 0 };
    for (uint32_t i = path_end(plan, first); i-- > first;) {
        const struct plan_op *op = &plan->op[i];
        if (op->otherwise != NONE) {
            const struct sum_of_times otherwise = time_of_path(plan, stage, op->otherwise);
            left = is_refused_by_luck_alone(op) ? either(&left, &otherwise, (double)op->refuse_below * 0x1p-32)
                                                : any(&left, &otherwise);
        }
        if (op->has_time) sum_add(&left, op->time, 1);
        add_tries(&left, plan, stage, i);
    }
    return left;
}

/* Shares of the stage's time add up to no more than all of it, whichever way a record goes. */
static struct sum_of_times time_of_record(const struct plan *plan, const struct group_spec *spec,
                                          const struct plan_group *group, uint32_t stage_index)
{
    const struct plan_stage *stage = &plan->stage[stage_index];
    struct sum_of_times sum = time_of_path(plan, stage, stage->first_op);
    if (stage->has_time) sum_add(&sum, &stage->time, 1);
    if (spec->commit_mode == COMMIT_RECORD) sum_add(&sum, &group->commit, 1);
    return sum;
}

/* ---- the time of a poll ---- */

/* Three times the mean leaves room for waits; and all draws of a batch stay below eight deviations of their sum with the
 * greatest one beside: where tails are heavy a long sum is, as good as always, one long time among usual ones. */
static double batch_s(const struct sum_of_times *record, uint32_t n)
{
    const double mean_s = record->mean_s * n;
    const double usual_s = mean_s + 8 * sqrt(record->variance * n) + record->greatest_s;
    return fmax(3 * mean_s, fmin(usual_s, record->greatest_s * n));
}

bool late_poll_is_possible(const struct plan *plan, uint32_t index)
{
    const struct group_spec *spec = &plan->scenario->group[index];
    const struct plan_group *group = &plan->group[index];
    double longest_s = 0;
    for (uint32_t r = 0; r < spec->n_reads; r++) {
        const struct sum_of_times record = time_of_record(plan, spec, group, spec->read[r].stage);
        longest_s = fmax(longest_s, batch_s(&record, spec->max_poll_records));
    }
    longest_s += ns_to_s(spec->due_after_ns) + plan_longest_backoff_s(spec) + greatest_s(&group->poll) +
        greatest_s(&group->commit);
    return longest_s > ns_to_s(spec->max_poll_interval_ns);
}
