/* SPDX-License-Identifier: GPL-3.0-or-later
 * The result as people read it. */
#include "sim/results/result.h"

bool report_write(const struct outcome *outcome, const struct text_style *style, FILE *out)
{
    (void)style;
    return fprintf(out, "%s\n", outcome->study->scenario.name) > 0;
}
