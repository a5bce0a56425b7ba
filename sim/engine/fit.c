/* SPDX-License-Identifier: GPL-3.0-or-later
 * Each family is searched from its moments. Parameters are searched as logarithms, a share as a logit, and a shift as
 * the logit of its share of the least duration, so that every point of the search is a distribution. */
#include "sim/engine/fit.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>

const char *fit_name(enum fit_family family)
{
    switch (family) {
    case FIT_LOGNORMAL: return "lognormal";
    case FIT_GAMMA: return "gamma";
    case FIT_WEIBULL: return "weibull";
    case FIT_SHIFTED_LOGNORMAL: return "shifted lognormal";
    case FIT_SHIFTED_GAMMA: return "shifted gamma";
    case FIT_SHIFTED_WEIBULL: return "shifted weibull";
    case FIT_MIXTURE: return "mixture of two lognormals";
    case FIT_FAMILIES: break;
    }
    return "none";
}

enum { PARAMETERS_MAX = 5, ITERATIONS = 600 };

/* The two shapes behind: (a, b) are mu, sigma; shape, scale; shape, scale. */
enum base { BASE_LOGNORMAL, BASE_GAMMA, BASE_WEIBULL };

struct model {
    enum base base;
    uint32_t n_parts;
    double shift, weight[2], a[2], b[2];
};

struct search {
    enum fit_family family;
    const double *value;
    uint32_t n;
    double least;
};

static enum base base_of(enum fit_family family)
{
    static const enum base bases[FIT_FAMILIES] = { BASE_LOGNORMAL, BASE_GAMMA,   BASE_WEIBULL,  BASE_LOGNORMAL,
                                                   BASE_GAMMA,     BASE_WEIBULL, BASE_LOGNORMAL };
    return bases[family];
}

static bool is_shifted(enum fit_family family)
{
    return family >= FIT_SHIFTED_LOGNORMAL && family <= FIT_SHIFTED_WEIBULL;
}

static uint32_t parameters_of(enum fit_family family) { return family == FIT_MIXTURE ? 5 : is_shifted(family) ? 3 : 2; }

static double logit_share(double x) { return 1 / (1 + exp(-x)); }

/* A shift at the least duration itself has an infinite likelihood with some shapes: it stays a thousandth below. */
#define SHIFT_MOST 0.999

static struct model model_of(const struct search *search, const gsl_vector *at)
{
    struct model model = { .base = base_of(search->family), .n_parts = 1, .weight = { 1, 0 } };
    const bool normal = model.base == BASE_LOGNORMAL;
    model.a[0] = normal ? gsl_vector_get(at, 0) : exp(gsl_vector_get(at, 0));
    model.b[0] = exp(gsl_vector_get(at, 1));
    if (is_shifted(search->family)) model.shift = SHIFT_MOST * search->least * logit_share(gsl_vector_get(at, 2));
    if (search->family != FIT_MIXTURE) return model;
    model.n_parts = 2;
    model.a[1] = gsl_vector_get(at, 2);
    model.b[1] = exp(gsl_vector_get(at, 3));
    model.weight[1] = logit_share(gsl_vector_get(at, 4));
    model.weight[0] = 1 - model.weight[1];
    return model;
}

static double log_density_lognormal(double log_y, double mu, double sigma)
{
    const double z = (log_y - mu) / sigma;
    return -0.5 * z * z - log_y - log(sigma) - 0.91893853320467274178; /* log sqrt 2 pi */
}

static double log_likelihood(const struct model *model, const double *value, uint32_t n)
{
    double sum = 0;
    const double a = model->a[0], b = model->b[0];
    const double of_gamma = model->base == BASE_GAMMA ? gsl_sf_lngamma(a) + a * log(b) : 0;
    const double of_weibull = model->base == BASE_WEIBULL ? log(a) - a * log(b) : 0;
    for (uint32_t i = 0; i < n; i++) {
        const double y = value[i] - model->shift, log_y = log(y);
        if (model->base == BASE_GAMMA) sum += (a - 1) * log_y - y / b - of_gamma;
        else if (model->base == BASE_WEIBULL) sum += of_weibull + (a - 1) * log_y - exp(a * (log_y - log(b)));
        else if (model->n_parts == 1) sum += log_density_lognormal(log_y, a, b);
        else
            sum += log(model->weight[0] * exp(log_density_lognormal(log_y, a, b)) +
                       model->weight[1] * exp(log_density_lognormal(log_y, model->a[1], model->b[1])) + 1e-300);
    }
    return sum;
}

/* A part of a mixture that has shrunk onto one value has an infinite likelihood and explains nothing. */
#define SIGMA_LEAST 0.01

static double objective(const gsl_vector *at, void *data)
{
    const struct search *search = data;
    const struct model model = model_of(search, at);
    const double least_b = search->family == FIT_MIXTURE ? SIGMA_LEAST : 1e-9;
    for (uint32_t i = 0; i < model.n_parts; i++)
        if (!(model.b[i] > least_b) || !(model.b[i] < 1e12) || !isfinite(model.a[i])) return 1e300;
    if (model.base != BASE_LOGNORMAL && !(model.a[0] > 1e-3 && model.a[0] < 1e7)) return 1e300;
    const double value = -log_likelihood(&model, search->value, search->n);
    return isfinite(value) ? value : 1e300;
}

