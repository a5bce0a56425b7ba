/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sections of the printed result, each in a file of its own; report.c puts them in order. The words for Korean are
 * those of the load-test reports that its readers write themselves. */
#ifndef SIM_RESULTS_REPORT_H
#define SIM_RESULTS_REPORT_H

#include "sim/results/grid.h"
#include "sim/results/page.h"

void report_orders(struct page *page, const struct outcome *outcome);
void report_completion(struct page *page, const struct outcome *outcome);
void report_lag(struct page *page, const struct outcome *outcome);
/* Locks and tables that somebody had to wait for, or that refused something. */
void report_contention(struct page *page, const struct outcome *outcome);
/* Where the time of an order goes, by percentile of completion. */
void report_order_time(struct page *page, const struct outcome *outcome);
/* What autoscalers did. */
void report_scalers(struct page *page, const struct outcome *outcome);
/* Faults, rebalances, records delivered again or given up. */
void report_failures(struct page *page, const struct outcome *outcome);
void report_invariants(struct page *page, const struct outcome *outcome);
/* "met", "MISSED", after the target; what is met while the figure is null in some runs says in how many it is not. */
void threshold_verdict(struct grid *grid, struct page *page, const struct outcome *outcome,
                       const struct outcome_threshold *threshold, const char *target);
void report_thresholds(struct page *page, const struct outcome *outcome);
void report_bottleneck(struct page *page, const struct outcome *outcome);
void report_observed(struct page *page, const struct outcome *outcome);
/* Part of it: why the simulated peak stands beside another one in the observed lag table, where that contradicts the
 * other counts. */
void report_trend(struct page *page, const struct outcome *outcome);
void report_assumed(struct page *page, const struct outcome *outcome);

#endif
