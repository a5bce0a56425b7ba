/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a stage has sent to a topic grows as its own records do: of twice as many it sends twice as many. A join sends
 * when the last leg has answered, so it is as far as the leg that is furthest behind. Where several stages send to one
 * topic, nobody has counted who sent what, and each counts by the records it has done. What a group sends over and over,
 * for its polls come too late, nobody would get from one that does its work: there it is no more than its steps send. */
#include "sim/results/passage.h"

#include <math.h>

#include "sim/results/layout.h"

enum state { UNKNOWN, UNDER_WAY, KNOWN };

struct passage {
    const struct scenario *scenario;
    double created;
    double *came, *due;  /* by topic: appended; and in the end */
    enum state *state;   /* by topic, of due */
    double *done;        /* by group and read, MAX_TOPICS_OF_GROUP each: records that are done */
    bool *repeats;       /* by group: most of what it does it has done before */
};

/* Records due, of so many done; most: that they can send. */
struct part { double due, done, most; bool repeats; };

static double due_of(struct passage *passage, uint32_t topic);

static void add_read(struct passage *passage, struct part *part, uint32_t group, uint32_t read)
{
    part->due += due_of(passage, passage->scenario->group[group].read[read].topic);
    part->done += passage->done[group * MAX_TOPICS_OF_GROUP + read];
}

/* ---- who sends to a topic ---- */

/* How often a stage may send to the topic. */
static uint32_t sends(const struct step_spec *step, uint32_t n, uint32_t topic)
{
    uint32_t times = 0;
    for (uint32_t i = 0; i < n; i++) {
        times += step[i].kind == STEP_PUBLISH && step[i].target == topic;
        times += sends(step[i].otherwise, step[i].n_otherwise, topic);
    }
    return times;
}

static bool joins(const struct stage_spec *stage)
{
    for (uint32_t i = 0; i < stage->n_steps; i++)
        if (stage->step[i].kind == STEP_JOIN) return true;
    return false;
}

static bool join_sends(const struct flow_spec *flow, uint32_t topic)
{
    bool any = topic == flow->then || topic == flow->then_undo;
    for (uint32_t i = 0; i < flow->n_legs; i++) any |= topic == flow->leg[i].undo;
    return flow->given && any;
}

/* Of the leg that is furthest behind. */
static struct part of_join(struct passage *passage, uint32_t group)
{
    const struct group_spec *spec = &passage->scenario->group[group];
    const struct flow_spec *flow = &passage->scenario->flow;
    struct part last = { 0 };
    for (uint32_t i = 0; i < flow->n_legs; i++) {
        struct part leg = { 0 };
        for (uint32_t r = 0; r < spec->n_reads; r++)
            if (spec->read[r].topic == flow->leg[i].ok || spec->read[r].topic == flow->leg[i].failed)
                add_read(passage, &leg, group, r);
        if (leg.done > 0 && (last.done == 0 || leg.due * last.done > last.due * leg.done)) last = leg;
    }
    return last;
}

static struct part of_group(struct passage *passage, uint32_t group, uint32_t topic)
{
    const struct group_spec *spec = &passage->scenario->group[group];
    struct part part = { .repeats = passage->repeats[group] };
    bool joined = false;
    for (uint32_t r = 0; r < spec->n_reads; r++) {
        const struct stage_spec *stage = &passage->scenario->stage[spec->read[r].stage];
        joined |= joins(stage);
        const uint32_t times = sends(stage->step, stage->n_steps, topic) + (spec->dead_letter == topic);
        const double before = part.due;
        if (times > 0) add_read(passage, &part, group, r);
        part.most += times * (part.due - before);
    }
    if (!joined || !join_sends(&passage->scenario->flow, topic)) return part;
    const struct part join = of_join(passage, group);
    return (struct part){ part.due + join.due, part.done + join.done, part.most + join.due, part.repeats };
}

