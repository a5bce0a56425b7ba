/* SPDX-License-Identifier: GPL-3.0-or-later
 * The logarithm of the noise belongs to the distance: else a model would be near to anything by being erratic. That a
 * mean is not known better than to the error of few runs is no trait of the model: it takes weight off a residual, and
 * costs nothing. */
#include "sim/lab/distance.h"

#include <math.h>
#include <string.h>

#define LOSS_SCALE   2.385
#define LOSS_MISSING 100.0 /* noises, of a figure that the model does not live to show */

double sight_noise(const struct question *question, const struct target *target, const struct sight *sight,
                   double observed)
{
    const double run = sight->variance * (1 + 1.0 / question->runs);
    const double coarse = question->coarse * fmax(fabs(observed), fabs(sight->mean));
    return sqrt(run + sight->clock * sight->clock + target->sd * target->sd + coarse * coarse);
}

double distance_part(const struct question *question, uint32_t figure, const struct sight *sight)
{
    const struct target *target = &question->target[figure];
    const double observed = question->observed[figure];
    if (target->use != TARGET_DECIDES) return 0;
    const bool missing = !isfinite(sight->mean) || !isfinite(sight->variance) || !isfinite(sight->clock);
    const double noise = missing ? fmax(fabs(observed), target->sd) : sight_noise(question, target, sight, observed);
    const double units =
        missing ? LOSS_MISSING : (observed - sight->mean) / sqrt(noise * noise + fmax(sight->error, 0));
    return LOSS_SCALE * LOSS_SCALE * log1p(units * units / (LOSS_SCALE * LOSS_SCALE)) + 2 * log(noise);
}

double distance_at(const struct question *question, const double *place)
{
    struct whereabouts where;
    double sum = 0;
    response_locate(question->response, place, &where);
    for (uint32_t f = 0; f < question->response->n_figures; f++) {
        if (question->target[f].use != TARGET_DECIDES) continue;
        const struct sight sight = response_sight(question->response, &where, f);
        sum += distance_part(question, f, &sight);
    }
    return sum;
}

/* ---- search ---- */

struct seeking {
    const struct question *question;
    double place[MINIMUM_MOST];
    uint32_t n, which[MINIMUM_MOST]; /* the values that are free */
};

static double seek(void *context, const double *at)
{
    struct seeking *seeking = context;
    for (uint32_t i = 0; i < seeking->n; i++) seeking->place[seeking->which[i]] = at[i];
    return distance_at(seeking->question, seeking->place);
}

double distance_least(const struct question *question, double *place, const bool *held)
{
    const uint32_t n_values = question->response->n_values;
    struct seeking seeking = { .question = question };
    struct box box[MINIMUM_MOST], free_box[MINIMUM_MOST];
    double at[MINIMUM_MOST];
    memcpy(seeking.place, place, n_values * sizeof *place);
    response_box(question->response, box);
    for (uint32_t k = 0; k < n_values; k++) {
        if (held && held[k]) continue;
        free_box[seeking.n] = box[k];
        at[seeking.n] = fmin(fmax(place[k], box[k].low), box[k].high);
        seeking.which[seeking.n++] = k;
    }
    const double least = minimum_near(seek, &seeking, at, free_box, seeking.n);
    for (uint32_t i = 0; i < seeking.n; i++) place[seeking.which[i]] = at[i];
    return least;
}
