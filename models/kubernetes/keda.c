/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/kubernetes/keda.h"

void keda_init(struct keda *keda, const struct scaler_spec *spec, enum offset_reset reset, uint32_t n_partitions,
               struct arena *arena)
{
    *keda = (struct keda){ .spec = spec, .reset = reset, .n_partitions = n_partitions, .last_active_ns = SIM_NEVER,
                           .previous = arena_array(arena, int64_t, n_partitions) };
    for (uint32_t i = 0; i < n_partitions; i++) keda->previous[i] = KEDA_NO_OFFSET;
}

static int64_t residual_of(const struct keda *keda, const struct keda_partition *partition)
{
    if (partition->committed != KEDA_NO_OFFSET) return partition->log_end - partition->committed;
    if (keda->spec->zero_on_invalid_offset) return 0;
    return keda->reset == RESET_LATEST ? 1 : partition->log_end;
}

/* An offset that has not moved since the last query: the partition counts nothing. */
static bool is_persistent(const struct keda *keda, uint32_t index, int64_t committed)
{
    return keda->spec->exclude_persistent_lag && committed != KEDA_NO_OFFSET && keda->previous[index] == committed;
}

/* ensureEvenDistributionOfPartitions: the least divisor of the number of partitions that is enough pods. */
static int64_t even_pods(int64_t lag, int64_t n_partitions, int64_t threshold)
{
    for (int64_t pods = 1; pods <= n_partitions; pods++)
        if (n_partitions % pods == 0 && pods * threshold >= lag) return pods;
    return n_partitions;
}

static int64_t cut(const struct keda *keda, int64_t lag, int64_t n_with_lag)
{
    const struct scaler_spec *spec = keda->spec;
    const int64_t threshold = (int64_t)spec->lag_threshold;
    if (spec->allow_idle_consumers && !spec->limit_to_partitions_with_lag && !spec->even_distribution) return lag;
    const int64_t bound = spec->limit_to_partitions_with_lag ? n_with_lag : keda->n_partitions;
    if (spec->even_distribution) lag = even_pods(lag, keda->n_partitions, threshold) * threshold;
    return lag / threshold > bound ? bound * threshold : lag;
}

static int64_t residual(const struct keda *keda, const struct keda_partition *partition)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < keda->n_partitions; i++) sum += residual_of(keda, &partition[i]);
    return sum;
}

struct keda_metric keda_would_read(const struct keda *keda, const struct keda_partition *partition)
{
    struct keda_metric metric = { 0, residual(keda, partition) };
    int64_t n_with_lag = 0;
    for (uint32_t i = 0; i < keda->n_partitions; i++) {
        const int64_t lag =
            is_persistent(keda, i, partition[i].committed) ? 0 : residual_of(keda, &partition[i]);
        metric.lag += lag;
        n_with_lag += lag > 0;
    }
    metric.lag = cut(keda, metric.lag, n_with_lag);
    return metric;
}

struct keda_metric keda_query(struct keda *keda, const struct keda_partition *partition)
{
    const struct keda_metric metric = keda_would_read(keda, partition);
    for (uint32_t i = 0; i < keda->n_partitions; i++)
        if (partition[i].committed != KEDA_NO_OFFSET) keda->previous[i] = partition[i].committed;
    return metric;
}

uint32_t keda_scale(struct keda *keda, sim_ns now_ns, uint32_t replicas, bool is_active)
{
    const struct scaler_spec *spec = keda->spec;
    if (is_active) {
        keda->last_active_ns = now_ns;
        if (replicas > 0) return replicas;
        return spec->min_replicas > 0 ? spec->min_replicas : 1;
    }
    if (spec->min_replicas > 0) return replicas < spec->min_replicas ? spec->min_replicas : replicas;
    /* Pods that nobody has seen active are not worth a cool-down. KEDA asks whether it is over before now, of an instant
     * that it has stored in whole seconds: where the interval divides the cool-down, as by default, it is. */
    const bool cooled = keda->last_active_ns == SIM_NEVER || keda->last_active_ns + spec->cooldown_ns <= now_ns;
    return cooled ? 0 : replicas;
}
