/* SPDX-License-Identifier: GPL-3.0-or-later
 * observed.csv: what was counted on the real system, for the pictures to lay over the curves. A result folder then
 * holds all that its pictures need. */
#ifndef SIM_LAB_OVERLAY_H
#define SIM_LAB_OVERLAY_H

#include <stdio.h>

#include "sim/engine/arena.h"
#include "sim/scenario/study.h"

/* kind,label,group,topic,partition,t_s,from_s,to_s,value. kind: paid, pending, failed, lag (of a partition; of a group
 * where partition is empty) or peak_lag (at any time). What is not known is empty. */
void overlay_write(const struct observations *observations, FILE *out, struct arena *arena);

#endif
