/* SPDX-License-Identifier: GPL-3.0-or-later
 * Autoscalers: KEDA looks at the committed lag of a group every polling interval, the HorizontalPodAutoscaler every
 * sync period, and pods come and go. What the two compute is arithmetic (kubernetes/keda.h, kubernetes/hpa.h); here it
 * meets the group: two clocks with phases of their own, pods that need time to start, and their orderly end.
 *
 * A pod counts, and costs, from the decision for it to its end. It is ready after pod_start; then its consumers ask to
 * join, and the rebalance that this begins waits for the others' batches. A pod that goes is told by SIGTERM: its
 * consumers finish and commit the batch in hand and leave; what has not ended after kill_after is killed, and that is a
 * crash (the session ends later, the batch comes again). The youngest go first, those that are not ready before others.
 *
 * The clocks keep no run alive: a system that has nothing left to do ends, whatever the scaler might have done later.
 * Without a pod nothing is ever done, so lag that a scaler will come for does (scalers_await).
 *
 * Left out: a node that has no room, images that fail, rolling updates of a scaled process, what the API server takes,
 * the restart of a container that a fault has killed, unless the fault says when it is back. */
#ifndef MODELS_SCALER_H
#define MODELS_SCALER_H

#include "models/orders/machine.h"

struct scalers { struct machine *machine; uint32_t n; struct scaler *scaler; struct scaler_level *level; };

void scalers_init(struct scalers *scalers, struct machine *machine);
/* Schedules the first turns. After the groups have started. */
void scalers_start(struct scalers *scalers);
/* An instance has died by a fault: if it was a pod on its way out, it is gone. */
void scalers_instance_died(struct scalers *scalers, uint32_t instance);
/* Records wait for a pod that is starting, or that the next poll will ask for. */
bool scalers_await(struct scalers *scalers);
/* By scaler, as of now. */
const struct scaler_level *scalers_level(struct scalers *scalers);
/* The facts up to now, by scaler, in the run's arena; peaks and what happens first are of what comes after it. */
const struct scaler_facts *scalers_begin_anew(struct scalers *scalers);
/* By scaler, up to the end of the run. In the run's arena. */
const struct scaler_facts *scalers_finish(struct scalers *scalers, sim_ns end_ns);

#endif
