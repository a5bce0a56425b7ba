/* SPDX-License-Identifier: GPL-3.0-or-later
 * What broke an invariant, in the language of the page. The models note it in English; it is known again by its form. */
#ifndef SIM_RESULTS_VIOLATION_H
#define SIM_RESULTS_VIOLATION_H

#include "sim/results/page.h"

/* Of the text that came with a violation; that text where its form is not known, or was cut. */
const char *violation_words(struct page *page, const char *english);

#endif
