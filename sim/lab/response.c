/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/response.h"

#include <math.h>
#include <string.h>

/* The interval of the line that holds `at`, and how far into it. */
static uint32_t interval_of(const struct response_line *line, double at, double *share)
{
    uint32_t i = 0;
    *share = 0;
    if (line->n < 2) return 0;
    while (i + 2 < line->n && at > line->at[i + 1]) i++;
    const double width = line->at[i + 1] - line->at[i];
    *share = fmin(fmax((at - line->at[i]) / width, 0), 1);
    return i;
}

static void add_change(struct sight *sum, const struct sight *from, const struct sight *to, double share,
                       const struct sight *centre)
{
    sum->mean += from->mean + share * (to->mean - from->mean) - centre->mean;
    sum->variance += from->variance + share * (to->variance - from->variance) - centre->variance;
    sum->clock += from->clock + share * (to->clock - from->clock) - centre->clock;
}

void response_at(const struct response *response, const double *place, struct sight *out)
{
    memcpy(out, response->at_centre, response->n_figures * sizeof *out);
    for (uint32_t k = 0; k < response->n_values; k++) {
        const struct response_line *line = &response->line[k];
        double share;
        if (line->n < 2) continue;
        const uint32_t i = interval_of(line, place[k], &share);
        for (uint32_t f = 0; f < response->n_figures; f++)
            add_change(&out[f], &line->sight[i][f], &line->sight[i + 1][f], share, &response->at_centre[f]);
    }
    for (uint32_t f = 0; f < response->n_figures; f++) out[f].variance = fmax(out[f].variance, 0);
}

void response_box(const struct response *response, struct box *out)
{
    for (uint32_t k = 0; k < response->n_values; k++) {
        const struct response_line *line = &response->line[k];
        out[k] = line->n > 0 ? (struct box){ line->at[0], line->at[line->n - 1] }
                             : (struct box){ response->centre[k], response->centre[k] };
    }
}
