/* SPDX-License-Identifier: GPL-3.0-or-later
 * What an order goes through: its status, the effects committed for it, its leaving, and the invariants that look at a
 * single order. Eventual ones are checked when the order leaves: then no record of it is left anywhere. */
#include "models/orders/ahead.h"
#include "models/orders/flow.h"
#include "models/orders/machine.h"
#include "models/orders/sweeper.h"

enum { FACT_CREATED = 7, FACT_STATUS = 8 };

static const char *const status_name[ORDER_STATUSES] = { "PENDING", "PAYING", "PAID", "FAILED", "CANCELLED" };

void order_created(struct machine *machine, uint32_t slot)
{
    struct order *order = order_at(&machine->orders, slot);
    order->did |= DID_CREATE;
    machine->counts.created++;
    machine->counts.by_status[order->status]++; /* who publishes first may have been answered before it inserts */
    if (machine->ahead.is_on) ahead_note(machine, ORDER_STATUSES, (enum order_status)order->status);
    if (machine->orders.keep_looks) sweeper_notes(machine, slot);
    sim_fact(machine->sim, machine->sim->now_ns, FACT_CREATED, order->id);
}

void order_inserted(struct machine *machine, uint32_t slot)
{
    machine->tables.table[machine->plan->orders_table].fact.writes++;
    order_created(machine, slot);
}

/* ---- what is sold ---- */

static bool kept(const struct order *order, uint8_t took, uint8_t gave)
{
    return (order->did & took) && !(order->did & gave);
}

/* Units that the order has bought when it is paid, whatever was done to the stock for it; until then, those that it has
 * reserved and may yet come to buy. Nothing is sold to an order that failed, also where its reservation stays. What an
 * order from before the run has bought was taken before, but for what it reserves in the run. */
static int64_t units_sold(const struct order *order)
{
    const bool is_paid = order->status == ORDER_PAID;
    if (is_paid && !(order->flags & ORDER_PRELOADED)) return order->quantity;
    return (is_paid || !order_is_terminal(order)) && kept(order, DID_RESERVE, DID_RESTORE) ? order->quantity : 0;
}

/* before: units_sold, then. */
static void sold_update(struct machine *machine, const struct order *order, int64_t before)
{
    if (machine->plan->stock_table == NONE) return;
    const int64_t units = units_sold(order) - before;
    if (units != 0) row_sold(&machine->tables, machine->plan->stock_table, order->item, units);
}

/* The order comes to nothing. */
static void sold_to_nobody(struct machine *machine, const struct order *order)
{
    const int64_t units = units_sold(order);
    if (units != 0 && machine->plan->stock_table != NONE)
        row_sold(&machine->tables, machine->plan->stock_table, order->item, -units);
}

/* ---- status ---- */

static void order_paid(struct machine *machine, const struct order *order)
{
    sim_ns now_ns = machine->sim->now_ns;
    tally_add(&machine->completion, now_ns - order->created_ns);
    if ((order->did & DID_RESERVE) && !(order->did & DID_RESTORE)) machine->open_reserved--;
}

static const char *stage_name(const struct machine *machine, uint32_t stage)
{
    return stage == NONE ? "the sweeper" : machine->plan->scenario->stage[stage].name;
}

/* An order that is paid no longer has a reservation that is open. */
static void order_unpaid(struct machine *machine, const struct order *order)
{
    if ((order->did & DID_RESERVE) && !(order->did & DID_RESTORE)) machine->open_reserved++;
}

