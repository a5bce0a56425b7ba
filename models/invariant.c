/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/invariant.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct { const char *name; bool eventual; const char *meaning; } table[INVARIANT_COUNT] = {
#define X(id, eventual, meaning) { #id, eventual, meaning },
    INVARIANTS(X)
#undef X
};

void invariants_init(struct invariants *invariants)
{
    memset(invariants, 0, sizeof *invariants);
    for (uint32_t i = 0; i < INVARIANT_COUNT; i++) {
        invariants->fact[i].name = table[i].name;
        invariants->fact[i].meaning = table[i].meaning;
        invariants->fact[i].eventual = table[i].eventual;
        invariants->fact[i].first_at_ns = SIM_NEVER;
    }
}

/* What is told late, with its right time (settle, in models/kafka), may be earlier than what was told before; and what
 * holds of many orders at one instant, at the end of a run, is told in whatever order their memory has. */
static bool is_before(sim_ns at_ns, uint64_t order_id, const struct invariant_facts *fact)
{
    if (at_ns != fact->first_at_ns) return at_ns < fact->first_at_ns;
    return order_id > 0 && order_id < fact->first_order_id;
}

void invariant_broken(struct invariants *invariants, enum invariant_id id, sim_ns at_ns, uint64_t order_id,
                      const char *format, ...)
{
    struct invariant_facts *fact = &invariants->fact[id];
    fact->verdict = VERDICT_BROKEN;
    if (fact->violations++ > 0 && !is_before(at_ns, order_id, fact)) return;
    fact->first_at_ns = at_ns;
    fact->first_order_id = order_id;
    va_list args;
    va_start(args, format);
    vsnprintf(fact->first_what, sizeof fact->first_what, format, args);
    va_end(args);
}

void invariants_cut(struct invariants *invariants)
{
    for (uint32_t i = 0; i < INVARIANT_COUNT; i++)
        if (table[i].eventual && invariants->fact[i].verdict == VERDICT_HOLDS)
            invariants->fact[i].verdict = VERDICT_OPEN;
}
