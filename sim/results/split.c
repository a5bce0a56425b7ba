/* SPDX-License-Identifier: GPL-3.0-or-later
 * See split.h. */
#include "sim/results/split.h"

#include <math.h>

#include "models/kafka/assignor.h"
#include "models/kafka/fetch.h"
#include "sim/results/pace.h"

static uint32_t partitions_of(const struct scenario *scenario, const struct group_spec *group, uint32_t read)
{
    return scenario->topic[group->read[read].topic].partitions;
}

static uint32_t widest(const struct scenario *scenario, const struct group_spec *group)
{
    uint32_t read = 0;
    for (uint32_t i = 1; i < group->n_reads; i++)
        if (partitions_of(scenario, group, i) > partitions_of(scenario, group, read)) read = i;
    return read;
}

static uint32_t all_partitions(const struct scenario *scenario, const struct group_spec *group)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < group->n_reads; i++) n += partitions_of(scenario, group, i);
    return n;
}

uint32_t split_useful(const struct scenario *scenario, const struct group_spec *group)
{
    if (group->n_reads == 0) return 0;
    if (group->assignor != ASSIGN_RANGE) return all_partitions(scenario, group);
    return partitions_of(scenario, group, widest(scenario, group));
}

static const uint32_t *owners_of(const struct scenario *scenario, const struct group_spec *group, uint32_t consumers,
                                 struct arena *scratch)
{
    struct assign_topic *topic = arena_array(scratch, struct assign_topic, group->n_reads);
    uint32_t *member = arena_array(scratch, uint32_t, consumers);
    uint32_t *owner = arena_array(scratch, uint32_t, all_partitions(scenario, group));
    for (uint32_t i = 0; i < group->n_reads; i++)
        topic[i] = (struct assign_topic){ scenario->topic[group->read[i].topic].name,
                                          partitions_of(scenario, group, i) };
    assign_member_order(consumers, member);
    assign_partitions(group->assignor, topic, group->n_reads, member, consumers, NULL, owner, scratch);
    return owner;
}

static bool all_take_time(const struct scenario *scenario, const struct group_spec *group)
{
    for (uint32_t r = 0; r < group->n_reads; r++)
        if (!(pace_alone_s(scenario, group, r) > 0)) return false;
    return true;
}

/* What a record of a read weighs beside those of the others: its stage's time, where each takes some, and its part of
 * commits and polls. */
static double weight_of(const struct scenario *scenario, const struct group_spec *group, uint32_t read,
                        uint32_t consumers)
{
    const uint32_t partitions = (all_partitions(scenario, group) + consumers - 1) / consumers;
    if (!all_take_time(scenario, group)) return 1;
    const double alone_s = pace_alone_s(scenario, group, read);
    return alone_s + pace_client_of_s(scenario, group, partitions, &(struct pace_record){ .takes_s = alone_s });
}

/* What falls to one consumer: of the work as it came, the same dealt evenly over each topic, and partitions; busy:
 * those with much in them; late: of the others, those whose records a poll hands out behind such a one's. If one of that
 * fails they go back, too. */
struct load { double seen, even; uint32_t partitions, counted, busy, late, first_busy; };

static bool is_busy(const double *records, uint32_t at, double most) { return !pace_is_quiet(records[at], most); }

static uint32_t place_of(const struct scenario *scenario, const struct group_spec *group, uint32_t read, uint32_t p)
{
    enum { OF_TWO = 2 };
    return fetch_place(fetch_hash(scenario->topic[group->read[read].topic].name, p), OF_TWO);
}