static void status_change(struct machine *machine, uint32_t slot, enum order_status status, uint32_t stage)
{
    struct order *order = order_at(&machine->orders, slot);
    enum order_status from = (enum order_status)order->status;
    const int64_t sold = units_sold(order);
    order->status = (uint8_t)status;
    sold_update(machine, order, sold);
    if (stage != NONE && machine->plan->orders_table != NONE)
        machine->tables.table[machine->plan->orders_table].fact.writes++;
    if (order->did & DID_CREATE) {
        machine->counts.by_status[from]--;
        machine->counts.by_status[status]++;
        if (machine->ahead.is_on) ahead_note(machine, from, status);
    }
    sim_fact(machine->sim, machine->sim->now_ns, FACT_STATUS, (uint64_t)status << 40 | order->id);
    if (from == ORDER_PAID) order_unpaid(machine, order);
    if (status == ORDER_PAID) order_paid(machine, order);
    if (order_is_terminal(order) && machine->orders.keep_times)
        order_times_at(&machine->orders, slot)->ended_ns = machine->sim->now_ns;
}

void order_set_status(struct machine *machine, uint32_t slot, enum order_status status, uint32_t stage)
{
    const struct order *order = order_at(&machine->orders, slot);
    enum order_status from = (enum order_status)order->status;
    if (flow_allows(from, status)) {
        status_change(machine, slot, status, stage);
    } else if (from != status) {
        invariant_broken(&machine->invariants, INVARIANT_O1, machine->sim->now_ns, order->id, "%s: from %s to %s",
                         stage_name(machine, stage), status_name[from], status_name[status]);
    }
}

void order_overwrite_status(struct machine *machine, uint32_t slot, enum order_status status, uint32_t stage)
{
    struct order *order = order_at(&machine->orders, slot);
    const enum order_status from = (enum order_status)order->status;
    if (from == status) return;
    if (flow_allows(from, status)) {
        order_set_status(machine, slot, status, stage);
        return;
    }
    mishap_note(machine, MISHAP_STATUS_OVERWRITTEN, order->id, stage, SIM_NEVER);
    invariant_broken(&machine->invariants, INVARIANT_O1, machine->sim->now_ns, order->id, "%s: overwrites %s with %s",
                     stage_name(machine, stage), status_name[from], status_name[status]);
    status_change(machine, slot, status, stage);
}

/* ---- effects ---- */

/* What a stage commits for an order. */
struct effect { struct machine *machine; struct order *order; uint32_t stage; };

static void effect_broken(const struct effect *effect, enum invariant_id id, const char *what)
{
    invariant_broken(&effect->machine->invariants, id, effect->machine->sim->now_ns, effect->order->id,
                     "%s, commit: %s", stage_name(effect->machine, effect->stage), what);
}

static void effect_once(const struct effect *effect, uint8_t did, enum invariant_id id, const char *twice)
{
    if (effect->order->did & did) {
        effect_broken(effect, id, twice);
        mishap_note(effect->machine, MISHAP_REPEATED_EFFECT, effect->order->id, effect->stage, SIM_NEVER);
    }
    effect->order->did |= did;
}

/* What a paid order takes is what it bought, late or not; what it takes once more is nobody's. */
static void stock_taken(const struct effect *effect)
{
    const bool is_bought = effect->order->status == ORDER_PAID && !(effect->order->did & DID_RESERVE);
    effect_once(effect, DID_RESERVE, INVARIANT_S4, "stock reserved twice");
    if (!is_bought) effect->machine->open_reserved++;
}

static void stock_restored(const struct effect *effect)
{
    if (!(effect->order->did & DID_RESERVE)) effect_broken(effect, INVARIANT_S4, "stock restored, never reserved");
    effect_once(effect, DID_RESTORE, INVARIANT_S4, "stock restored twice");
    if (effect->order->status != ORDER_PAID) effect->machine->open_reserved--;
}

static void stock_effect(const struct effect *effect, bool taken)
{
    const int64_t sold = units_sold(effect->order);
    if (taken) stock_taken(effect);
    else stock_restored(effect);
    sold_update(effect->machine, effect->order, sold);
}

