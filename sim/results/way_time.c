/* SPDX-License-Identifier: GPL-3.0-or-later
 * See way_time.h. Followed from the end of each path to its beginning: where a step may be refused, what is left is
 * that of the rest or of its `otherwise` steps.
 *
 * models/late_poll.c goes the same way over compiled steps, for another answer: a bound that no record of any run goes
 * beyond. There a step that others refuse counts as whichever is longer, a write as all its tries, a draw as the
 * longest there is. That one decides how a run is played, so it cannot ask here, and here nobody could use a bound. */
#include "sim/results/way_time.h"

#include <math.h>

#include "sim/engine/dist.h"

/* Hardly any run has so rare a one. */
#define ONE_LONGER 0.01

/* What the longest of so many draws has beyond the mean. */
static double beyond_mean_s(const struct dist_spec *time, double draws)
{
    struct arena scratch;
    struct sim_err err;
    struct dist dist;
    double beyond_s = 0;

    arena_init(&scratch);
    const double word = fmin((1 - ONE_LONGER / fmax(1, draws)) * (UINT32_MAX + 1.0), UINT32_MAX);
    if (dist_make(&dist, time, dist_cache_open(&scratch), &scratch, &err))
        beyond_s = fmax(0, ns_to_s(dist_draw(&dist, (uint32_t)word)) - dist.mean_s);
    arena_fini(&scratch);
    return beyond_s;
}

void way_time_add(struct way_time *way, const struct dist_spec *time, double records)
{
    double mean_s, cv;
    dist_moments(time, &mean_s, &cv);
    way->mean_s += mean_s;
    way->longest_s += mean_s;
    way->variance += cv * mean_s * cv * mean_s;
    if (cv > 0 && records > 0) way->beyond_s = fmax(way->beyond_s, beyond_mean_s(time, records));
}

/* Some go the other way: so many of them, that it is known; and one does, unless hardly any run has so rare a one. */
static void part(struct way_time *left, const struct way_time *other, double chance, double records)
{
    const double apart_s = other->mean_s - left->mean_s;
    left->variance = (1 - chance) * left->variance + chance * other->variance;
    left->variance += chance * (1 - chance) * apart_s * apart_s;
    left->mean_s = (1 - chance) * left->mean_s + chance * other->mean_s;
    if (!(chance * records > ONE_LONGER)) return;
    left->longest_s = fmax(left->longest_s, other->longest_s);
    left->beyond_s = fmax(left->beyond_s, other->beyond_s);
}

struct way_time way_time(const struct step_spec *step, uint32_t n, double stage_s, double records)
{
    struct way_time left = { 0 };
    for (uint32_t i = n; i-- > 0;) {
        const double refuse = step[i].refuse;
        if (step[i].n_otherwise > 0 && refuse > 0) {
            const struct way_time other =
                way_time(step[i].otherwise, step[i].n_otherwise, stage_s, records * refuse);
            part(&left, &other, refuse, records);
        }
        if (step[i].has_time) {
            way_time_add(&left, &step[i].time, records);
        } else {
            left.mean_s += step[i].share * stage_s;
            left.longest_s += step[i].share * stage_s;
        }
    }
    return left;
}