/* ---- where the search begins: moments ---- */

struct moments {
    double mean, sd, log_mean, log_sd;
};

static struct moments moments_of(const double *value, uint32_t n, double shift)
{
    struct moments out = { 0 };
    for (uint32_t i = 0; i < n; i++) out.mean += (value[i] - shift) / n, out.log_mean += log(value[i] - shift) / n;
    for (uint32_t i = 0; i < n; i++) {
        out.sd += (value[i] - shift - out.mean) * (value[i] - shift - out.mean) / n;
        out.log_sd += (log(value[i] - shift) - out.log_mean) * (log(value[i] - shift) - out.log_mean) / n;
    }
    out.sd = sqrt(out.sd);
    out.log_sd = sqrt(out.log_sd);
    return out;
}

static void begin(const struct search *search, gsl_vector *at)
{
    const bool shifted = is_shifted(search->family);
    const struct moments seen = moments_of(search->value, search->n, shifted ? SHIFT_MOST * search->least / 2 : 0);
    const double cv = seen.sd / seen.mean;
    if (base_of(search->family) == BASE_LOGNORMAL) {
        gsl_vector_set(at, 0, seen.log_mean);
        gsl_vector_set(at, 1, log(seen.log_sd));
    } else {
        const bool gamma = base_of(search->family) == BASE_GAMMA;
        gsl_vector_set(at, 0, gamma ? -2 * log(cv) : -1.086 * log(cv)); /* Weibull's shape is about cv^-1.086 */
        gsl_vector_set(at, 1, gamma ? log(seen.mean * cv * cv) : log(seen.mean));
    }
    if (shifted) gsl_vector_set(at, 2, 0);
    if (search->family != FIT_MIXTURE) return;
    /* the upper tenth as the stall */
    const uint32_t cut = search->n - search->n / 10 - 1;
    const struct moments low = moments_of(search->value, cut, 0);
    const struct moments high = moments_of(search->value + cut, search->n - cut, 0);
    gsl_vector_set(at, 0, low.log_mean);
    gsl_vector_set(at, 1, log(fmax(low.log_sd, 2 * SIGMA_LEAST)));
    gsl_vector_set(at, 2, high.log_mean);
    gsl_vector_set(at, 3, log(fmax(high.log_sd, 2 * SIGMA_LEAST)));
    gsl_vector_set(at, 4, log(1.0 / 9));
}

static bool minimise(struct search *search, struct model *out)
{
    const size_t n = parameters_of(search->family);
    gsl_multimin_function function = { objective, n, search };
    gsl_vector *at = gsl_vector_alloc(n), *step = gsl_vector_alloc(n);
    gsl_multimin_fminimizer *minimiser = gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, n);
    begin(search, at);
    gsl_vector_set_all(step, 0.3);
    bool ok = gsl_multimin_fminimizer_set(minimiser, &function, at, step) == GSL_SUCCESS;
    for (int i = 0; i < ITERATIONS && ok; i++) {
        if (gsl_multimin_fminimizer_iterate(minimiser)) break;
        if (gsl_multimin_test_size(gsl_multimin_fminimizer_size(minimiser), 1e-5) == GSL_SUCCESS) break;
    }
    ok = ok && minimiser->fval < 1e299 && isfinite(minimiser->fval);
    if (ok) *out = model_of(search, minimiser->x);
    gsl_multimin_fminimizer_free(minimiser);
    gsl_vector_free(step);
    gsl_vector_free(at);
    return ok;
}

/* ---- what a model says ---- */

static void mean_and_cv(enum base base, double a, double b, struct fit_part *out)
{
    if (base == BASE_LOGNORMAL) {
        out->mean_s = exp(a + b * b / 2);
        out->cv = sqrt(expm1(b * b));
    } else if (base == BASE_GAMMA) {
        out->mean_s = a * b;
        out->cv = 1 / sqrt(a);
    } else {
        const double first = gsl_sf_lngamma(1 + 1 / a), second = gsl_sf_lngamma(1 + 2 / a);
        out->mean_s = b * exp(first);
        out->cv = sqrt(fmax(expm1(second - 2 * first), 0));
    }
}

static double probability(const struct model *model, double x)
{
    const double y = x - model->shift;
    double sum = 0;
    if (!(y > 0)) return 0;
    for (uint32_t i = 0; i < model->n_parts; i++) {
        const double a = model->a[i], b = model->b[i];
        sum += model->weight[i] * (model->base == BASE_LOGNORMAL ? gsl_cdf_lognormal_P(y, a, b)
                                   : model->base == BASE_GAMMA   ? gsl_cdf_gamma_P(y, a, b)
                                                                 : gsl_cdf_weibull_P(y, b, a));
    }
    return sum;
}

