/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/engine/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

/* Streams keep no reason: what did not go through is tried once more. */
static int why_it_failed(FILE *file)
{
    clearerr(file);
    errno = 0;
    return fputs("\n", file) == EOF || fflush(file) != 0 ? errno : 0;
}

static bool writing_failed(const char *where, int why, struct sim_err *err)
{
    return sim_fail(err, SIM_ERUNTIME, where, "writing failed: %s",
                    why ? strerror(why) : "an earlier write did not go through; is the disk full?");
}

bool sim_file_is_sound(FILE *file, const char *where, struct sim_err *err)
{
    return !ferror(file) || writing_failed(where, why_it_failed(file), err);
}

bool sim_file_close(FILE *file, const char *where, struct sim_err *err)
{
    const bool failed = ferror(file) != 0;
    const int first = failed ? why_it_failed(file) : 0;
    errno = 0;
    if (fclose(file) == 0 && !failed) return true;
    return writing_failed(where, first ? first : errno, err);
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
