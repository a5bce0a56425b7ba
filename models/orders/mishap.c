/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/orders/mishap.h"

#include "models/orders/machine.h"

void mishap_note(struct machine *machine, enum mishap_kind kind, uint64_t order_id, uint32_t stage, sim_ns since_ns)
{
    struct mishaps *mishaps = &machine->mishaps;
    mishaps->count[kind]++;
    if (mishaps->count[kind] > MISHAPS_KEPT_OF_KIND) return;
    if (!mishaps->kept) mishaps->kept = arena_array(machine->sim->arena, struct mishap, MISHAPS_KEPT);
    mishaps->kept[mishaps->n++] = (struct mishap){ machine->sim->now_ns, kind, order_id, stage, since_ns };
}
