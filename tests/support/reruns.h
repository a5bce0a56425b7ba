/* SPDX-License-Identifier: GPL-3.0-or-later
 * A scenario file run as often as it asks for, as the program runs it: read with edits, replicated, put together. Each
 * figure is found under its path in summary.json. Whatever goes wrong on the way fails the test in the words of the
 * part that found it. */
#ifndef TESTS_SUPPORT_RERUNS_H
#define TESTS_SUPPORT_RERUNS_H

#include "sim/lab/replicate.h"

struct reruns {
    struct arena arena;
    struct study study;
    struct replicated replicated;
    const struct outcome *outcome; /* of replicated */
};

void reruns_open(struct reruns *reruns, const char *scenario, const struct study_edit *edit, uint32_t n_edits);
void reruns_close(struct reruns *reruns);

/* A figure's index, its values by replication, and their mean. */
uint32_t reruns_figure(const struct reruns *reruns, const char *path);
const double *reruns_values(const struct reruns *reruns, const char *path);
double reruns_mean(const struct reruns *reruns, const char *path);

/* The mean is within a share of what was counted; prints both. */
void reruns_expect_near(const struct reruns *reruns, const char *path, double counted, double share);
/* Every invariant holds in every replication; `open` ones may be open, because the runs were cut. */
void reruns_expect_sound(const struct reruns *reruns, bool open);

#endif
