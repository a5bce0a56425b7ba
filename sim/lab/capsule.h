/* SPDX-License-Identifier: GPL-3.0-or-later
 * A found run in one JSON file, sim-capsule/1: the scenario as the search read it, the seed, the plan (values, faults,
 * ties), what broke, and the trail of the run: its fingerprint at each instant at which something became visible. Who
 * plays it again sees whether the run is the same, and where not.
 *
 * { "schema", "version", "seed", "plan": {"ties", "values": {PTR: value}, "faults": {NAME: fault}},
 *   "broken": {"invariant", "meaning", "at", "order_id", "what"}, "story": [order ids],
 *   "run": {"end", "events", "fingerprint", "orders", "trail": [[time, "fingerprint"], ...]}, "scenario": {...} } */
#ifndef SIM_LAB_CAPSULE_H
#define SIM_LAB_CAPSULE_H

#include <stdio.h>

#include "sim/lab/specimen.h"

struct capsule {
    const char *version;      /* of the program that wrote it */
    struct specimen specimen; /* its source is the scenario inside */
    const char *invariant;    /* "S3" */
    sim_ns broken_at_ns;      /* when it was broken first, */
    uint64_t broken_order_id; /* and for which order; 0: for no single one */
    uint32_t n_orders;        /* whose story is told */
    uint64_t order_id[STORY_ORDERS];
    const char *broken_what;  /* in which words; NULL: not said */
    uint64_t fingerprint;     /* of the whole run, */
    sim_ns end_ns;            /* its end, */
    uint64_t events, orders;  /* and how much happened */
    uint32_t n_steps;
    const struct trail_step *trail;
};

/* Writes the run that `story` has listened to. scenario_text: the resolved scenario of the search, without the
 * specimen's values and faults. False with err. */
bool capsule_write(const struct specimen *specimen, const char *scenario_text, const struct run_facts *facts,
                   const struct invariant_facts *broken, const struct story *story, FILE *out, struct arena *arena,
                   struct sim_err *err);

/* What a capsule's file is called: "S3-17.json", after the invariant and the seed. */
const char *capsule_name(const char *invariant, uint64_t seed, struct arena *arena);
/* Whether a file of this name might be one. */
bool capsule_is_name(const char *name);

/* Reads a file. False with err; findings are filled when err->code is SIM_ESCENARIO and err->text is empty. */
bool capsule_read(struct capsule *out, const char *file, struct findings *findings, struct arena *arena,
                  struct sim_err *err);

/* Orders that a violation is about: the one it names, and those that accidents put beside it. Returns how many. */
uint32_t capsule_orders(const struct run_facts *facts, const struct invariant_facts *broken,
                        uint64_t order_id[STORY_ORDERS]);

#endif
