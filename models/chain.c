/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/chain.h"

#include <string.h>

#include "models/invariant.h"
#include "models/orders/machine.h"

/* ---- what an invariant is about ---- */

static uint32_t table_of(const struct plan *plan, const char *invariant)
{
    switch (*invariant) {
    case 'S': return plan->stock_table;
    case 'C': return plan->coupon_table;
    case 'P': return plan->points_table;
    default: return NONE;
    }
}

#define KIND(mishap) (1u << MISHAP_##mishap)

/* Wrong wherever they happen. */
enum {
    WRONGS = KIND(JOIN_RACE) | KIND(STATUS_OVERWRITTEN) | KIND(REPEATED_EFFECT) | KIND(MARK_ALONE) | KIND(UNDO_BLIND)
};

/* Mishaps that may break an invariant of this letter for their order; most of them are no harm where the saga is ready
 * for them. What a tombstone refuses breaks none. */
static uint32_t kinds_of(const char *invariant)
{
    switch (*invariant) {
    case 'S':
    case 'C':
    case 'P':
    case 'O':
        return WRONGS | KIND(UNDO_FIRST) | KIND(SWEPT) | KIND(LATE_ANSWER) | KIND(LATE_PAYMENT) | KIND(GIVEN_UP) |
               KIND(NOT_SENT) | KIND(UNSENT) | KIND(DIED) | KIND(MISSED) | KIND(UNREAD);
    case 'K': return KIND(GIVEN_UP) | KIND(DIED);
    default: return 0;
    }
}

/* ---- links ---- */

static const struct doer nobody = { NONE, NONE, NONE, NONE };

static void link_add(struct chain *chain, struct chain_link link)
{
    if (chain->n_links == CHAIN_LINKS || link.at_ns == SIM_NEVER) return;
    uint32_t at = chain->n_links++;
    for (; at > 0 && chain->link[at - 1].at_ns > link.at_ns; at--) chain->link[at] = chain->link[at - 1];
    chain->link[at] = link;
}

static struct chain_link link_of(enum link_kind kind, sim_ns at_ns, uint64_t order_id, struct doer by)
{
    return (struct chain_link){ .kind = kind, .at_ns = at_ns, .order_id = order_id, .by = by, .fault = NONE,
                                .lock = NONE, .table = NONE, .stage = NONE };
}

static void fault_add(struct chain *chain, const struct fault_time *time)
{
    struct chain_link link = link_of(LINK_FAULT, time->at_ns, 0, (struct doer){ NONE, NONE, NONE, time->instance });
    link.fault = time->fault;
    link_add(chain, link);
}

/* ---- lost updates ---- */

/* A fault of this kind may make an owner lose a lock in this way. */
static bool brings_about(enum fault_kind fault, enum loss_cause cause)
{
    switch (cause) {
    case LOSS_PAUSE_LEASE:
    case LOSS_PAUSE_WATCHDOG: return fault == FAULT_PAUSE;
    case LOSS_WATCHDOG: return fault == FAULT_OUTAGE || fault == FAULT_FAILOVER;
    case LOSS_FAILOVER: return fault == FAULT_FAILOVER;
    case LOSS_RESTART: return fault == FAULT_OUTAGE;
    case LOSS_LEASE: return fault == FAULT_SLOW || fault == FAULT_OUTAGE || fault == FAULT_PAUSE;
    default: return false;
    }
}

/* The last such fault that happened while the lock was held; of a pause, to the one that held it. */
static void fault_of_loss(struct chain *chain, const struct faults *faults, const struct accident *accident)
{
    const struct scenario *scenario = faults->machine->plan->scenario;
    const struct doer *loser = accident->other_lost ? &accident->other_by : &accident->by;
    for (uint32_t i = faults->n_times; i-- > 0;) {
        const struct fault_time *time = &faults->time[i];
        const struct fault_spec *spec = &scenario->fault[time->fault];
        if (time->at_ns < accident->acquired_ns || time->at_ns > accident->lost_ns) continue;
        if (!brings_about(spec->kind, accident->cause)) continue;
        if (spec->kind == FAULT_PAUSE && (spec->target != loser->process || time->instance != loser->instance))
            continue;
        fault_add(chain, time);
        return;
    }
}