/* Parameters back from what a fit tells. */
static struct model model_again(const struct fit *fit)
{
    struct model model = { .base = base_of(fit->family), .n_parts = fit->n_parts, .shift = fit->shift_s };
    for (uint32_t i = 0; i < fit->n_parts; i++) {
        const double cv = fit->part[i].cv, mean = fit->part[i].mean_s;
        model.weight[i] = fit->part[i].weight;
        if (model.base == BASE_LOGNORMAL) {
            model.b[i] = sqrt(log1p(cv * cv));
            model.a[i] = log(mean) - model.b[i] * model.b[i] / 2;
        } else if (model.base == BASE_GAMMA) {
            model.a[i] = 1 / (cv * cv);
            model.b[i] = mean * cv * cv;
        } else { /* the CV falls as the shape grows */
            double low = 1e-2, high = 1e5;
            for (int k = 0; k < 100; k++) {
                const double shape = sqrt(low * high);
                struct fit_part part;
                mean_and_cv(BASE_WEIBULL, shape, 1, &part);
                if (part.cv > cv) low = shape;
                else high = shape;
            }
            model.a[i] = sqrt(low * high);
            model.b[i] = mean / exp(gsl_sf_lngamma(1 + 1 / model.a[i]));
        }
    }
    return model;
}

double fit_probability(const struct fit *fit, double x_s)
{
    const struct model model = model_again(fit);
    return probability(&model, x_s);
}

double fit_quantile(const struct fit *fit, double p)
{
    const struct model model = model_again(fit);
    double low = model.shift, high = model.shift + fit->part[0].mean_s;
    while (probability(&model, high) < p && high < 1e9) high = model.shift + 2 * (high - model.shift);
    for (int i = 0; i < 80; i++) {
        const double middle = (low + high) / 2;
        if (probability(&model, middle) < p) low = middle;
        else high = middle;
    }
    return (low + high) / 2;
}

/* ---- distances ---- */

static void measure(struct fit *fit, const struct model *model, const double *value, uint32_t n)
{
    const double least = 1e-12;
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double p = fmin(fmax(probability(model, value[i]), least), 1 - least);
        fit->ks = fmax(fit->ks, fmax((i + 1.0) / n - p, p - (double)i / n));
        sum += (2.0 * i + 1) * log(p) + (2.0 * (n - i) - 1) * log1p(-p);
    }
    fit->ad = -(double)n - sum / n;
}

static void finish(struct fit *fit, const struct model *model, const double *value, uint32_t n)
{
    fit->ok = true;
    fit->n_parts = model->n_parts;
    fit->shift_s = model->shift;
    fit->n_parameters = parameters_of(fit->family);
    for (uint32_t i = 0; i < model->n_parts; i++) {
        fit->part[i].weight = model->weight[i];
        mean_and_cv(model->base, model->a[i], model->b[i], &fit->part[i]);
    }
    fit->log_likelihood = log_likelihood(model, value, n);
    fit->aic = 2.0 * fit->n_parameters - 2 * fit->log_likelihood;
    measure(fit, model, value, n);
}

enum fit_family fit_all(struct fit out[FIT_FAMILIES], const double *sorted_s, uint32_t n, struct arena *arena)
{
    const uint32_t m = n < FIT_SAMPLE ? n : FIT_SAMPLE;
    double *sample = arena_array(arena, double, m);
    enum fit_family best = FIT_FAMILIES;
    gsl_set_error_handler_off();
    for (uint32_t i = 0; i < m; i++) sample[i] = sorted_s[(uint64_t)(2 * i + 1) * n / (2 * m)];
    for (uint32_t f = 0; f < FIT_FAMILIES; f++) {
        struct search search = { (enum fit_family)f, sample, m, sorted_s[0] };
        struct model model;
        out[f] = (struct fit){ .family = (enum fit_family)f };
        if (sorted_s[0] == sorted_s[n - 1] || (f == FIT_MIXTURE && m < 30) || !minimise(&search, &model)) continue;
        finish(&out[f], &model, sorted_s, n);
        if (!isfinite(out[f].aic)) out[f].ok = false;
        if (out[f].ok && (best == FIT_FAMILIES || out[f].aic < out[best].aic)) best = (enum fit_family)f;
    }
    return best;
}

/* ---- order ---- */

static double mean_of(const double *value, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += value[i];
    return sum / n;
}

double fit_correlation(const double *x, const double *y, uint32_t n)
{
    const double mean_x = mean_of(x, n), mean_y = mean_of(y, n);
    double xy = 0, xx = 0, yy = 0;
    for (uint32_t i = 0; i < n; i++) {
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}

struct fit_order fit_order(const double *value, uint32_t n)
{
    const uint32_t quarter = n / 4 > 0 ? n / 4 : 1;
    return (struct fit_order){
        .lag1 = n > 2 ? fit_correlation(value, value + 1, n - 1) : (double)NAN,
        .lag1_bound = 1.96 / sqrt(n),
        .drift = mean_of(value + n - quarter, quarter) / mean_of(value, quarter),
    };
}