static void note_busy(const struct scenario *scenario, const struct group_spec *group, const uint32_t *owner,
                      const double *records, struct load *load)
{
    const uint32_t n = all_partitions(scenario, group);
    double most = 0;
    for (uint32_t i = 0; i < n; i++) most = fmax(most, records[i]);
    for (uint32_t r = 0, at = 0; r < group->n_reads; r++)
        for (uint32_t p = 0; p < partitions_of(scenario, group, r); p++, at++) {
            struct load *own = &load[owner[at]];
            if (!is_busy(records, at, most)) continue;
            const uint32_t place = place_of(scenario, group, r, p);
            own->first_busy = own->busy == 0 || place < own->first_busy ? place : own->first_busy;
            own->busy++;
        }
    for (uint32_t r = 0, at = 0; r < group->n_reads; r++)
        for (uint32_t p = 0; p < partitions_of(scenario, group, r); p++, at++)
            load[owner[at]].late += records[at] > 0 && !is_busy(records, at, most) &&
                place_of(scenario, group, r, p) > load[owner[at]].first_busy;
}

static void load_up(const struct scenario *scenario, const struct group_spec *group, uint32_t consumers,
                    const uint32_t *owner, const double *records, struct load *load)
{
    const uint32_t wide = widest(scenario, group);
    for (uint32_t r = 0, at = 0; r < group->n_reads; r++) {
        const uint32_t n = partitions_of(scenario, group, r);
        const double weight = weight_of(scenario, group, r, consumers);
        double of_topic = 0;
        for (uint32_t p = 0; p < n; p++) of_topic += records[at + p];
        for (uint32_t p = 0; p < n; p++, at++) {
            struct load *own = &load[owner[at]];
            own->seen += weight * records[at];
            own->even += weight * of_topic / n;
            own->partitions++;
            own->counted += group->assignor != ASSIGN_RANGE || r == wide;
        }
    }
}

/* fullest: the one with most of it. */
static struct split split_by(const struct load *load, uint32_t consumers, double records, uint32_t *fullest)
{
    struct split split = { .share = 0 };
    double even = 0, seen = 0, all = 0;
    for (uint32_t i = 0; i < consumers; i++) {
        split.owners += load[i].partitions > 0;
        split.fed += load[i].seen > 0;
        even = fmax(even, load[i].even);
        seen = fmax(seen, load[i].seen);
        all += load[i].seen;
    }
    even /= all, seen /= all;
    split.uneven = fabs(seen - even) > 0.1 * even + 4 * sqrt(even * (1 - even) / records);
    split.share = split.uneven ? seen : even;
    for (uint32_t i = 0; i < consumers; i++)
        if ((split.uneven ? load[i].seen : load[i].even) > split.share * all * (1 - 1e-9) &&
            (load[i].counted > split.most || (load[i].counted == split.most && load[i].late > load[*fullest].late))) {
            split.most = load[i].counted;
            split.fetched = load[i].partitions;
            *fullest = i;
        }
    return split;
}

static double share_of(const struct split *split, const struct load *load, double all)
{
    return (split->uneven ? load->seen : load->even) / all;
}

/* NONE: nobody has fewer. */
static uint32_t find_lean(struct split *split, const struct load *load, uint32_t consumers, uint32_t fullest)
{
    uint32_t lean = NONE;
    double all = 0;
    for (uint32_t i = 0; i < consumers; i++) all += load[i].seen;
    for (uint32_t i = 0; i < consumers; i++) {
        if (load[i].busy == 0 || load[i].busy >= load[fullest].busy) continue;
        const double share = share_of(split, &load[i], all);
        const bool is_late = lean != NONE && load[i].late > load[lean].late && !(share < split->lean.share);
        if (lean != NONE && share <= split->lean.share && !is_late) continue;
        lean = i;
        split->lean.share = share;
    }
    for (uint32_t i = 0; lean != NONE && i < consumers; i++) split->lean.owners += load[i].busy == load[lean].busy;
    return lean;
}

static const struct pace_part *parts_of(const struct scenario *scenario, const struct group_spec *group,
                                        uint32_t consumer, uint32_t partitions, const uint32_t *owner,
                                        const double *records, struct arena *scratch)
{
    struct pace_part *part = arena_array(scratch, struct pace_part, partitions);
    for (uint32_t r = 0, at = 0, n = 0; r < group->n_reads; r++) {
        const char *topic = scenario->topic[group->read[r].topic].name;
        for (uint32_t p = 0; p < partitions_of(scenario, group, r); p++, at++)
            if (owner[at] == consumer) part[n++] = (struct pace_part){ records[at], fetch_hash(topic, p) };
    }
    return part;
}

