/* SPDX-License-Identifier: GPL-3.0-or-later
 * Three sorts of error (docs/decisions/0009). A bug of ours: SIM_ASSERT, compiled into every build. Bad input or a
 * world that fails: struct sim_err, passed by pointer as the last argument, the first error wins, printed once by
 * main. A broken invariant of the simulated system is neither: it is a finding of the run. */
#ifndef SIM_ENGINE_ERROR_H
#define SIM_ENGINE_ERROR_H

#include <stdbool.h>
#include <stdio.h>
#include <stdnoreturn.h>

/* The values are the exit codes of the program (contract). */
enum sim_errc { SIM_OK = 0, SIM_ERUNTIME = 1, SIM_EUSAGE = 2, SIM_ESCENARIO = 3, SIM_EIMPRECISE = 5 };

struct sim_err {
    enum sim_errc code;
    char where[256]; /* file, or file:line:column: pointer; may be empty */
    char text[768];  /* what is wrong; what to do */
};

/* Sets *err unless it holds an error already; err may be NULL. Always returns false, so that a function can end with
 * `return sim_fail(...)`. where may be NULL. */
bool sim_fail(struct sim_err *err, enum sim_errc code, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Closes a file that was written to. False with err, which says why, when any write to it has failed: disk full, pipe
 * closed. */
bool sim_file_close(FILE *file, const char *where, struct sim_err *err);
/* Whether all writes so far went through; false with err. */
bool sim_file_is_sound(FILE *file, const char *where, struct sim_err *err);

/* What the program was doing, printed by a failing assertion: set by the run loop, one for each thread of work. */
struct sim;

noreturn void sim_assert_failed(const char *expression, const char *file, int line, const struct sim *sim);

#define SIM_ASSERT_IN(sim, expression) \
    ((expression) ? (void)0 : sim_assert_failed(#expression, __FILE__, __LINE__, (sim)))
#define SIM_ASSERT(expression) SIM_ASSERT_IN((const struct sim *)0, expression)

#endif
