/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the flow manager decides by the join table and the status machine, whatever the order of answers, however often
 * one is repeated. Method: every cell of the table; then all states that any sequence of answers can lead to, each with
 * every further answer, against the rules written down anew, and what must be true of every history: payment asked for
 * at most once, a leg undone at most once and only if it was ok, never undone once paid, always when failed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "models/orders/flow.h"

enum { STOCK_OK, STOCK_FAILED, UNDO_STOCK, COUPON_OK, COUPON_FAILED, UNDO_COUPON, PAY, PAID, DECLINED, OTHER };

static const struct leg_spec legs[] = { { "stock", STOCK_OK, STOCK_FAILED, UNDO_STOCK },
                                        { "coupon", COUPON_OK, COUPON_FAILED, UNDO_COUPON } };
static const struct flow_spec flow = { .given = true, .n_legs = 2, .leg = legs, .then = PAY, .then_ok = PAID,
                                       .then_failed = DECLINED, .then_undo = NONE };

/* What one answer makes of the order; the caller's part of the contract, too. */
static struct flow_decision joined(const struct flow_spec *how, struct order *order, uint32_t topic)
{
    struct flow_decision decision;
    flow_join(how, order, topic, &decision);
    return decision;
}

static struct flow_decision answer(struct order *order, uint32_t topic)
{
    struct flow_decision decision = joined(&flow, order, topic);
    if (decision.changes) {
        assert_true(flow_allows((enum order_status)order->status, decision.status));
        order->status = (uint8_t)decision.status;
    }
    if (decision.sends_payment) order->did |= DID_SEND_PAYMENT;
    return decision;
}

/* ---- the table ---- */

struct cell {
    const char *what;
    uint32_t answers[4], n_answers;
    enum order_status status;
    uint32_t published[4], n_published; /* over all answers, in their order */
};

static const struct cell cells[] = {
    { "stock none, coupon none", { 0 }, 0, ORDER_PENDING, { 0 }, 0 },
    { "stock none, coupon ok", { COUPON_OK }, 1, ORDER_PENDING, { 0 }, 0 },
    { "stock none, coupon fail", { COUPON_FAILED }, 1, ORDER_FAILED, { 0 }, 0 },
    { "stock ok, coupon none", { STOCK_OK }, 1, ORDER_PENDING, { 0 }, 0 },
    { "stock ok, coupon ok", { STOCK_OK, COUPON_OK }, 2, ORDER_PAYING, { PAY }, 1 },
    { "coupon ok, stock ok", { COUPON_OK, STOCK_OK }, 2, ORDER_PAYING, { PAY }, 1 },
    { "stock ok, coupon fail", { STOCK_OK, COUPON_FAILED }, 2, ORDER_FAILED, { UNDO_STOCK }, 1 },
    { "coupon fail, stock ok late", { COUPON_FAILED, STOCK_OK }, 2, ORDER_FAILED, { UNDO_STOCK }, 1 },
    { "stock fail, coupon none", { STOCK_FAILED }, 1, ORDER_FAILED, { 0 }, 0 },
    { "coupon ok, stock fail", { COUPON_OK, STOCK_FAILED }, 2, ORDER_FAILED, { UNDO_COUPON }, 1 },
    { "stock fail, coupon ok late", { STOCK_FAILED, COUPON_OK }, 2, ORDER_FAILED, { UNDO_COUPON }, 1 },
    { "stock fail, coupon fail", { STOCK_FAILED, COUPON_FAILED }, 2, ORDER_FAILED, { 0 }, 0 },
    { "coupon fail, stock fail", { COUPON_FAILED, STOCK_FAILED }, 2, ORDER_FAILED, { 0 }, 0 },
    { "paid", { STOCK_OK, COUPON_OK, PAID }, 3, ORDER_PAID, { PAY }, 1 },
    { "payment failed", { STOCK_OK, COUPON_OK, DECLINED }, 3, ORDER_FAILED, { PAY, UNDO_STOCK, UNDO_COUPON }, 3 },
    { "paid, told twice", { STOCK_OK, COUPON_OK, PAID, PAID }, 4, ORDER_PAID, { PAY }, 1 },
    { "paid, then declined", { STOCK_OK, COUPON_OK, PAID, DECLINED }, 4, ORDER_PAID, { PAY }, 1 },
    { "declined, then paid", { STOCK_OK, COUPON_OK, DECLINED, PAID }, 4, ORDER_FAILED,
      { PAY, UNDO_STOCK, UNDO_COUPON }, 3 },
    { "a leg told twice", { STOCK_OK, STOCK_OK, COUPON_OK, COUPON_OK }, 4, ORDER_PAYING, { PAY }, 1 },
    { "late success told twice", { STOCK_FAILED, COUPON_OK, COUPON_OK }, 3, ORDER_FAILED, { UNDO_COUPON }, 1 },
    { "paid before anything", { PAID }, 1, ORDER_PENDING, { 0 }, 0 },
    { "another topic", { OTHER, STOCK_OK, OTHER }, 3, ORDER_PENDING, { 0 }, 0 },
};

