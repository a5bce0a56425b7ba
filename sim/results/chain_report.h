/* SPDX-License-Identifier: GPL-3.0-or-later
 * What led to a violation, link by link (struct chain), for people and as JSON. */
#ifndef SIM_RESULTS_CHAIN_REPORT_H
#define SIM_RESULTS_CHAIN_REPORT_H

#include <cjson/cJSON.h>

#include "models/observer.h"
#include "sim/results/page.h"

/* "L8: lock and transaction in the wrong order", or the mishap that came first. */
const char *chain_cause(const struct chain *chain, enum language language);
/* A line for each link: seconds, order, what happened. */
void chain_write(struct page *page, const struct scenario *scenario, const struct chain *chain);
/* {"name", "what", "of_order", "chain": [{"t_s","order_id","group","consumer","instance","event","what"}]}; null
 * for NULL. name: L1 .. L9, the mishap, or unknown. */
cJSON *chain_json(const struct scenario *scenario, const struct chain *chain);

/* causes.csv: invariant,replication,t_s,order_id,event,what,what_ko,cause,cause_ko, a row for each link; of several
 * invariants with the same chain, the first only. */
void causes_csv(const struct outcome *outcome, FILE *out);

/* Whether two violations have the same one. NULL: not known, and like nothing. */
bool chain_same(const struct chain *a, const struct chain *b);

#endif
