/* SPDX-License-Identifier: GPL-3.0-or-later
 * The HorizontalPodAutoscaler with one external metric of the type AverageValue: from a total to a number of pods, as
 * the controller computes it, in the same floating point.
 *
 * ratio = total / (target x pods). Within the tolerance nothing changes; else ceil(total / target), which knows nothing
 * of the pods there are. Then stabilisation (the greatest recommendation of the last five minutes bounds a step down),
 * and the limits of a step: without a behavior at most twice the pods, or 4; with one, its policies.
 *
 * Left out: readiness and missing metrics (they do not count for an external metric), several metrics, fractions of
 * values (a lag is whole).
 *
 * The tolerance is compared as since Kubernetes 1.33, 1 - t <= ratio <= 1 + t; before, |1 - ratio| > t: where the ratio
 * is 1.1 itself (33 of 3 x 10) the older one scales by its rounding error, and the newer does not.
 *
 * Sources: kubernetes pkg/controller/podautoscaler/replica_calculator.go (GetExternalPerPodMetricReplicas, isWithin),
 * horizontal.go (reconcileAutoscaler, stabilizeRecommendation, stabilizeRecommendationWithBehaviors,
 * convertDesiredReplicasWithBehaviorRate, calculateScaleUpLimitWithScalingRules). */
#ifndef MODELS_KUBERNETES_HPA_H
#define MODELS_KUBERNETES_HPA_H

#include "models/scenario.h"
#include "sim/engine/arena.h"

struct hpa_note { sim_ns at_ns; uint32_t pods; }; /* a recommendation, or by how many pods it has scaled */

/* The last ones, the oldest overwritten. */
struct hpa_notes { uint32_t n, capacity; struct hpa_note *note; };

struct hpa {
    const struct scaler_spec *spec;
    uint32_t least;          /* it cannot go to 0 */
    struct hpa_notes recommendations, ups, downs;
};

/* replicas: those it finds. */
void hpa_init(struct hpa *hpa, const struct scaler_spec *spec, sim_ns now_ns, uint32_t replicas, struct arena *arena);
/* Pods that the metric alone asks for, of so many that there are (> 0). */
uint32_t hpa_desired(const struct scaler_spec *spec, uint32_t replicas, int64_t total);
/* Whether the controller will add pods while it is told this total: at its next turn, or when a window is over. */
bool hpa_grows(const struct hpa *hpa, uint32_t replicas, int64_t total);
/* One turn of the controller: replicas from now on. With none it is switched off. */
uint32_t hpa_sync(struct hpa *hpa, sim_ns now_ns, uint32_t replicas, int64_t total);

#endif
