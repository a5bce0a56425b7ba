/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whole numbers that make up an order: which user, which item, how many. A draw turns one 32-bit word into a value; for
 * uniform and Zipf it is the inverse of the distribution function, so it never rejects and is monotone in the word.
 * With more values than words (2^32), or where a value's probability is below 2^-32, some values cannot occur. */
#ifndef MODELS_ORDERS_PICK_H
#define MODELS_ORDERS_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include "models/scenario.h"
#include "sim/engine/arena.h"
#include "sim/engine/error.h"

#define PICK_EXPONENT_MAX 20.0

/* Compiled form, read-only, shared by all runs. */
struct pick {
    enum pick_kind kind;
    uint64_t low, count;         /* values low to low + count - 1 */
    uint64_t given_below;        /* of 2^32 */
    uint64_t hot_below;          /* hot: words below fall on a hot value */
    uint32_t n_hot;
    const uint64_t *hot;
    const struct pick_zipf *zipf;
};

bool pick_make(struct pick *out, const struct pick_spec *spec, struct arena *arena, struct sim_err *err);

/* The value of one word; 0 for PICK_NOTHING. */
uint64_t pick_draw(const struct pick *pick, uint32_t word);

/* Whether an order has the thing at all, by a word of its own. Never for PICK_NOTHING. */
static inline bool pick_given(const struct pick *pick, uint32_t word) { return word < pick->given_below; }

#endif
