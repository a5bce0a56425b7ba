/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/engine/mser.h"

#include <math.h>

static double batch_mean(const double *value, uint32_t batch)
{
    double sum = 0;
    for (uint32_t i = 0; i < MSER_BATCH; i++) sum += value[batch * MSER_BATCH + i];
    return sum / MSER_BATCH;
}

/* From the end, so that each truncation adds one batch to what is left: mean and squared deviations by Welford. */
uint32_t mser5(const double *value, uint32_t n)
{
    const uint32_t n_batches = n / MSER_BATCH, latest = n_batches / 2;
    double mean = 0, squares = 0, least = HUGE_VAL;
    uint32_t best = latest;
    if (n_batches < MSER_BATCHES_MIN) return MSER_TOO_SHORT;
    for (uint32_t left = 1; left <= n_batches; left++) {
        const uint32_t truncation = n_batches - left;
        const double from_mean = batch_mean(value, truncation) - mean;
        mean += from_mean / left;
        squares += from_mean * from_mean * (left - 1) / left;
        const double error = squares / ((double)left * left);
        if (truncation > latest || error > least) continue;
        least = error;
        best = truncation;
    }
    return best == latest ? MSER_TOO_SHORT : best * MSER_BATCH;
}
