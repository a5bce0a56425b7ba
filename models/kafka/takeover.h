/* SPDX-License-Identifier: GPL-3.0-or-later
 * Partitions that change hands in mid-run, and consumers that die or lose their batch: private to models/kafka. Only in
 * runs where that can happen (kafka.delivery is set).
 *
 * Who takes a partition over starts at its committed offset. What had been processed beyond it is delivered again, and
 * counts as backlog again from then on: every record's time in the system is counted from where its wait began. */
#ifndef MODELS_KAFKA_TAKEOVER_H
#define MODELS_KAFKA_TAKEOVER_H

#include "models/kafka/poll.h"
#include "sim/engine/seldom.h"

/* Room for every consumer to own any of its group's partitions. */
void takeover_init(struct kafka *kafka);
/* The consumer has these positions now, those that were not its own from their committed offsets, and an empty buffer.
 * Offsets of those that it keeps still wait for their commit. */
void consumer_assign(struct kafka *kafka, struct consumer *consumer, const uint32_t *position, uint32_t n);
/* What the consumer has processed will not be committed by it. Before its positions are somebody else's. */
void touched_forget(struct kafka *kafka, struct consumer *consumer);
/* The consumer's thread is gone, and with it the batch in hand and a commit that waits for a broker that is away. What
 * it has sent is still under way. */
void consumer_die(struct kafka *kafka, struct consumer *consumer);
/* What is delivered again from now on up to here has been seen before, for a known reason. */
void redelivery_explained(struct kafka *kafka, uint32_t position);
/* Departed members still work on records that others may have committed: the least offset of the log that one of them
 * has in hand, or least. */
SIM_SELDOM int64_t least_in_hand(const struct kafka *kafka, const struct log *log, int64_t least);
/* A record is delivered to the listener. */
SIM_SELDOM void delivery_note(struct kafka *kafka, const struct consumer *consumer, uint32_t position, int64_t offset,
                   sim_ns at_ns);
/* apply_done where partitions can change hands. */
SIM_SELDOM void done_by_anyone(struct kafka *kafka, const struct consumer *consumer, struct done done);

#endif