static void accident_trace(struct chain *chain, const struct faults *faults, const struct accident *accident)
{
    const uint64_t loser = accident->other_lost ? accident->other_order_id : accident->order_id;
    const struct doer by = accident->other_lost ? accident->other_by : accident->by;
    struct chain_link link = link_of(LINK_LOCKED, accident->acquired_ns, loser, by);
    chain->cause = accident->cause;
    link.lock = accident->lock;
    link.key = accident->key;
    if (accident->lock != NONE) {
        if (accident->lost_ns != SIM_NEVER) fault_of_loss(chain, faults, accident);
        link_add(chain, link);
        link.kind = accident->cause == LOSS_ORDER ? LINK_UNLOCKED : LINK_LOST;
        link.at_ns = accident->lost_ns;
        link_add(chain, link);
    }
    link = link_of(LINK_READ, accident->read_ns, accident->order_id, accident->by);
    link.table = accident->table;
    link.key = accident->key;
    link_add(chain, link);
    if (accident->other_order_id != 0) {
        link.kind = LINK_COMMITTED;
        link.at_ns = accident->other_committed_ns;
        link.order_id = accident->other_order_id;
        link.by = accident->other_by;
        link_add(chain, link);
    }
    link.kind = LINK_OVERWROTE;
    link.at_ns = accident->at_ns;
    link.order_id = accident->order_id;
    link.by = accident->by;
    link_add(chain, link);
}

/* The lost update that the violation is about: by the order itself, else of what it had written; 0: the first. */
static const struct accident *accident_of(const struct run_facts *facts, uint32_t table, uint64_t order_id,
                                          sim_ns until_ns)
{
    const struct accident *of_other = NULL;
    for (uint32_t i = 0; i < facts->n_accidents && table != NONE; i++) {
        const struct accident *accident = &facts->accident[i];
        if (accident->at_ns > until_ns || accident->kind != ACCIDENT_LOST_UPDATE || accident->table != table) continue;
        if (order_id == 0 || accident->order_id == order_id) return accident;
        if (!of_other && accident->other_order_id == order_id) of_other = accident;
    }
    return of_other;
}

/* ---- mishaps ---- */

/* A record comes again, or late, or nobody comes for it, because of a fault before. */
static bool has_fault_before(enum mishap_kind kind)
{
    const uint32_t kinds = KIND(REPEATED_EFFECT) | KIND(MARK_ALONE) | KIND(DIED) | KIND(GIVEN_UP) | KIND(NOT_SENT) |
                           KIND(UNSENT) | KIND(SWEPT) | KIND(UNREAD);
    return kinds >> kind & 1;
}

static void fault_before(struct chain *chain, const struct faults *faults, sim_ns at_ns)
{
    for (uint32_t i = faults->n_times; i-- > 0;)
        if (faults->time[i].at_ns <= at_ns) {
            fault_add(chain, &faults->time[i]);
            return;
        }
}

static void mishap_trace(struct chain *chain, const struct faults *faults, const struct mishap *mishap)
{
    struct chain_link link = link_of(LINK_MISHAP, mishap->at_ns, mishap->order_id, nobody);
    if (chain->n_links == 0 && has_fault_before(mishap->kind)) fault_before(chain, faults, mishap->at_ns);
    if (mishap->since_ns != SIM_NEVER) {
        struct chain_link read = link_of(LINK_READ, mishap->since_ns, mishap->order_id, nobody);
        read.stage = mishap->stage;
        link_add(chain, read);
    }
    link.mishap = mishap->kind;
    link.step_kind = mishap->step_kind;
    link.target = mishap->target;
    link.stage = mishap->stage;
    link_add(chain, link);
}

