/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/response.h"

#include <math.h>

static struct spot spot_among(const double *at, uint32_t n, double place)
{
    uint32_t i = 0;
    while (i + 2 < n && place > at[i + 1]) i++;
    return (struct spot){ i, fmin(fmax((place - at[i]) / (at[i + 1] - at[i]), 0), 1) };
}

void response_locate(const struct response *response, const double *place, struct whereabouts *out)
{
    for (uint32_t k = 0; k < response->n_values; k++) {
        const struct response_line *line = &response->line[k];
        if (line->n >= 2) out->line[k] = spot_among(line->at, line->n, place[k]);
    }
    for (uint32_t p = 0; p < response->n_planes; p++) {
        const struct response_plane *plane = &response->plane[p];
        for (int i = 0; i < 2; i++) out->plane[p][i] = spot_among(plane->at[i], plane->n[i], place[plane->value[i]]);
    }
    const struct response_line *path = response->path;
    if (path && path->n >= 2) out->path = spot_among(path->at, path->n, place[response->path_value]);
}

static void add_change(struct sight *sum, const struct sight *from, const struct sight *to, double share,
                       const struct sight *centre)
{
    sum->mean += from->mean + share * (to->mean - from->mean) - centre->mean;
    sum->variance += from->variance + share * (to->variance - from->variance) - centre->variance;
    sum->error += from->error + share * (to->error - from->error) - centre->error;
    sum->clock += from->clock + share * (to->clock - from->clock) - centre->clock;
}

/* Of the four corners about the place, each by its share. On a line the others have none: what a run off it has not
 * lived to show is not missing there. */
static void add_beyond(struct sight *sum, const struct response_plane *plane, const struct spot *spot, uint32_t figure)
{
    for (uint32_t corner = 0; corner < 4; corner++) {
        const uint32_t up[2] = { corner / 2, corner % 2 };
        double share = 1;
        for (int i = 0; i < 2; i++) share *= up[i] ? spot[i].share : 1 - spot[i].share;
        if (!(share > 0)) continue;
        const struct sight *beyond =
            &plane->beyond[(spot[0].interval + up[0]) * plane->n[1] + spot[1].interval + up[1]][figure];
        sum->mean += share * beyond->mean;
        sum->variance += share * beyond->variance;
        sum->error += share * beyond->error;
        sum->clock += share * beyond->clock;
    }
}

struct sight response_sight(const struct response *response, const struct whereabouts *where, uint32_t figure)
{
    const struct sight *centre = &response->at_centre[figure];
    const struct sight nothing = { 0 };
    struct sight out = *centre;
    for (uint32_t k = 0; k < response->n_values; k++) {
        const struct response_line *line = &response->line[k];
        const struct spot *spot = &where->line[k];
        if (line->n < 2) continue;
        add_change(&out, &line->sight[spot->interval][figure], &line->sight[spot->interval + 1][figure], spot->share,
                   centre);
    }
    for (uint32_t p = 0; p < response->n_planes; p++)
        if (response->plane[p].is_felt[figure]) add_beyond(&out, &response->plane[p], where->plane[p], figure);
    if (response->path && response->path->n >= 2)
        add_change(&out, &response->path->sight[where->path.interval][figure],
                   &response->path->sight[where->path.interval + 1][figure], where->path.share, &nothing);
    out.variance = fmax(out.variance, 0);
    return out;
}

void response_at(const struct response *response, const double *place, struct sight *out)
{
    struct whereabouts where;
    response_locate(response, place, &where);
    for (uint32_t f = 0; f < response->n_figures; f++) out[f] = response_sight(response, &where, f);
}

void response_box(const struct response *response, struct box *out)
{
    for (uint32_t k = 0; k < response->n_values; k++) {
        const struct response_line *line = &response->line[k];
        out[k] = line->n > 0 ? (struct box){ line->at[0], line->at[line->n - 1] }
                             : (struct box){ response->centre[k], response->centre[k] };
    }
}
