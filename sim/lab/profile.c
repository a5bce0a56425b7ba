/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/infer.h"
#include "sim/engine/random.h"

/* ---- what might have been observed ---- */

enum { DRAW_RUN, DRAW_SCALE, DRAW_CLOCK, DRAW_COUNT };

static double draw_normal(struct random_key key, uint32_t purpose, uint32_t entity)
{
    const struct random_words words = random_block(key, purpose, entity, 0);
    const double u = random_unit(words.word[0]), v = random_unit(words.word[1]);
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

/* The weight of each run in a draw whose figures vary together as those of the runs do. So few runs know that variance
 * only roughly: the draw is wider by Student's factor, and by the error of their mean. */
static void draw_weights(const struct spread *spread, struct random_key key, double *weight)
{
    const uint32_t n = spread->n_runs;
    double chi_squared = 0;
    for (uint32_t i = 0; i + 1 < n; i++) {
        const double normal = draw_normal(key, DRAW_SCALE, i);
        chi_squared += normal * normal;
    }
    for (uint32_t r = 0; r < n; r++)
        weight[r] = draw_normal(key, DRAW_RUN, r) * sqrt((1 + 1.0 / n) / chi_squared);
}

static void observe(const struct question *question, const struct spread *spread, const struct sight *sight,
                    uint32_t draw, double *weight, double *observed)
{
    const struct random_key key = random_key(spread->seed, draw);
    const uint32_t n_figures = question->response->n_figures;
    draw_weights(spread, key, weight);
    for (uint32_t f = 0; f < n_figures; f++) {
        const struct target *target = &question->target[f];
        observed[f] = sight[f].mean + sight[f].clock * draw_normal(key, DRAW_CLOCK, target->clock) +
                      target->sd * draw_normal(key, DRAW_COUNT, f);
        for (uint32_t r = 0; r < spread->n_runs; r++)
            observed[f] += weight[r] * spread->off[(size_t)r * n_figures + f];
    }
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double share_below(double *value, uint32_t n, double share)
{
    qsort(value, n, sizeof *value, by_size);
    const uint32_t rank = (uint32_t)ceil(share * n);
    return value[rank > 0 ? rank - 1 : 0];
}

void profile_bounds(const struct question *question, const double *truth, const struct spread *spread,
                    double confidence, double *bound, struct arena *arena)
{
    const uint32_t n_values = question->response->n_values, n_figures = question->response->n_figures;
    struct sight *sight = arena_array(arena, struct sight, n_figures);
    double *observed = arena_array(arena, double, n_figures), *weight = arena_array(arena, double, spread->n_runs);
    double *rise = arena_array(arena, double, (size_t)n_values * PROFILE_DRAWS);
    struct question asked = *question;
    asked.observed = observed;
    response_at(question->response, truth, sight);
    for (uint32_t draw = 0; draw < PROFILE_DRAWS; draw++) {
        double place[MINIMUM_MOST];
        observe(question, spread, sight, draw, weight, observed);
        memcpy(place, truth, n_values * sizeof *place);
        const double least = distance_least(&asked, place, NULL);
        for (uint32_t k = 0; k < n_values; k++) {
            bool held[MINIMUM_MOST] = { false };
            held[k] = true;
            memcpy(place, truth, n_values * sizeof *place);
            rise[(size_t)k * PROFILE_DRAWS + draw] = fmax(distance_least(&asked, place, held) - least, 0);
        }
    }
    for (uint32_t k = 0; k < n_values; k++)
        bound[k] = fmax(share_below(&rise[(size_t)k * PROFILE_DRAWS], PROFILE_DRAWS, confidence),
                        infer_chi_squared(confidence));
}

/* ---- which places are accepted ---- */

struct walk_out {
    const struct question *question;
    uint32_t value;
    double bound; /* of the distance itself */
};

static double distance_held(const struct walk_out *walk, double *place, double at)
{
    bool held[MINIMUM_MOST] = { false };
    held[walk->value] = true;
    place[walk->value] = at;
    return distance_least(walk->question, place, held);
}

/* Between an accepted place and one that is not. */
static double limit_between(const struct walk_out *walk, const double *near, double inside, double outside)
{
    enum { HALVINGS = 8 };
    double place[MINIMUM_MOST];
    memcpy(place, near, walk->question->response->n_values * sizeof *place);
    for (int i = 0; i < HALVINGS; i++) {
        const double middle = (inside + outside) / 2;
        if (distance_held(walk, place, middle) <= walk->bound) inside = middle;
        else outside = middle;
    }
    return inside;
}

/* The outermost accepted place on the way from `best` to the end of the line; *beyond: the first behind it. True when
 * that end itself is accepted. */
static bool outermost(const struct walk_out *walk, const double *best, double end, double *accepted, double *beyond)
{
    const size_t bytes = walk->question->response->n_values * sizeof *best;
    double place[MINIMUM_MOST], inside[MINIMUM_MOST];
    const double from = best[walk->value], step = (end - from) / PROFILE_STEPS;
    bool is_inside = true;
    memcpy(place, best, bytes);
    memcpy(inside, best, bytes);
    *accepted = from;
    for (uint32_t i = 1; i <= PROFILE_STEPS && step * step > 0; i++) {
        const bool was_inside = is_inside;
        is_inside = distance_held(walk, place, from + i * step) <= walk->bound;
        if (is_inside) {
            *accepted = place[walk->value];
            memcpy(inside, place, bytes);
        } else if (was_inside) {
            *accepted = limit_between(walk, inside, inside[walk->value], place[walk->value]);
            memcpy(beyond, place, bytes);
        }
    }
    return is_inside;
}

void profile_make(struct profile *out, const struct question *question, uint32_t value, const double *best,
                  double bound)
{
    struct box box[MINIMUM_MOST];
    response_box(question->response, box);
    out->least = distance_at(question, best);
    out->bound = bound;
    const struct walk_out walk = { question, value, out->least + bound };
    out->open_low = outermost(&walk, best, box[value].low, &out->low, out->at_low);
    out->open_high = outermost(&walk, best, box[value].high, &out->high, out->at_high);
}
