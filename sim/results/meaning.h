/* SPDX-License-Identifier: GPL-3.0-or-later
 * What an invariant says, in the language of the page. */
#ifndef SIM_RESULTS_MEANING_H
#define SIM_RESULTS_MEANING_H

#include "sim/results/page.h"

/* name: "S1"; english: its own words, which stand where the language has none. */
const char *invariant_meaning(const struct page *page, const char *name, const char *english);

#endif
