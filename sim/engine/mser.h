/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where does the warm-up end? MSER-5 (White, Cobb and Spratt 2000): of a series in batches of five, the truncation
 * after which the mean of what is left is known best, by the squared deviations of what is left over the square of its
 * number. When the best place is not in the first half, the series is too short to tell. */
#ifndef SIM_ENGINE_MSER_H
#define SIM_ENGINE_MSER_H

#include <stdint.h>

enum { MSER_BATCH = 5, MSER_BATCHES_MIN = 20 };
#define MSER_TOO_SHORT UINT32_MAX

/* How many of the first values to leave out, a multiple of MSER_BATCH; or MSER_TOO_SHORT. */
uint32_t mser5(const double *value, uint32_t n);

#endif