static uint32_t api_sends(const struct scenario *scenario, uint32_t topic)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        const struct process_spec *process = &scenario->process[i];
        if (process->api_threads == 0) continue;
        const struct stage_spec *stage = &scenario->stage[process->api_stage];
        const uint32_t times = sends(stage->step, stage->n_steps, topic);
        if (times > most) most = times;
    }
    return most;
}

/* A topic of a loop (a retry topic that feeds itself) counts as what has come to it. */
static double due_of(struct passage *passage, uint32_t topic)
{
    if (passage->state[topic] == KNOWN) return passage->due[topic];
    if (passage->state[topic] == UNDER_WAY) return passage->came[topic];
    passage->state[topic] = UNDER_WAY;
    struct part all = { 0 };
    const uint32_t times = api_sends(passage->scenario, topic);
    if (times > 0) all = (struct part){ passage->created, passage->created, times * passage->created, false };
    for (uint32_t g = 0; g < passage->scenario->n_groups; g++) {
        const struct part part = of_group(passage, g, topic);
        all.due += part.due;
        all.done += part.done;
        all.most += part.most;
        all.repeats |= part.repeats && part.due > 0;
    }
    passage->due[topic] = passage->came[topic] * (all.done > 0 ? fmax(1, all.due / all.done) : 1);
    if (all.repeats) passage->due[topic] = fmin(passage->due[topic], all.most);
    passage->state[topic] = KNOWN;
    return passage->due[topic];
}

/* ---- entry ---- */

double passage_repeats(const struct outcome *outcome, const char *group)
{
    if (!(outcome_mean(outcome, "groups.%s.evictions", group) > 0)) return 0;
    return fmax(0, outcome_mean(outcome, "groups.%s.duplicates", group) -
                       outcome_mean(outcome, "groups.%s.retries", group));
}

static double mean_of(const struct outcome *outcome, uint32_t value)
{
    double sum = 0;
    for (uint32_t r = 0; r < outcome->n; r++) sum += outcome->value[value][r];
    return sum / outcome->n;
}

static void count_rows(struct passage *passage, const struct outcome *outcome)
{
    const struct layout *layout = outcome->layout;
    for (uint32_t g = 0; g < passage->scenario->n_groups; g++) {
        const struct group_spec *group = &passage->scenario->group[g];
        passage->repeats[g] = passage_repeats(outcome, group->name) >
            outcome_mean(outcome, "groups.%s.processed", group->name);
        for (uint32_t r = 0, row = layout->group_row[g]; r < group->n_reads; r++) {
            const uint32_t topic = group->read[r].topic;
            double came = 0, left = 0;
            for (uint32_t p = 0; p < passage->scenario->topic[topic].partitions; p++, row++) {
                came += mean_of(outcome, layout_log_end(layout, row));
                left += mean_of(outcome, layout_left(layout, row));
            }
            passage->came[topic] = came;
            passage->done[g * MAX_TOPICS_OF_GROUP + r] = came - left;
        }
    }
}

const double *passage_per_order(const struct outcome *outcome, struct arena *arena)
{
    const struct scenario *scenario = &outcome->study->scenario;
    struct passage passage = { .scenario = scenario, .created = outcome_mean(outcome, "orders.created"),
                               .came = arena_array(arena, double, scenario->n_topics),
                               .due = arena_array(arena, double, scenario->n_topics),
                               .state = arena_array(arena, enum state, scenario->n_topics),
                               .done = arena_array(arena, double, scenario->n_groups * MAX_TOPICS_OF_GROUP),
                               .repeats = arena_array(arena, bool, scenario->n_groups) };
    double *per_order = arena_array(arena, double, scenario->n_groups);

    count_rows(&passage, outcome);
    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        double due = 0;
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++)
            due += due_of(&passage, scenario->group[g].read[r].topic);
        per_order[g] = passage.created > 0 ? due / passage.created : 0;
    }
    return per_order;
}