static bool stage_debits(const struct plan *plan, uint32_t stage)
{
    const uint32_t end = stage + 1 == plan->scenario->n_stages ? plan->n_ops : plan->stage[stage + 1].first_op;
    for (uint32_t i = plan->stage[stage].first_op; i < end; i++)
        if (plan->op[i].kind == STEP_WRITE && plan->op[i].effect == EFFECT_DEBIT) return true;
    return false;
}

/* Whether points are what the payment takes: whoever is asked for it debits them. They may as well be a leg, and then
 * they are taken before. */
static SIM_SELDOM bool payment_debits(const struct plan *plan)
{
    const struct scenario *scenario = plan->scenario;
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++) {
            const struct group_read *read = &scenario->group[g].read[r];
            if (read->topic == scenario->flow.then && stage_debits(plan, read->stage)) return true;
        }
    return false;
}

static void points_effect(const struct effect *effect, bool taken)
{
    if (!taken) {
        if (!(effect->order->did & DID_DEBIT)) effect_broken(effect, INVARIANT_P3, "points refunded, never debited");
        effect_once(effect, DID_REFUND, INVARIANT_P3, "points refunded twice");
        return;
    }
    if (effect->order->did & DID_DEBIT) effect_broken(effect, INVARIANT_O5, "payment took effect twice");
    effect_once(effect, DID_DEBIT, INVARIANT_P3, "points debited twice");
    const struct plan *plan = effect->machine->plan;
    if (plan->scenario->flow.given && !(effect->order->did & DID_SEND_PAYMENT) && payment_debits(plan))
        effect_broken(effect, INVARIANT_P5, "points debited, but payment was never asked for");
}

void order_effects(struct machine *machine, struct order *order, const struct transaction *transaction, uint32_t stage)
{
    const struct effect effect = { machine, order, stage };
    for (uint32_t i = 0; i < transaction->n_rows; i++) {
        const struct transaction_row *row = &transaction->row[i];
        if (!row->written || row->take == 0) continue;
        bool taken = row->take > 0;
        switch (machine->plan->scenario->table[row->table].key) {
        case ROW_ITEM: stock_effect(&effect, taken); break;
        case ROW_USER: points_effect(&effect, taken); break;
        case ROW_COUPON:
            if (taken) effect_once(&effect, DID_USE, INVARIANT_C1, "coupon used twice");
            else effect_once(&effect, DID_RESTORE_COUPON, INVARIANT_C1, "coupon restored twice");
            break;
        case ROW_ORDER_ID: break;
        }
    }
}

/* Nobody refused the order anything: it was healthy, and late. */
static bool has_all_answers(const struct plan *plan, const struct order *order)
{
    const struct flow_spec *flow = &plan->scenario->flow;
    return flow->given && order->legs_failed == 0 && order->legs_ok == (uint8_t)((1u << flow->n_legs) - 1);
}