static bool is_mixed(const struct scenario *scenario, const struct group_spec *group, const double *records, double all)
{
    double shortest_s = INFINITY, longest_s = 0;
    for (uint32_t r = 0, at = 0; r < group->n_reads; r++) {
        double of_topic = 0;
        for (uint32_t p = 0; p < partitions_of(scenario, group, r); p++) of_topic += records[at++];
        if (of_topic < 0.01 * all) continue;
        shortest_s = fmin(shortest_s, pace_alone_s(scenario, group, r));
        longest_s = fmax(longest_s, pace_alone_s(scenario, group, r));
    }
    return longest_s > shortest_s;
}

double split_longer(const struct scenario *scenario, const struct group_spec *group, const double *records,
                    const double *left)
{
    double came = 0, came_s = 0, done = 0, done_s = 0;
    for (uint32_t r = 0, at = 0; r < group->n_reads; r++) {
        const double alone_s = pace_alone_s(scenario, group, r);
        for (uint32_t p = 0; p < partitions_of(scenario, group, r); p++, at++) {
            came += records[at];
            came_s += records[at] * alone_s;
            done += records[at] - left[at];
            done_s += (records[at] - left[at]) * alone_s;
        }
    }
    return done > 0 && done_s > 0 ? came_s / came / (done_s / done) : 1;
}

struct split split_of(const struct scenario *scenario, const struct group_spec *group, uint32_t consumers,
                      const double *records, struct arena *scratch)
{
    const uint32_t n = all_partitions(scenario, group);
    double *came = arena_array(scratch, double, n), all = 0, hottest = 0;
    if (consumers == 0 || n == 0) return (struct split){ .share = (double)NAN, .hottest = (double)NAN };
    for (uint32_t i = 0; i < n; i++) {
        all += records[i];
        hottest = fmax(hottest, records[i]);
    }
    for (uint32_t i = 0; i < n; i++) came[i] = all > 0 ? records[i] : 1; /* none came: as if one had to each */
    struct load *load = arena_array(scratch, struct load, consumers);
    const uint32_t *owner = owners_of(scenario, group, consumers, scratch);
    uint32_t fullest = 0;
    load_up(scenario, group, consumers, owner, came, load);
    note_busy(scenario, group, owner, came, load);
    struct split split = split_by(load, consumers, fmax(all, n), &fullest);
    split.part = parts_of(scenario, group, fullest, split.fetched, owner, came, scratch);
    const uint32_t lean = find_lean(&split, load, consumers, fullest);
    if (lean != NONE) {
        split.lean.fetched = load[lean].partitions;
        split.lean.part = parts_of(scenario, group, lean, split.lean.fetched, owner, came, scratch);
    }
    split.mixed = is_mixed(scenario, group, came, fmax(all, n));
    split.hottest = all > 0 ? hottest / all : (double)NAN;
    return split;
}

struct split_pace split_pace(const struct scenario *scenario, const struct group_spec *group,
                             const struct split *split, const struct pace_record *record)
{
    const struct split_lean *lean = &split->lean;
    const double full_s = pace_record_s(scenario, group, split->fetched, split->part, record);
    if (lean->owners == 0) return (struct split_pace){ full_s, 1 };
    const double lean_s = pace_record_s(scenario, group, lean->fetched, lean->part, record);
    if (!(lean_s > full_s) || !(full_s > 0)) return (struct split_pace){ full_s, 1 };
    const double leans = (double)lean->owners / split->fed;
    const double mean_s = 1 / (leans / lean_s + (1 - leans) / full_s);
    return (struct split_pace){ mean_s, fmin(mean_s / full_s, mean_s / lean_s * split->share / lean->share) };
}
