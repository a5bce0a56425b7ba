/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/orders/flow.h"

static void publish(struct flow_decision *decision, uint32_t topic)
{
    if (topic != NONE) decision->topic[decision->n_topics++] = (uint8_t)topic;
}

static void decide(struct flow_decision *decision, enum order_status status)
{
    decision->changes = true;
    decision->status = (uint8_t)status;
}

static void undo_legs(const struct flow_spec *flow, uint8_t legs, struct flow_decision *decision)
{
    for (uint32_t i = 0; i < flow->n_legs; i++)
        if (legs >> i & 1) publish(decision, flow->leg[i].undo);
}

static bool is_over(const struct order *order)
{
    return order->status == ORDER_FAILED || order->status == ORDER_CANCELLED;
}

/* Which legs the decision to fail undoes. */
static uint8_t legs_to_undo(const struct flow_spec *flow, const struct order *order)
{
    uint8_t all = (uint8_t)((1u << flow->n_legs) - 1);
    return flow->undo == UNDO_ANSWERED ? order->legs_ok : (uint8_t)(all & ~order->legs_failed);
}

static void leg_ok(const struct flow_spec *flow, struct order *order, uint32_t leg, struct flow_decision *decision)
{
    uint8_t bit = (uint8_t)(1u << leg), all = (uint8_t)((1u << flow->n_legs) - 1);
    if (order->legs_ok & bit) return; /* a repeated answer */
    order->legs_ok |= bit;
    if (order->status == ORDER_PENDING && order->legs_ok == all) {
        decide(decision, ORDER_PAYING);
        decision->sends_payment = true;
        publish(decision, flow->then);
    } else if (is_over(order) && flow->undo == UNDO_ANSWERED) {
        undo_legs(flow, bit, decision);
    }
}

static void leg_failed(const struct flow_spec *flow, struct order *order, uint32_t leg, struct flow_decision *decision)
{
    uint8_t bit = (uint8_t)(1u << leg);
    if (order->legs_failed & bit) return;
    order->legs_failed |= bit;
    if (order->status != ORDER_PENDING) return;
    decide(decision, ORDER_FAILED);
    undo_legs(flow, legs_to_undo(flow, order), decision);
}

static void payment_ok(const struct flow_spec *flow, struct order *order, struct flow_decision *decision)
{
    bool repeated = order->flags & ORDER_PAYMENT_OK;
    order->flags |= ORDER_PAYMENT_OK;
    if (order->status == ORDER_PAYING) decide(decision, ORDER_PAID);
    else if (is_over(order) && !repeated) publish(decision, flow->then_undo);
}

void flow_join(const struct flow_spec *flow, struct order *order, uint32_t topic, struct flow_decision *decision)
{
    decision->changes = decision->sends_payment = false;
    decision->status = order->status;
    decision->n_topics = 0;
    for (uint32_t i = 0; i < flow->n_legs; i++) {
        if (topic == flow->leg[i].ok) leg_ok(flow, order, i, decision);
        else if (topic == flow->leg[i].failed) leg_failed(flow, order, i, decision);
    }
    if (topic == flow->then_ok) payment_ok(flow, order, decision);
    if (topic == flow->then_failed && order->status == ORDER_PAYING) {
        decide(decision, ORDER_FAILED);
        undo_legs(flow, order->legs_ok, decision);
    }
}

bool flow_allows(enum order_status from, enum order_status to)
{
    switch (from) {
    case ORDER_PENDING: return to != ORDER_PENDING;
    case ORDER_PAYING: return to == ORDER_PAID || to == ORDER_FAILED;
    case ORDER_PAID: case ORDER_FAILED: case ORDER_CANCELLED: case ORDER_STATUSES: break;
    }
    return false;
}
