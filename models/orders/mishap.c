/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/orders/mishap.h"

#include "models/orders/machine.h"

struct mishap *mishap_note(struct machine *machine, enum mishap_kind kind, uint64_t order_id, uint32_t stage,
                           sim_ns since_ns)
{
    struct mishaps *mishaps = &machine->mishaps;
    mishaps->count[kind]++;
    if (mishaps->count[kind] > MISHAPS_KEPT_OF_KIND) return NULL;
    if (!mishaps->kept) mishaps->kept = arena_array(machine->sim->arena, struct mishap, MISHAPS_KEPT);
    struct mishap *note = &mishaps->kept[mishaps->n++];
    *note = (struct mishap){ .at_ns = machine->sim->now_ns, .kind = kind, .order_id = order_id, .stage = stage,
                             .since_ns = since_ns, .step_kind = STEP_KINDS, .target = NONE };
    return note;
}
