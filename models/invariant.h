/* SPDX-License-Identifier: GPL-3.0-or-later
 * The list of what must always, or in the end, be true of an order pipeline, and where a run notes that something was
 * not. A broken invariant is a finding of the simulation, with its time, order and step; the run goes on.
 * Safety is checked at every commit in O(1); what is eventual, at quiescence, with a full scan (docs/model.md). */
#ifndef MODELS_INVARIANT_H
#define MODELS_INVARIANT_H

#include <stdbool.h>
#include <stdint.h>

#include "models/observer.h"

/* id, eventual?, meaning */
#define INVARIANTS(X) \
    X(S1, false, "stock: initial = quantity + reservations not restored, at every commit") \
    X(S2, false, "stock: no quantity below zero or above its initial value") \
    X(S3, false, "stock: no lost update: quantity moved by the sum of all effects") \
    X(S4, false, "stock: each order reserves and restores at most once, and restores only what it reserved") \
    X(S5, true, "stock: in the end initial = quantity + what paid orders bought; nothing oversold") \
    X(C1, false, "coupon: held by at most one order at a time") \
    X(C2, true, "coupon: in the end used exactly if one paid order holds it") \
    X(C3, true, "coupon: used only by orders that are open or paid, or about to be restored") \
    X(C4, false, "coupon: its version counts its committed changes") \
    X(C5, false, "coupon: remaining never negative, used + remaining = total") \
    X(P1, false, "points: never negative") \
    X(P2, false, "points: balance = initial - debits + refunds") \
    X(P3, false, "points: each order is debited at most once and refunded at most what it was debited") \
    X(P4, true, "points: in the end exactly the paid orders are debited") \
    X(P5, false, "points: debited only when both legs were ok as payment was sent") \
    X(O1, false, "order: one state, terminal states are final, only allowed transitions") \
    X(O2, true, "order: in the end every order is paid, failed or cancelled") \
    X(O3, true, "order: none both paid and compensated") \
    X(O4, true, "order: what a failed order took is given back") \
    X(O5, false, "order: payment takes effect at most once") \
    X(O6, false, "orders: accepted = paid + failed + cancelled + open") \
    X(O7, true, "order: none cancelled whose every answer comes and is ok") \
    X(K1, false, "kafka: committed offsets never go back") \
    X(K2, false, "kafka: log start <= committed <= processed <= position <= log end") \
    X(K3, true, "kafka: every committed offset was processed or skipped") \
    X(K4, false, "kafka: no record is delivered twice without a failure before") \
    X(K5, false, "kafka: one producer's records of a key are appended in the order sent") \
    X(K6, false, "kafka: a partition has at most one owner in a group") \
    X(K7, false, "kafka: lag >= backlog >= 0") \
    X(K8, false, "kafka: consumers with an assignment <= partitions") \
    X(K9, true, "kafka: appended = processed + skipped + missed + backlog, for every topic and group") \
    X(L1, false, "Little's law: integral of the backlog = sum of the times in the system, for every group") \
    X(X1, false, "lock: at most one owner of a key at Redis") \
    X(X4, true, "transactions end; no row lock, connection or lock is held at the end")

enum invariant_id {
#define X(id, eventual, meaning) INVARIANT_##id,
    INVARIANTS(X)
#undef X
    INVARIANT_COUNT
};

struct invariants { struct invariant_facts fact[INVARIANT_COUNT]; };

void invariants_init(struct invariants *invariants);

/* Notes a violation; the first one keeps its time, order (0: no single one) and words. */
void invariant_broken(struct invariants *invariants, enum invariant_id id, sim_ns at_ns, uint64_t order_id,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

/* For a run that was cut with work in flight: eventual invariants without a violation stay open. */
void invariants_cut(struct invariants *invariants);

#endif
