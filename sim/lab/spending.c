/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/spending.h"

#include <stdbool.h>

#include "sim/engine/infer.h"

static double *law_after(const struct spending *spending, double share, uint32_t n, struct arena *arena)
{
    const uint32_t more = n - spending->n;
    double *law = arena_array(arena, double, (uint64_t)n + 1), *chance = arena_array(arena, double, (uint64_t)more + 1);
    for (uint32_t x = 0; x <= more; x++) chance[x] = infer_binomial(x, more, share);
    for (uint32_t k = 0; k <= spending->n; k++) {
        const double before = spending->law ? spending->law[k] : 1;
        for (uint32_t x = 0; before > 0 && x <= more; x++) law[k + x] += before * chance[x];
    }
    return law;
}

/* What may be spent in all, up to and with this look. */
static double allowed(double spent, enum look look, bool to_meet)
{
    const double left = SPENDING_RISK - spent;
    switch (look) {
    case LOOK_GLANCE: return to_meet ? spent : spent + left / 2;
    case LOOK_FIRST: return to_meet ? SPENDING_RISK : spent + left / 2;
    case LOOK_AGAIN: return spent + left / 2;
    case LOOK_LAST: return SPENDING_RISK;
    }
    return spent;
}

static void spend_missed(struct spending *spending, enum look look)
{
    const double most = allowed(spending->missed, look, false);
    uint32_t k = 0;
    for (; k <= spending->n && spending->missed + spending->law[k] <= most; k++) {
        spending->missed += spending->law[k];
        spending->law[k] = 0;
    }
    spending->missed_below = k;
}

static void spend_met(struct spending *spending, enum look look)
{
    const double most = allowed(spending->met, look, true);
    uint32_t k = spending->n + 1;
    for (; look != LOOK_GLANCE && k > spending->missed_below && spending->met + spending->law[k - 1] <= most; k--) {
        spending->met += spending->law[k - 1];
        spending->law[k - 1] = 0;
    }
    spending->met_from = k;
}

void spending_look(struct spending *spending, double share, uint32_t n, enum look look, struct arena *arena)
{
    spending->law = law_after(spending, share, n, arena);
    spending->n = n;
    spend_missed(spending, look);
    spend_met(spending, look);
}
