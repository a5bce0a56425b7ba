/* SPDX-License-Identifier: GPL-3.0-or-later
 * The searches know no box: the function is asked at the nearest place inside of it, and pays for the distance, so that
 * a search that wanders off turns back. */
#include "sim/engine/minimum.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_min.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_qrng.h>

#include "sim/engine/error.h"

enum { SCAN = 40, BRENT_STEPS = 40, SIMPLEX_STEPS = 40 /* for each number */ };

struct descent {
    minimum_fn *function;
    void *context;
    const struct box *box;
    uint32_t n;
    double best[MINIMUM_MOST], least;
};

static double ask(struct descent *descent, const double *at)
{
    double inside[MINIMUM_MOST], outside = 0;
    for (uint32_t i = 0; i < descent->n; i++) {
        inside[i] = fmin(fmax(at[i], descent->box[i].low), descent->box[i].high);
        outside += fabs(at[i] - inside[i]);
    }
    const double value = descent->function(descent->context, inside);
    if (value < descent->least) {
        descent->least = value;
        memcpy(descent->best, inside, descent->n * sizeof *inside);
    }
    return value + fabs(value) * outside + outside;
}

static double ask_one(double at, void *context) { return ask(context, &at); }

static double ask_vector(const gsl_vector *at, void *context)
{
    double place[MINIMUM_MOST];
    struct descent *descent = context;
    for (uint32_t i = 0; i < descent->n; i++) place[i] = gsl_vector_get(at, i);
    return ask(descent, place);
}

/* A scan finds the valley, Brent its floor. */
static void along_a_line(struct descent *descent)
{
    const struct box box = descent->box[0];
    const double step = (box.high - box.low) / SCAN;
    for (int i = 0; i <= SCAN; i++) ask_one(box.low + i * step, descent);
    const double middle = descent->best[0], low = fmax(middle - step, box.low), high = fmin(middle + step, box.high);
    gsl_function function = { ask_one, descent };
    gsl_min_fminimizer *minimiser = gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent);
    /* Refused where the least value is at an end of the box: that end is the answer. */
    if (low < middle && middle < high && gsl_min_fminimizer_set(minimiser, &function, middle, low, high) == GSL_SUCCESS)
        for (int i = 0; i < BRENT_STEPS && gsl_min_fminimizer_iterate(minimiser) == GSL_SUCCESS; i++)
            if (gsl_min_test_interval(gsl_min_fminimizer_x_lower(minimiser), gsl_min_fminimizer_x_upper(minimiser),
                                      1e-5 * (box.high - box.low), 0) == GSL_SUCCESS)
                break;
    gsl_min_fminimizer_free(minimiser);
}

static void by_simplex(struct descent *descent)
{
    const size_t n = descent->n;
    gsl_multimin_function function = { ask_vector, n, descent };
    gsl_vector *at = gsl_vector_alloc(n), *step = gsl_vector_alloc(n);
    gsl_multimin_fminimizer *minimiser = gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct box box = descent->box[i];
        const double width = fmax(0.1 * (box.high - box.low), 1e-9);
        gsl_vector_set(at, i, descent->best[i]);
        gsl_vector_set(step, i, descent->best[i] + width > box.high ? -width : width);
    }
    if (gsl_multimin_fminimizer_set(minimiser, &function, at, step) == GSL_SUCCESS)
        for (size_t i = 0; i < SIMPLEX_STEPS * n && gsl_multimin_fminimizer_iterate(minimiser) == GSL_SUCCESS; i++)
            if (gsl_multimin_test_size(gsl_multimin_fminimizer_size(minimiser), 1e-4) == GSL_SUCCESS) break;
    gsl_multimin_fminimizer_free(minimiser);
    gsl_vector_free(step);
    gsl_vector_free(at);
}

double minimum_near(minimum_fn *function, void *context, double *at, const struct box *box, uint32_t n)
{
    struct descent descent = { .function = function, .context = context, .box = box, .n = n, .least = HUGE_VAL };
    SIM_ASSERT(n <= MINIMUM_MOST);
    gsl_set_error_handler_off(); /* the default one ends the program */
    memcpy(descent.best, at, n * sizeof *at);
    ask(&descent, at);
    if (n == 1) along_a_line(&descent);
    else if (n > 1) by_simplex(&descent);
    memcpy(at, descent.best, n * sizeof *at);
    return descent.least;
}

void minimum_spread(double *at, uint32_t n, uint32_t index)
{
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_halton, n);
    SIM_ASSERT(n <= MINIMUM_MOST);
    for (uint32_t i = 0; i <= index; i++) gsl_qrng_get(sequence, at);
    gsl_qrng_free(sequence);
}
