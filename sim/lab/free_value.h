/* SPDX-License-Identifier: GPL-3.0-or-later
 * A value of the scenario that calibration is free to set, within a range. Searches see it as a number in [0, 1]:
 * evenly over the range, or over its logarithm where the range spans decades, so that 5 ms and 50 ms are as far apart
 * as 50 ms and 500 ms. */
#ifndef SIM_LAB_FREE_VALUE_H
#define SIM_LAB_FREE_VALUE_H

#include "sim/lab/point.h"
#include "sim/lab/vary.h"

struct free_value {
    const char *pointer; /* JSON Pointer */
    bool is_duration;    /* then low, high and before are in ns */
    bool whole;          /* takes whole numbers only */
    bool logarithmic;
    double low, high;    /* low < high */
    double before;       /* what the scenario says */
};

/* The values to fit: those of the calibrate block, or, where there are any, of words "PTR=LOW..HIGH". False with err
 * (SIM_EUSAGE; SIM_ESCENARIO for a place without a number), or with findings as from study_read. */
bool free_values_make(struct free_value **out, uint32_t *n, const struct point *base, const char *const *fit,
                      uint32_t n_fit, struct findings *findings, struct arena *arena, struct sim_err *err);

/* In [0, 1]; and back, as the scenario takes it (rounded to ns or whole numbers). */
double free_value_place(const struct free_value *value, double quantity);
double free_value_at(const struct free_value *value, double place);
/* "23.2ms", "300". */
const char *free_value_text(const struct free_value *value, double quantity, struct arena *arena);

#endif
