/* SPDX-License-Identifier: GPL-3.0-or-later
 * What an experiment varies: --vary PTR=VALUES, --points FILE.csv, --variants FILE.json. Values are JSON texts, as
 * for --set; a number, or a duration with its unit. */
#ifndef SIM_LAB_VARY_H
#define SIM_LAB_VARY_H

#include "sim/lab/point.h"

enum { VALUES_MAX = 100000, POINTS_MAX = 1000000 };

struct variation {
    const char *pointer;       /* as given */
    uint32_t n;
    const char *const *value;  /* ascending where it was a range */
};

/* A number, or a duration in ns, as a range has them. */
struct quantity { bool is_duration; double value; };
bool quantity_parse(const char *text, struct quantity *out);
/* As the scenario reads it: "12ms", "0.25". */
const char *quantity_text(struct quantity quantity, struct arena *arena);

/* "PTR=A..B", "PTR=A..B..STEP" (a range whose bounds are not whole numbers needs its step) or "PTR=VALUE,VALUE..." at
 * top-level commas. False with err (SIM_EUSAGE). */
bool vary_parse(struct variation *out, const char *text, struct arena *arena, struct sim_err *err);

/* Every combination, the last variation fastest. Labels name the last key of each pointer and its value. False with err
 * when there are more than POINTS_MAX. */
bool points_of_grid(const struct point *base, const struct variation *variation, uint32_t n_variations,
                    struct point **point, uint32_t *n_points, struct arena *arena, struct sim_err *err);
/* A row each: the first line names the pointers, cells may be quoted as in RFC 4180. */
bool points_of_csv(const struct point *base, const char *file, struct point **point, uint32_t *n_points,
                   struct arena *arena, struct sim_err *err);

/* {NAME: {PTR: VALUE, ...}, ...}: a point for each, labelled with its name, in their order. False with findings of the
 * file (err->code SIM_ESCENARIO, err->text empty), or with err. */
bool points_of_variants(const struct point *base, const char *file, struct point **point, uint32_t *n_points,
                        struct findings *findings, struct arena *arena, struct sim_err *err);

#endif
