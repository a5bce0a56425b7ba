/* SPDX-License-Identifier: GPL-3.0-or-later
 * The saga's decisions: what the flow manager does with one answer, given what it knows of the order. Pure: the caller
 * applies the result in one transaction (compare-and-set on the join row).
 *
 * Rules: the first failure decides, but a leg that answers ok later is compensated then; only legs known ok are
 * compensated; payment is asked for once, when all legs are ok; an answer that repeats one, or comes after the end,
 * changes nothing but a late compensation; a payment that succeeds after the end is asked back, once.
 * With UNDO_AT_ONCE every leg that has not failed is compensated with the decision, and none later: a compensation may
 * then come before what it compensates. */
#ifndef MODELS_ORDERS_FLOW_H
#define MODELS_ORDERS_FLOW_H

#include "models/orders/order.h"

struct flow_decision {
    bool changes;                /* status */
    bool sends_payment;
    uint8_t status;              /* enum order_status */
    uint8_t n_topics;
    uint8_t topic[MAX_LEGS + 1]; /* to publish, in this order */
};

/* An answer has come on `topic`. Notes it in the order's join row; status and marks are the caller's to set. */
void flow_join(const struct flow_spec *flow, struct order *order, uint32_t topic, struct flow_decision *decision);

/* Whether the status may follow the other (a path of the state machine). */
bool flow_allows(enum order_status from, enum order_status to);

#endif
