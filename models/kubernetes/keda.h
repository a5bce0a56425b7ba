/* SPDX-License-Identifier: GPL-3.0-or-later
 * KEDA's side of an autoscaler: what its Kafka trigger tells of the lag, and the steps between no pod and some, which
 * the HorizontalPodAutoscaler (hpa.h) cannot do.
 *
 * The lag that is told is a sum over partitions, cut to partitions x threshold where more pods would find no partition.
 * The cut compares a whole quotient, rounded down, while the autoscaler rounds up: between threshold x partitions and
 * threshold x (partitions + 1) it does not hold, and one pod too many comes.
 *
 * Left out: fallback when the broker does not answer (the query is instant and never fails), the pause annotation,
 * idleReplicaCount, several triggers, and lag told as a share (lagThreshold of other scalers).
 *
 * Sources: kedacore/keda pkg/scalers/kafka_scaler.go (getLagForPartition, getTotalLag, GetMetricsAndActivity),
 * pkg/scaling/executor/scale_scaledobjects.go (RequestScale). */
#ifndef MODELS_KUBERNETES_KEDA_H
#define MODELS_KUBERNETES_KEDA_H

#include "models/scenario.h"
#include "sim/engine/arena.h"

#define KEDA_NO_OFFSET (-1) /* nothing committed yet */

/* What the broker says of one partition. */
struct keda_partition { int64_t log_end, committed; };

struct keda_metric {
    int64_t lag;       /* what the autoscaler is told */
    int64_t residual;  /* with what excludePersistentLag leaves out, and not cut: decides on activity */
};

struct keda {
    const struct scaler_spec *spec;
    enum offset_reset reset; /* of the group: what a partition without an offset counts */
    uint32_t n_partitions;
    int64_t *previous;       /* committed offset at the query before; KEDA_NO_OFFSET: there was none */
    sim_ns last_active_ns;   /* SIM_NEVER: not yet */
};

void keda_init(struct keda *keda, const struct scaler_spec *spec, enum offset_reset reset, uint32_t n_partitions,
               struct arena *arena);
/* One query, whoever asks: excludePersistentLag compares it with the one before. */
struct keda_metric keda_query(struct keda *keda, const struct keda_partition *partition);
/* What the next query would tell if nothing moved; no query. */
struct keda_metric keda_would_read(const struct keda *keda, const struct keda_partition *partition);
static inline bool keda_is_active(const struct keda *keda, int64_t residual)
{
    return residual > (int64_t)keda->spec->activation_lag_threshold;
}
/* The turn of its polling interval: replicas from now on. */
uint32_t keda_scale(struct keda *keda, sim_ns now_ns, uint32_t replicas, bool is_active);

#endif
