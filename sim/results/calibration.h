/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a calibration found, for people and as JSON (contract). Plain data: the fit itself is the lab's. */
#ifndef SIM_RESULTS_CALIBRATION_H
#define SIM_RESULTS_CALIBRATION_H

#include <cjson/cJSON.h>

#include "sim/results/result.h"

enum { DECIDERS_MOST = 3 };

/* In seconds or as a plain number, as `unit` says ("s" or ""). */
struct calibrated_value {
    const char *pointer, *unit;
    double before, value;         /* of the scenario; now */
    double low, high;             /* the interval */
    bool open_low, open_high;     /* the observations set no limit within the range searched */
    uint32_t n_refuting;          /* open, since all that hangs on the value contradicts all of the range: so many */
    double range_low, range_high; /* searched */
    uint32_t n_deciders;          /* observations that set the limits, the heaviest first */
    const char *decider[DECIDERS_MOST];
};
/* Whether the observations decide the value: both limits are theirs. */
static inline bool calibrated_is_decided(const struct calibrated_value *value)
{
    return !value->open_low && !value->open_high;
}

struct calibrated_figure {
    const char *name;
    double observed, predicted, lo, hi; /* prediction interval for one run; NaN: the scenario has none */
    double noise, residual;             /* residual in units of the noise */
    bool decides, held_out, explained;  /* decides: it was fitted to, or would have been */
    bool by_its_row;                    /* not explained although its residual is small: the total of its row is not */
    const char *need_pointer;           /* of one not explained: a value that alone would give it; NULL: none would */
    double need;                        /* that value, in the unit of calibrated_value */
    uint32_t need_lost;                 /* of those explained that decide, so many then are not */
};

struct calibration {
    const char *name, *observations; /* of the scenario; file */
    uint64_t seed;
    uint32_t runs, replications;     /* in all; at the fitted values */
    double confidence;
    bool is_borne_out;               /* runs between the limits showed what the fit had there */
    uint32_t n_values, n_figures;
    const struct calibrated_value *value;
    const struct calibrated_figure *figure;
    double chi_squared;              /* sum of squared residuals of the n_decide that decide and are explained */
    uint32_t n_decide;
    const char *written;             /* file of the new scenario; NULL: none */
};

void calibration_write(const struct calibration *calibration, const struct text_style *style, FILE *out);
/* The caller owns it. */
cJSON *calibration_tree(const struct calibration *calibration);
void calibration_json(const struct calibration *calibration, FILE *out);

#endif