/* The first of these kinds up to the violation; order_id 0: of any order. */
static const struct mishap *mishap_of(const struct run_facts *facts, uint32_t kinds, uint64_t order_id, sim_ns until_ns)
{
    for (uint32_t i = 0; i < facts->n_mishaps; i++) {
        const struct mishap *mishap = &facts->mishap[i];
        if ((kinds >> mishap->kind & 1) && mishap->at_ns <= until_ns &&
            (order_id == 0 || mishap->order_id == order_id))
            return mishap;
    }
    return NULL;
}

/* ---- all of it ---- */

/* What comes after it is no cause. What is judged when all is quiet carries the instant of the last fact, and a partition
 * may have been given out after that. */
static sim_ns until(const struct invariant_facts *broken)
{
    return broken->eventual ? SIM_NEVER - 1 : broken->first_at_ns;
}

/* What befell the order, as far as the invariant is about it; with a mishap of a kind that matters, all others. */
static void trace_order(struct chain *chain, const struct faults *faults, const struct run_facts *facts,
                        const struct invariant_facts *broken, uint64_t order_id)
{
    const sim_ns until_ns = until(broken);
    const uint32_t table = table_of(faults->machine->plan, broken->name);
    const struct accident *accident = accident_of(facts, table, order_id, until_ns);
    if (accident) accident_trace(chain, faults, accident);
    if (!mishap_of(facts, kinds_of(broken->name), order_id, until_ns)) return;
    for (uint32_t i = 0; i < facts->n_mishaps; i++)
        if (facts->mishap[i].order_id == order_id && facts->mishap[i].at_ns <= until_ns)
            mishap_trace(chain, faults, &facts->mishap[i]);
}

/* The violation that names an order and that this one, which names none, follows from. */
static const struct invariant_facts *root_of(const struct run_facts *facts, const struct invariant_facts *broken)
{
    for (uint32_t i = 0; i < facts->n_invariants; i++) {
        const struct invariant_facts *other = &facts->invariant[i];
        if (other->verdict == VERDICT_BROKEN && other->first_order_id != 0 &&
            (*other->name == 'O' || *other->name == *broken->name))
            return other;
    }
    return NULL;
}

/* About a row: what others did to it may break it for whoever comes last. */
static bool is_of_a_row(const struct invariant_facts *broken)
{
    static const char *const of_rows[] = { "S2", "P1", "C5" };
    for (size_t i = 0; i < sizeof of_rows / sizeof *of_rows; i++)
        if (strcmp(broken->name, of_rows[i]) == 0) return true;
    return false;
}

/* A violation that names no order, or whose order has no note: the first lost update of its table, else, where it is
 * not the order's own affair, the order of another violation, or the first of what is always wrong. */
static void trace_run(struct chain *chain, const struct faults *faults, const struct run_facts *facts,
                      const struct invariant_facts *broken)
{
    const uint32_t table = table_of(faults->machine->plan, broken->name);
    const struct accident *accident = accident_of(facts, table, 0, until(broken));
    const struct invariant_facts *root = root_of(facts, broken);
    if (accident) accident_trace(chain, faults, accident);
    if (accident || (broken->first_order_id != 0 && !is_of_a_row(broken))) return;
    if (root && broken->first_order_id == 0) trace_order(chain, faults, facts, root, root->first_order_id);
    const struct mishap *wrong = mishap_of(facts, kinds_of(broken->name) & WRONGS, 0, until(broken));
    if (chain->n_links == 0 && wrong) mishap_trace(chain, faults, wrong);
}

void chains_find(const struct faults *faults, struct run_facts *facts, struct arena *arena)
{
    struct chain *chains = NULL;
    for (uint32_t i = 0; i < facts->n_invariants; i++) {
        const struct invariant_facts *broken = &facts->invariant[i];
        struct chain chain = { .invariant = i };
        if (broken->verdict != VERDICT_BROKEN) continue;
        if (broken->first_order_id != 0) trace_order(&chain, faults, facts, broken, broken->first_order_id);
        chain.of_order = chain.n_links > 0;
        if (!chain.of_order) trace_run(&chain, faults, facts, broken);
        if (chain.n_links == 0) continue;
        if (!chains) facts->chain = chains = arena_array(arena, struct chain, facts->n_invariants);
        chains[facts->n_chains++] = chain;
    }
}
