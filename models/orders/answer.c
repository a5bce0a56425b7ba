/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/orders/answer.h"

/* By mark: the operation + 1 that was refused last; 0: none was. */
static uint32_t *refusals_of(const struct machine *machine, uint32_t slot)
{
    return order_refusals_at(&machine->orders, slot);
}

/* Whoever has set a mark first has answered for it; before: what this delivery has said so far. */
static void keep(struct machine *machine, const struct thread *thread, uint32_t marks, uint32_t before)
{
    uint32_t *refusal = refusals_of(machine, thread->order);
    for (uint32_t i = 0; i < machine->orders.n_refusals; i++)
        if ((marks >> i & 1) && (refusal[i] == 0 || refusal[i] == before)) refusal[i] = thread->refused;
}

void answer_keep(struct machine *machine, const struct thread *thread, uint16_t marks)
{
    keep(machine, thread, marks, 0);
}

/* Marks that this delivery has set already have their answer now; those of its open transaction wait for the commit. */
void answer_refused(struct machine *machine, struct thread *thread)
{
    if (thread->duplicate || machine->orders.n_refusals == 0) return;
    const uint32_t set = order_of(thread)->once & machine->plan->way[thread->pc].marks, before = thread->refused;
    thread->refused = thread->pc + 1;
    keep(machine, thread, set & ~(uint32_t)thread->once_marks, before);
}

bool answer_has_refusal(const struct machine *machine, const struct thread *thread, uint32_t mark)
{
    return mark < machine->orders.n_refusals && refusals_of(machine, thread->order)[mark] > 0;
}

bool answer_was_no(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    if (machine->orders.n_refusals == 0 || op->otherwise == NONE) return false;
    const uint32_t index = (uint32_t)(op - machine->plan->op), *refusal = refusals_of(machine, thread->order);
    const struct plan_way *way = &machine->plan->way[index];
    for (uint32_t i = 0; i < machine->orders.n_refusals; i++) {
        if (!(way->marks >> i & 1) || refusal[i] == 0) continue;
        const uint32_t at = refusal[i] - 1;
        if (at == index || (at >= op->otherwise && at < way->otherwise_end)) return true;
    }
    return false;
}