static void test_cells(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < sizeof cells / sizeof *cells; c++) {
        const struct cell *cell = &cells[c];
        struct order order = { .id = 1 };
        uint32_t published[8], n = 0;
        for (uint32_t i = 0; i < cell->n_answers; i++) {
            struct flow_decision decision = answer(&order, cell->answers[i]);
            for (uint32_t k = 0; k < decision.n_topics; k++) published[n++] = decision.topic[k];
        }
        if (order.status != cell->status || n != cell->n_published ||
            memcmp(published, cell->published, n * sizeof *published) != 0)
            fail_msg("%s: status %u, %u topics", cell->what, order.status, n);
        assert_int_equal((order.did & DID_SEND_PAYMENT) != 0, n > 0 && published[0] == PAY);
    }
}

/* ---- other rules ---- */

/* Compensation with the decision: of every leg that has not failed, and of none later. */
static void test_undo_at_once(void **state)
{
    struct flow_spec at_once = flow;
    struct order order = { .id = 1 };
    (void)state;
    at_once.undo = UNDO_AT_ONCE;
    struct flow_decision decision = joined(&at_once, &order, COUPON_FAILED);
    assert_int_equal(decision.n_topics, 1);
    assert_int_equal(decision.topic[0], UNDO_STOCK);
    order.status = (uint8_t)decision.status;
    assert_int_equal(joined(&at_once, &order, STOCK_OK).n_topics, 0);
}

/* A payment that succeeds after the order's end is asked back, once; one in time is not. */
static void test_late_payment(void **state)
{
    enum { REFUND = 20 };
    struct flow_spec asks = flow;
    (void)state;
    asks.then_undo = REFUND;
    for (enum order_status status = ORDER_PENDING; status < ORDER_STATUSES; status++) {
        struct order order = { .id = 1, .status = (uint8_t)status, .legs_ok = 3 };
        const bool late = status == ORDER_FAILED || status == ORDER_CANCELLED;
        struct flow_decision first = joined(&asks, &order, PAID), second = joined(&asks, &order, PAID);
        assert_int_equal(first.n_topics, late);
        if (late) assert_int_equal(first.topic[0], REFUND);
        assert_int_equal(second.n_topics, 0);
        assert_int_equal(first.changes, status == ORDER_PAYING);
    }
}

/* ---- all histories ---- */

/* A leg as the rules see it, apart from how the order keeps it. */
struct history {
    bool ok[2], failed[2], undone[2], asked, paid, declined;
    enum order_status status;
    struct order order;
};

static uint32_t count(const struct flow_decision *decision, uint32_t topic)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < decision->n_topics; i++) n += decision->topic[i] == topic;
    return n;
}

