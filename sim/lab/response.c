/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/response.h"

#include <math.h>

void response_locate(const struct response *response, const double *place, struct spot *out)
{
    for (uint32_t k = 0; k < response->n_values; k++) {
        const struct response_line *line = &response->line[k];
        uint32_t i = 0;
        if (line->n < 2) continue;
        while (i + 2 < line->n && place[k] > line->at[i + 1]) i++;
        const double width = line->at[i + 1] - line->at[i];
        out[k] = (struct spot){ i, fmin(fmax((place[k] - line->at[i]) / width, 0), 1) };
    }
}

static void add_change(struct sight *sum, const struct sight *from, const struct sight *to, double share,
                       const struct sight *centre)
{
    sum->mean += from->mean + share * (to->mean - from->mean) - centre->mean;
    sum->variance += from->variance + share * (to->variance - from->variance) - centre->variance;
    sum->error += from->error + share * (to->error - from->error) - centre->error;
    sum->clock += from->clock + share * (to->clock - from->clock) - centre->clock;
}

struct sight response_sight(const struct response *response, const struct spot *spot, uint32_t figure)
{
    const struct sight *centre = &response->at_centre[figure];
    struct sight out = *centre;
    for (uint32_t k = 0; k < response->n_values; k++) {
        const struct response_line *line = &response->line[k];
        if (line->n < 2) continue;
        add_change(&out, &line->sight[spot[k].interval][figure], &line->sight[spot[k].interval + 1][figure],
                   spot[k].share, centre);
    }
    out.variance = fmax(out.variance, 0);
    return out;
}

void response_at(const struct response *response, const double *place, struct sight *out)
{
    struct spot spot[MINIMUM_MOST];
    response_locate(response, place, spot);
    for (uint32_t f = 0; f < response->n_figures; f++) out[f] = response_sight(response, spot, f);
}

void response_box(const struct response *response, struct box *out)
{
    for (uint32_t k = 0; k < response->n_values; k++) {
        const struct response_line *line = &response->line[k];
        out[k] = line->n > 0 ? (struct box){ line->at[0], line->at[line->n - 1] }
                             : (struct box){ response->centre[k], response->centre[k] };
    }
}
