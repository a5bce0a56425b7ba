/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who reads which partition: Kafka's range, round-robin and cooperative-sticky assignors for a group whose members all
 * subscribe to the same topics, without racks.
 *
 * Partitions of all topics stand in one row: topic 0's from 0 on, then topic 1's. A member is named by any number of
 * the caller's, less than NONE (its consumer); the order in which members are given is the order of their member ids,
 * which is what the assignors go by. */
#ifndef MODELS_KAFKA_ASSIGNOR_H
#define MODELS_KAFKA_ASSIGNOR_H

#include <stdint.h>

#include "models/scenario.h"
#include "sim/engine/arena.h"

struct assign_topic { const char *name; uint32_t partitions; };

/* Order of the member ids of n consumers that Spring numbers "-0" to "-(n-1)": by text, so that 10 comes before 2. */
void assign_member_order(uint32_t n, uint32_t *member);

/* Fills owner, one member a partition (NONE where the group has no member). before: who owned each partition so far,
 * for cooperative-sticky only; NULL: a fresh assignment. A former owner that is not among the members has left. */
void assign_partitions(enum assignor assignor, const struct assign_topic *topic, uint32_t n_topics,
                       const uint32_t *member, uint32_t n_members, const uint32_t *before, uint32_t *owner,
                       struct arena *scratch);

/* The first round of a cooperative rebalance: in owner, as assign_partitions left it, takes away (NONE) what a member
 * still has to give up first. Returns how many; if any, a second assign_partitions with before = this owner follows. */
uint32_t assign_withhold(const uint32_t *member, uint32_t n_members, const uint32_t *before, uint32_t *owner,
                         uint32_t n_partitions);

#endif