/* Rules (a) to (d) of the saga, said in another way than flow.c does. */
static void rules(struct history *h, uint32_t topic)
{
    if (topic == STOCK_OK) h->ok[0] = true;
    if (topic == COUPON_OK) h->ok[1] = true;
    if (topic == STOCK_FAILED) h->failed[0] = true;
    if (topic == COUPON_FAILED) h->failed[1] = true;
    if (h->status == ORDER_PENDING && (topic == STOCK_FAILED || topic == COUPON_FAILED)) h->status = ORDER_FAILED;
    if (h->status == ORDER_PENDING && h->ok[0] && h->ok[1]) {
        h->status = ORDER_PAYING;
        h->asked = true;
    } else if (h->status == ORDER_PAYING && topic == PAID) {
        h->status = ORDER_PAID;
    } else if (h->status == ORDER_PAYING && topic == DECLINED) {
        h->status = ORDER_FAILED;
    }
}

static void explore(struct history history, uint32_t depth)
{
    static const uint32_t answers[] = { STOCK_OK, STOCK_FAILED, COUPON_OK, COUPON_FAILED, PAID, DECLINED };
    for (uint32_t i = 0; i < sizeof answers / sizeof *answers && depth > 0; i++) {
        struct history next = history;
        rules(&next, answers[i]);
        struct flow_decision decision = answer(&next.order, answers[i]);
        assert_int_equal(next.order.status, next.status);
        assert_int_equal(count(&decision, PAY), next.asked && !history.asked);
        assert_int_equal(decision.sends_payment, next.asked && !history.asked);
        for (uint32_t leg = 0; leg < 2; leg++) {
            uint32_t n = count(&decision, legs[leg].undo);
            if (n > 0) assert_true(n == 1 && next.ok[leg] && !next.undone[leg] && next.status == ORDER_FAILED);
            next.undone[leg] |= n > 0;
            /* A failed order holds nothing of a leg that is known to be ok. */
            if (next.status == ORDER_FAILED) assert_int_equal(next.undone[leg], next.ok[leg]);
            else assert_false(next.undone[leg]);
        }
        assert_int_equal(decision.n_topics,
                         count(&decision, PAY) + count(&decision, UNDO_STOCK) + count(&decision, UNDO_COUPON));
        explore(next, depth - 1);
    }
}

static void test_all_histories(void **state)
{
    (void)state;
    explore((struct history){ .status = ORDER_PENDING, .order = { .id = 1 } }, 7);
}

/* A leg without undo and without a failing answer; payment without answers. */
static void test_missing_topics(void **state)
{
    static const struct leg_spec bare[] = { { "stock", STOCK_OK, STOCK_FAILED, NONE },
                                            { "coupon", COUPON_OK, NONE, NONE } };
    static const struct flow_spec half = { .given = true, .n_legs = 2, .leg = bare, .then = PAY, .then_ok = NONE,
                                           .then_failed = NONE };
    struct order order = { .id = 1 };
    (void)state;
    joined(&half, &order, COUPON_OK);
    struct flow_decision decision = joined(&half, &order, STOCK_FAILED);
    assert_true(decision.changes && decision.status == ORDER_FAILED);
    assert_int_equal(decision.n_topics, 0); /* nothing to undo it with */
    order = (struct order){ .id = 2 };
    joined(&half, &order, COUPON_OK);
    decision = joined(&half, &order, STOCK_OK);
    assert_true(decision.sends_payment && decision.n_topics == 1 && decision.topic[0] == PAY);
}

/* ---- the status machine ---- */

static void test_status_machine(void **state)
{
    static const bool allowed[ORDER_STATUSES][ORDER_STATUSES] = {
        /* to:            PENDING PAYING PAID   FAILED CANCELLED */
        [ORDER_PENDING] = { false, true, true, true, true }, /* PAID at once where there is no payment to wait for */
        [ORDER_PAYING] = { false, false, true, true, false },
    };
    (void)state;
    for (int from = 0; from < ORDER_STATUSES; from++)
        for (int to = 0; to < ORDER_STATUSES; to++)
            assert_int_equal(flow_allows((enum order_status)from, (enum order_status)to), allowed[from][to]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_undo_at_once),
        cmocka_unit_test(test_late_payment), cmocka_unit_test(test_all_histories), cmocka_unit_test(test_missing_topics),
        cmocka_unit_test(test_status_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
