/* SPDX-License-Identifier: GPL-3.0-or-later
 * The least value of a function of a few numbers in [0, 1]: points spread evenly for a start anywhere (Halton's
 * sequence), then a search from one of them (GSL: Brent's line search of one number, Nelder and Mead's simplex of
 * several). Nothing is drawn, so the answer is a function of the question. */
#ifndef SIM_ENGINE_MINIMUM_H
#define SIM_ENGINE_MINIMUM_H

#include <stdint.h>

enum { MINIMUM_MOST = 32 }; /* numbers */

struct box { double low, high; }; /* of one number; low <= high */

typedef double minimum_fn(void *context, const double *at);

/* Goes down from `at` within the box, and leaves there the best place it has seen. Returns its value. */
double minimum_near(minimum_fn *function, void *context, double *at, const struct box *box, uint32_t n);

/* Point `index` of those spread over the unit box, n <= MINIMUM_MOST numbers. */
void minimum_spread(double *at, uint32_t n, uint32_t index);

#endif
