/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/engine/infer.h"
#include "sim/engine/random.h"

/* ---- what might have been observed ---- */

enum { DRAW_RUN, DRAW_CLOCK, DRAW_COUNT };

static double draw_normal(struct random_key key, uint32_t purpose, uint32_t entity)
{
    const struct random_words words = random_block(key, purpose, entity, 0);
    const double u = random_unit(words.word[0]), v = random_unit(words.word[1]);
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

/* A run leaves its own mean by less, and the mean of others by more, than one standard deviation. */
static void observe(const struct question *question, const struct spread *spread, const struct sight *sight,
                    uint32_t draw, double *observed)
{
    const struct random_key key = random_key(spread->seed, draw);
    const uint32_t n_figures = question->response->n_figures;
    const uint32_t run = random_block(key, DRAW_RUN, 0, 0).word[0] % spread->n_runs;
    const double widened = sqrt((spread->n_runs + 1.0) / (spread->n_runs - 1.0));
    for (uint32_t f = 0; f < n_figures; f++) {
        const struct target *target = &question->target[f];
        observed[f] = sight[f].mean + widened * spread->off[(size_t)run * n_figures + f] +
                      sight[f].clock * draw_normal(key, DRAW_CLOCK, target->clock) +
                      target->sd * draw_normal(key, DRAW_COUNT, f);
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

void profile_bounds(const struct question *question, const double *best, const struct spread *spread,
                    double confidence, double *bound, struct arena *arena)
{
    const uint32_t n_values = question->response->n_values, n_figures = question->response->n_figures;
    struct sight *sight = arena_array(arena, struct sight, n_figures);
    double *observed = arena_array(arena, double, n_figures);
    double *rise = arena_array(arena, double, (size_t)n_values * PROFILE_DRAWS);
    struct question asked = *question;
    asked.observed = observed;
    response_at(question->response, best, sight);
    for (uint32_t draw = 0; draw < PROFILE_DRAWS; draw++) {
        double place[MINIMUM_MOST];
        observe(question, spread, sight, draw, observed);
        memcpy(place, best, n_values * sizeof *place);
        const double least = distance_least(&asked, place, NULL);
        for (uint32_t k = 0; k < n_values; k++) {
            bool held[MINIMUM_MOST] = { false };
            held[k] = true;
            memcpy(place, best, n_values * sizeof *place);
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

/* The outermost accepted place on the way from `from` to the end of the line, and the first beyond it. */
static bool outermost(const struct walk_out *walk, const double *best, double end, double *accepted, double *beyond)
{
    double place[MINIMUM_MOST], before = walk->bound;
    bool held[MINIMUM_MOST] = { false }, inside = true, open = true;
    const double from = best[walk->value], step = (end - from) / PROFILE_STEPS;
    const uint32_t n_values = walk->question->response->n_values;
    held[walk->value] = true;
    memcpy(place, best, n_values * sizeof *place);
    *accepted = from;
    for (uint32_t i = 1; i <= PROFILE_STEPS && step * step > 0; i++) {
        place[walk->value] = from + i * step;
        const double distance = distance_least(walk->question, place, held);
        if (distance <= walk->bound) *accepted = place[walk->value];
        else if (inside) {
            const double share = distance > before ? (walk->bound - before) / (distance - before) : 0;
            *accepted = place[walk->value] - step + step * fmin(fmax(share, 0), 1);
            memcpy(beyond, place, n_values * sizeof *place);
        }
        inside = open = distance <= walk->bound;
        before = distance;
    }
    return open;
}

void profile_make(struct profile *out, const struct question *question, uint32_t value, const double *best,
                  double bound)
{
    struct box box[MINIMUM_MOST];
    response_box(question->response, box);
    out->least = distance_at(question, best);
    const struct walk_out walk = { question, value, out->least + bound };
    out->open_low = outermost(&walk, best, box[value].low, &out->low, out->at_low);
    out->open_high = outermost(&walk, best, box[value].high, &out->high, out->at_high);
}