/* No record of the order is left, or nothing happens to it any more: what is eventual must be so by now. */
static void leaving_check(struct machine *machine, const struct order *order, sim_ns at_ns)
{
    const struct plan *plan = machine->plan;
    struct invariants *invariants = &machine->invariants;
    if (order->status == ORDER_PAID) {
        if (order->did & (DID_RESTORE | DID_RESTORE_COUPON | DID_REFUND))
            invariant_broken(invariants, INVARIANT_O3, at_ns, order->id, "paid and compensated");
        if (order->did & DID_RESTORE)
            invariant_broken(invariants, INVARIANT_S5, at_ns, order->id, "paid, but its stock was given back");
        else if (plan->stock_table != NONE && !(order->did & DID_RESERVE) && !(order->flags & ORDER_PRELOADED))
            invariant_broken(invariants, INVARIANT_S5, at_ns, order->id, "paid, but its stock was never taken");
        if (plan->points_table != NONE && order->amount > 0 && !kept(order, DID_DEBIT, DID_REFUND))
            invariant_broken(invariants, INVARIANT_P4, at_ns, order->id, "paid, but not debited");
        if (plan->coupon_table != NONE && order->coupon != NO_COUPON && !kept(order, DID_USE, DID_RESTORE_COUPON))
            invariant_broken(invariants, INVARIANT_C2, at_ns, order->id, "paid, but its coupon is not used");
        return;
    }
    if (order->status == ORDER_CANCELLED && has_all_answers(plan, order))
        invariant_broken(invariants, INVARIANT_O7, at_ns, order->id,
                         "cancelled, and then every answer came and was ok");
    if (kept(order, DID_RESERVE, DID_RESTORE))
        invariant_broken(invariants, INVARIANT_O4, at_ns, order->id, "%s, but its stock is still reserved",
                         status_name[order->status]);
    if (kept(order, DID_USE, DID_RESTORE_COUPON)) {
        invariant_broken(invariants, INVARIANT_O4, at_ns, order->id, "%s, but its coupon is still used",
                         status_name[order->status]);
        invariant_broken(invariants, INVARIANT_C2, at_ns, order->id, "its coupon is used, but it is %s",
                         status_name[order->status]);
        invariant_broken(invariants, INVARIANT_C3, at_ns, order->id, "%s, no restore on its way",
                         status_name[order->status]);
    }
    if (kept(order, DID_DEBIT, DID_REFUND)) {
        invariant_broken(invariants, INVARIANT_O4, at_ns, order->id, "%s, but still debited",
                         status_name[order->status]);
        invariant_broken(invariants, INVARIANT_P4, at_ns, order->id, "debited, but %s", status_name[order->status]);
    }
}

/* Its row was never committed, but somebody was told of it: a record that was sent before the commit. */
static void phantom_check(struct machine *machine, const struct order *order, sim_ns at_ns)
{
    struct invariants *invariants = &machine->invariants;
    if (kept(order, DID_RESERVE, DID_RESTORE))
        invariant_broken(invariants, INVARIANT_S5, at_ns, order->id,
                         "stock is reserved for an order that does not exist");
    if (kept(order, DID_USE, DID_RESTORE_COUPON))
        invariant_broken(invariants, INVARIANT_C2, at_ns, order->id,
                         "a coupon is used by an order that does not exist");
    if (kept(order, DID_DEBIT, DID_REFUND))
        invariant_broken(invariants, INVARIANT_P4, at_ns, order->id, "debited for an order that does not exist");
}

static void observe(struct machine *machine, uint32_t slot)
{
    const struct order *order = order_at(&machine->orders, slot);
    if (!machine->observer || !machine->observer->on_order || !(order->did & DID_CREATE)) return;
    const struct order_times *times = order_times_at(&machine->orders, slot);
    struct order_fact fact = { .order_id = order->id, .created_ns = order->created_ns, .ended_ns = times->ended_ns,
                               .status = (enum order_status)order->status, .wait_ns = times->wait_ns,
                               .service_ns = times->service_ns };
    machine->observer->on_order(machine->observer->context, &fact);
}

/* An order that is terminal leaves, and a request that came to nothing. */
void order_unheld(struct machine *machine, uint32_t slot, sim_ns at_ns)
{
    struct order *order = order_at(&machine->orders, slot);
    if (!order_is_terminal(order) && (order->did & DID_CREATE)) return;
    if (order->did & DID_CREATE) {
        leaving_check(machine, order, at_ns);
    } else {
        phantom_check(machine, order, at_ns);
        sold_to_nobody(machine, order);
    }
    observe(machine, slot);
    if (order->flags & ORDER_FOLLOWED) path_close(machine, slot);
    order_close(&machine->orders, slot);
}

