/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/engine/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/engine/sim.h"

bool sim_fail(struct sim_err *err, enum sim_errc code, const char *where, const char *format, ...)
{
    if (!err || err->code != SIM_OK) return false;
    err->code = code;
    snprintf(err->where, sizeof err->where, "%s", where ? where : "");
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return false;
}

noreturn void sim_assert_failed(const char *expression, const char *file, int line, const struct sim *sim)
{
    fprintf(stderr, "sim: a fault in the simulator itself: %s:%d: %s\n", file, line, expression);
    if (sim)
        fprintf(
            stderr, "sim: seed %llu, replication %u, event %llu, t = %.9f s; please report these with the scenario\n",
            (unsigned long long)sim->seed, sim->replication, (unsigned long long)sim->n_events, ns_to_s(sim->now_ns));
    abort();
}
