/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: slots of orders are fresh when opened, stay where they are, and serve again when closed. Method: random opens
 * and closes beside a plain list of who is in; then more orders than the first tables hold. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "models/orders/order.h"
#include "sim/engine/random.h"

enum { MOST = 5000, STAGES = 3 };

struct guest { uint32_t slot, id; struct order *at; };

static void fill(struct orders *orders, struct guest *guest, uint32_t id)
{
    guest->slot = order_open(orders);
    guest->at = order_at(orders, guest->slot);
    guest->id = id;
    const struct order fresh = { .in_use = true, .coupon = NO_COUPON };
    assert_int_equal(guest->at->id, fresh.id);
    assert_true(guest->at->in_use && guest->at->coupon == NO_COUPON);
    assert_int_equal(guest->at->refs + guest->at->once + guest->at->did + guest->at->legs_ok + guest->at->legs_failed,
                     0);
    assert_int_equal(guest->at->status, ORDER_PENDING);
    memset(guest->at, 0x5a, sizeof *guest->at);
    guest->at->in_use = true;
    guest->at->id = id;
    if (!orders->keep_times) return;
    struct order_times *times = order_times_at(orders, guest->slot);
    assert_true(times->ended_ns == SIM_NEVER);
    times->ended_ns = id;
    for (uint32_t i = 0; i < STAGES && orders->keep_stages; i++) {
        assert_true(times->wait_ns[i] == SIM_NEVER && times->service_ns[i] == SIM_NEVER);
        times->wait_ns[i] = times->service_ns[i] = id + i;
    }
}

static void check(const struct orders *orders, const struct guest *guest)
{
    const struct order *order = order_at(orders, guest->slot);
    assert_ptr_equal(order, guest->at);
    assert_true(order->in_use);
    assert_int_equal(order->id, guest->id);
    if (!orders->keep_times) return;
    const struct order_times *times = order_times_at(orders, guest->slot);
    assert_int_equal(times->ended_ns, guest->id);
    for (uint32_t i = 0; i < STAGES && orders->keep_stages; i++) {
        assert_int_equal(times->wait_ns[i], guest->id + i);
        assert_int_equal(times->service_ns[i], guest->id + i);
    }
}

static void test_open_and_close(void **state)
{
    static struct guest guest[MOST];
    (void)state;
    for (int keeps = 0; keeps < 3; keeps++) {
        struct arena arena;
        struct orders orders;
        uint32_t n = 0, id = 0, most = 0;
        uint64_t random = (uint64_t)keeps + 1;
        arena_init(&arena);
        orders_init(&orders, &arena, keeps > 0, keeps > 1, STAGES);
        for (int i = 0; i < 40000; i++) {
            random = random_mix(random + 0x9e3779b97f4a7c15u);
            bool opens = n == 0 || (n < MOST && random % 100 < (i < 20000 ? 60 : 40));
            if (opens) {
                fill(&orders, &guest[n++], ++id);
                if (n > most) most = n;
                continue;
            }
            uint32_t leaving = (uint32_t)(random / 100 % n);
            check(&orders, &guest[leaving]);
            order_close(&orders, guest[leaving].slot);
            guest[leaving] = guest[--n];
        }
        for (uint32_t i = 0; i < n; i++) check(&orders, &guest[i]);
        /* No more chunks than the most orders at once need. */
        assert_int_equal(orders.n_chunks, (most + ORDER_CHUNK - 1) / ORDER_CHUNK);
        arena_fini(&arena);
    }
}

static void test_many(void **state)
{
    enum { MANY = 200 * ORDER_CHUNK };
    struct arena arena;
    struct orders orders;
    (void)state;
    arena_init(&arena);
    orders_init(&orders, &arena, false, false, 0);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t slot = order_open(&orders);
        assert_true(slot < MANY);
        order_at(&orders, slot)->id = slot + 1;
    }
    for (uint32_t slot = 0; slot < MANY; slot++) assert_int_equal(order_at(&orders, slot)->id, slot + 1);
    arena_fini(&arena);
}

static void test_terminal(void **state)
{
    (void)state;
    for (int status = 0; status < ORDER_STATUSES; status++) {
        struct order order = { .status = (uint8_t)status };
        assert_int_equal(order_is_terminal(&order),
                         status == ORDER_PAID || status == ORDER_FAILED || status == ORDER_CANCELLED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_close), cmocka_unit_test(test_many), cmocka_unit_test(test_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
