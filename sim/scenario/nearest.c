/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/scenario/nearest.h"

#include <stddef.h>
#include <string.h>

enum { WORD_MAX = 63 };

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Optimal string alignment: three rows of the table are enough. */
static uint32_t distance(const char *a, const char *b)
{
    uint32_t row[3][WORD_MAX + 2];
    const size_t n = strlen(b);
    for (size_t j = 0; j <= n; j++) row[0][j] = (uint32_t)j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        uint32_t *now = row[i % 3], *above = row[(i - 1) % 3], *before = row[(i + 1) % 3];
        now[0] = (uint32_t)i;
        for (size_t j = 1; j <= n; j++) {
            now[j] = least(least(above[j], now[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return row[strlen(a) % 3][n];
}

const char *nearest_name(const char *word, const char *const *name, uint32_t n)
{
    const char *best = NULL;
    const size_t length = strlen(word);
    uint32_t best_distance = length < 3 ? 2 : (uint32_t)length / 3 + 2; /* one more than is taken */
    if (length > WORD_MAX) return NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (strlen(name[i]) > WORD_MAX) continue;
        uint32_t d = distance(word, name[i]);
        if (d >= best_distance || d >= strlen(name[i])) continue;
        best = name[i];
        best_distance = d;
    }
    return best;
}