/* Nothing happens any more: what an order holds that is not paid, it holds for good. */
static void stuck_check(struct machine *machine, const struct order *order, sim_ns end_ns)
{
    struct invariants *invariants = &machine->invariants;
    const char *const status = status_name[order->status];
    if (!(order->did & DID_CREATE) || order_is_terminal(order)) return;
    invariant_broken(invariants, INVARIANT_O2, end_ns, order->id, "still %s, and nothing is left to happen", status);
    if (kept(order, DID_RESERVE, DID_RESTORE))
        invariant_broken(invariants, INVARIANT_S5, end_ns, order->id, "reserved by an order that is still %s", status);
    if (kept(order, DID_USE, DID_RESTORE_COUPON))
        invariant_broken(invariants, INVARIANT_C2, end_ns, order->id, "coupon used by an order that is still %s", status);
    if (kept(order, DID_DEBIT, DID_REFUND))
        invariant_broken(invariants, INVARIANT_P4, end_ns, order->id, "debited for an order that is still %s", status);
}

/* What orders took, each of them rightly, and what the rows hold by now: after a lost update more is left than what was
 * taken leaves, although nothing is sold out (hidden oversell). */
static void sum_check(struct machine *machine, uint32_t index, enum invariant_id id, sim_ns end_ns)
{
    if (index == NONE) return;
    const struct table *table = &machine->tables.table[index];
    const uint64_t gap = table_gap(table);
    if (gap == 0) return;
    invariant_broken(&machine->invariants, id, end_ns, 0, "table %s: off by %llu from what orders took",
                     table->spec->name, (unsigned long long)gap);
}

/* An order that is PENDING when nothing is left to happen has bought nothing. In a run that is cut it may yet. */
static void stock_check(struct machine *machine, sim_ns end_ns, bool cut)
{
    struct invariants *invariants = &machine->invariants;
    const long long open = (long long)machine->open_reserved;
    if (machine->plan->stock_table == NONE) return;
    const struct table *table = &machine->tables.table[machine->plan->stock_table];
    machine->counts.oversold = table_oversold(table);
    if (!cut && open > 0)
        invariant_broken(invariants, INVARIANT_S5, end_ns, 0, "%lld reservations of orders that are not paid", open);
    if (!cut && open < 0)
        invariant_broken(invariants, INVARIANT_S5, end_ns, 0, "%lld reservations given back that were never taken",
                         -open);
    if (machine->counts.oversold > 0)
        invariant_broken(invariants, INVARIANT_S5, end_ns, 0, "%llu units sold beyond the stock",
                         (unsigned long long)machine->counts.oversold);
    else if (!cut && table_gap(table) > 0)
        sum_check(machine, machine->plan->stock_table, INVARIANT_S5, end_ns);
    else if (!cut && open == 0 && table_sold_gap(table) > 0)
        invariant_broken(invariants, INVARIANT_S5, end_ns, 0, "table %s: off by %llu from what paid orders bought",
                         table->spec->name, (unsigned long long)table_sold_gap(table));
}

void orders_finish(struct machine *machine, sim_ns end_ns, bool cut)
{
    uint64_t open = 0, in_status = 0;
    for (uint32_t slot = 0; slot < machine->orders.n_chunks * ORDER_CHUNK; slot++) {
        const struct order *order = order_at(&machine->orders, slot);
        if (!order->in_use) continue;
        open += (order->did & DID_CREATE) && !order_is_terminal(order);
        if (!cut) stuck_check(machine, order, end_ns);
        if (!cut && !order_is_terminal(order)) sold_to_nobody(machine, order);
        if (!cut && order_is_terminal(order) && (order->did & DID_CREATE)) leaving_check(machine, order, end_ns);
        observe(machine, slot);
    }
    for (uint32_t i = ORDER_PAID; i < ORDER_STATUSES; i++) in_status += machine->counts.by_status[i];
    if (machine->counts.created != in_status + open)
        invariant_broken(&machine->invariants, INVARIANT_O6, end_ns, 0, "%llu created, %llu ended, %llu open",
                         (unsigned long long)machine->counts.created, (unsigned long long)in_status,
                         (unsigned long long)open);
    if (!cut) sum_check(machine, machine->plan->coupon_table, INVARIANT_C2, end_ns);
    stock_check(machine, end_ns, cut);
}
