/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/engine/shape.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_gamma.h>

/* Beyond these GSL's inverse of the gamma distribution does not converge in the tails. Below, its CDF is inverted here;
 * above, the Cornish-Fisher expansion is good to 3e-9 of a quantile (measured at the border, down to 2^-33). */
#define GAMMA_SHAPE_LOW 0.15
#define GAMMA_SHAPE_HIGH 1000.0

/* ---- ranges ---- */

static bool refuse(struct sim_err *err, const char *text) { return sim_fail(err, SIM_ESCENARIO, NULL, "%s", text); }

static bool is_time(double s) { return s >= 0 && s < HUGE_VAL; }

static bool check_mean_cv(const struct dist_spec *spec, struct sim_err *err)
{
    if (!is_time(spec->mean_s)) return refuse(err, "the mean of a distribution must be a time of 0 or more");
    if (!(spec->cv >= 0 && spec->cv <= DIST_CV_MAX))
        return sim_fail(err, SIM_ESCENARIO, NULL, "a coefficient of variation of %g is outside 0 to %g", spec->cv,
                        DIST_CV_MAX);
    bool skewed = spec->family == DIST_GAMMA || spec->family == DIST_WEIBULL;
    if (skewed && spec->cv > 0 && spec->cv < DIST_CV_MIN)
        return sim_fail(err, SIM_ESCENARIO, NULL, "a cv of %g is below %g; give a constant instead", spec->cv,
                        DIST_CV_MIN);
    return true;
}

static bool check_mixture(const struct dist_spec *spec, struct sim_err *err)
{
    double sum = 0;
    for (uint32_t i = 0; i < spec->n_parts; i++) {
        if (!(spec->weight[i] > 0)) return refuse(err, "the weight of a mixture's part must be above 0");
        sum += spec->weight[i];
    }
    if (!(fabs(sum - 1) <= 1e-9))
        return sim_fail(err, SIM_ESCENARIO, NULL, "the weights of a mixture add up to %.10g, not to 1", sum);
    return true;
}

static bool check_values(const struct dist_spec *spec, struct sim_err *err)
{
    if (spec->n_values == 0) return refuse(err, "an empirical distribution needs one value or more");
    for (uint32_t i = 0; i < spec->n_values; i++)
        if (!is_time(spec->value_s[i]) || (i > 0 && spec->value_s[i] < spec->value_s[i - 1]))
            return refuse(err,
                          "the values of an empirical distribution must be times of 0 or more, in ascending order");
    return true;
}

static bool check_points(const struct dist_spec *spec, struct sim_err *err)
{
    bool histogram = spec->family == DIST_EMPIRICAL;
    const struct dist_point *point = spec->point;
    uint32_t n = spec->n_points;
    if (n < 2)
        return refuse(err, "a distribution by percentiles or by a cumulative histogram needs two points or more");
    for (uint32_t i = 0; i < n; i++) {
        bool inside = histogram ? point[i].p >= 0 && point[i].p <= 1 : point[i].p > 0 && point[i].p < 1;
        if (!inside)
            return sim_fail(err, SIM_ESCENARIO, NULL, "%g is not a probability that a point may have", point[i].p);
        if (!is_time(point[i].s) || (!histogram && point[i].s == 0))
            return refuse(err, "a percentile must be a time above 0");
        if (i > 0 && !(point[i].p > point[i - 1].p && point[i].s >= point[i - 1].s))
            return refuse(err, "percentiles must ascend, in probability and in time");
    }
    if (histogram && point[n - 1].p < 1) return refuse(err, "a cumulative histogram must end at probability 1");
    return true;
}

static bool check(const struct dist_spec *spec, struct sim_err *err)
{
    switch (spec->family) {
    case DIST_CONSTANT:
    case DIST_EXPONENTIAL:
    case DIST_LOGNORMAL:
    case DIST_GAMMA:
    case DIST_WEIBULL: return check_mean_cv(spec, err);
    case DIST_ERLANG:
        if (spec->stages < 1 || spec->stages > DIST_STAGES_MAX)
            return sim_fail(err, SIM_ESCENARIO, NULL, "an Erlang distribution has 1 to %u stages", DIST_STAGES_MAX);
        return check_mean_cv(spec, err);
    case DIST_UNIFORM:
        if (!is_time(spec->low_s) || !is_time(spec->high_s) || spec->low_s > spec->high_s)
            return refuse(err, "a uniform distribution runs from a time of 0 or more to one not below it");
        return true;
    case DIST_MIXTURE: return check_mixture(spec, err);
    case DIST_EMPIRICAL: return spec->n_points > 0 ? check_points(spec, err) : check_values(spec, err);
    case DIST_PERCENTILES: return check_points(spec, err);
    }
    return refuse(err, "a distribution of no known family");
}

/* ---- parameters ---- */

/* No spread: all mass at the mean. The families' formulas divide by the cv, or take the log of the mean. */
static bool is_point(const struct dist_spec *spec)
{
    switch (spec->family) {
    case DIST_CONSTANT: return true;
    case DIST_EXPONENTIAL: case DIST_ERLANG: return spec->mean_s == 0;
    case DIST_LOGNORMAL: case DIST_GAMMA: case DIST_WEIBULL: return spec->mean_s == 0 || spec->cv == 0;
    case DIST_UNIFORM: case DIST_MIXTURE: case DIST_EMPIRICAL: case DIST_PERCENTILES: return false;
    }
    return false;
}

static double weibull_cv_squared(double k)
{
    return expm1(gsl_sf_lngamma(1 + 2 / k) - 2 * gsl_sf_lngamma(1 + 1 / k));
}

/* cv falls as the shape grows: bisection between the shapes of cv 15 and of cv 0.0006. */
static double weibull_shape(double cv)
{
    double low = 0.2, high = 2000;
    for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
        double middle = sqrt(low * high);
        if (weibull_cv_squared(middle) > cv * cv) low = middle;
        else high = middle;
    }
    return high;
}

static const double *scores(const struct dist_spec *spec, struct arena *arena)
{
    double *score = arena_array(arena, double, spec->n_points);
    for (uint32_t i = 0; i < spec->n_points; i++) score[i] = gsl_cdf_ugaussian_Pinv(spec->point[i].p);
    return score;
}

static const struct shape *parts(const struct dist_spec *spec, struct arena *arena, struct sim_err *err)
{
    struct shape *part = arena_array(arena, struct shape, spec->n_parts);
    for (uint32_t i = 0; i < spec->n_parts; i++)
        if (!shape_make(&part[i], &spec->part[i], arena, err)) return NULL;
    return part;
}

bool shape_make(struct shape *out, const struct dist_spec *spec, struct arena *arena, struct sim_err *err)
{
    gsl_set_error_handler_off(); /* the default one ends the program */
    *out = (struct shape){.spec = spec};
    if (!check(spec, err)) return false;
    if (is_point(spec)) return true;
    double mean = spec->mean_s, cv = spec->cv;
    switch (spec->family) {
    case DIST_LOGNORMAL:
        out->b = sqrt(log1p(cv * cv));
        out->a = log(mean) - 0.5 * out->b * out->b;
        break;
    case DIST_GAMMA: out->a = 1 / (cv * cv), out->b = mean * cv * cv; break;
    case DIST_ERLANG: out->a = spec->stages, out->b = mean / spec->stages; break;
    case DIST_WEIBULL: out->a = weibull_shape(cv), out->b = mean / tgamma(1 + 1 / out->a); break;
    case DIST_PERCENTILES: out->score = scores(spec, arena); break;
    case DIST_MIXTURE: return (out->part = parts(spec, arena, err)) != NULL;
    case DIST_CONSTANT: case DIST_UNIFORM: case DIST_EXPONENTIAL: case DIST_EMPIRICAL: break;
    }
    return true;
}

/* ---- lines between points ---- */

static double line(double x, double x0, double y0, double x1, double y1)
{
    return x1 > x0 ? y0 + (y1 - y0) * ((x - x0) / (x1 - x0)) : y1;
}

/* Percentiles: log of the time over the normal score, the outer segments going on for ever. */
static double percentiles_quantile(const struct shape *shape, double score)
{
    const struct dist_point *point = shape->spec->point;
    uint32_t i = 1;
    while (i + 1 < shape->spec->n_points && score > shape->score[i]) i++;
    return exp(line(score, shape->score[i - 1], log(point[i - 1].s), shape->score[i], log(point[i].s)));
}

static double percentiles_score(const struct shape *shape, double x)
{
    const struct dist_point *point = shape->spec->point;
    uint32_t i = 1;
    if (x <= 0) return -HUGE_VAL;
    while (i + 1 < shape->spec->n_points && x >= point[i].s) i++;
    if (point[i - 1].s < point[i].s)
        return line(log(x), log(point[i - 1].s), shape->score[i - 1], log(point[i].s), shape->score[i]);
    return x >= point[i].s ? HUGE_VAL : -HUGE_VAL; /* a flat outer segment ends there */
}

static double histogram_quantile(const struct dist_spec *spec, double p)
{
    const struct dist_point *point = spec->point;
    uint32_t i = 1;
    if (p <= point[0].p) return point[0].s;
    while (i + 1 < spec->n_points && p > point[i].p) i++;
    return line(p, point[i - 1].p, point[i - 1].s, point[i].p, point[i].s);
}

static double histogram_probability(const struct dist_spec *spec, double x)
{
    const struct dist_point *point = spec->point;
    uint32_t i = 1;
    if (x < point[0].s) return 0;
    if (x >= point[spec->n_points - 1].s) return 1;
    while (x >= point[i].s) i++;
    return line(x, point[i - 1].s, point[i - 1].p, point[i].s, point[i].p);
}

static double values_quantile(const struct dist_spec *spec, double p)
{
    double rank = ceil(p * spec->n_values);
    return spec->value_s[rank < 1 ? 0 : (uint32_t)rank - 1];
}

/* How many values are <= x. */
static uint32_t values_up_to(const struct dist_spec *spec, double x)
{
    uint32_t low = 0, high = spec->n_values;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (spec->value_s[middle] <= x) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* ---- probabilities ---- */

static double mixture_probability(const struct shape *shape, double x, bool upper)
{
    double sum = 0;
    for (uint32_t i = 0; i < shape->spec->n_parts; i++)
        sum += shape->spec->weight[i] * shape_probability(&shape->part[i], x, upper);
    return sum;
}

static double normal_probability(double score, bool upper)
{
    return upper ? gsl_cdf_ugaussian_Q(score) : gsl_cdf_ugaussian_P(score);
}

static double one_of(double below, bool upper) { return upper ? 1 - below : below; }

double shape_probability(const struct shape *shape, double x, bool upper)
{
    const struct dist_spec *spec = shape->spec;
    if (is_point(spec)) return one_of(x >= spec->mean_s, upper);
    if (x < 0) return one_of(0, upper);
    switch (spec->family) {
    case DIST_EXPONENTIAL: return upper ? exp(-x / spec->mean_s) : -expm1(-x / spec->mean_s);
    case DIST_LOGNORMAL: return normal_probability((log(x) - shape->a) / shape->b, upper);
    case DIST_GAMMA:
    case DIST_ERLANG: return upper ? gsl_cdf_gamma_Q(x, shape->a, shape->b) : gsl_cdf_gamma_P(x, shape->a, shape->b);
    case DIST_WEIBULL: {
        double hazard = pow(x / shape->b, shape->a);
        return upper ? exp(-hazard) : -expm1(-hazard);
    }
    case DIST_PERCENTILES: return normal_probability(percentiles_score(shape, x), upper);
    case DIST_MIXTURE: return mixture_probability(shape, x, upper);
    case DIST_UNIFORM:
        if (x >= spec->high_s) return one_of(1, upper);
        return one_of(x < spec->low_s ? 0 : line(x, spec->low_s, 0, spec->high_s, 1), upper);
    case DIST_EMPIRICAL:
        if (spec->n_points > 0) return one_of(histogram_probability(spec, x), upper);
        return one_of((double)values_up_to(spec, x) / spec->n_values, upper);
    case DIST_CONSTANT: break;
    }
    return (double)NAN;
}

/* ---- quantiles ---- */

/* How far the probability at x is past p, in logarithms, in which it is nearly a straight line; grows with x. Cut off
 * far away, where the line would only mislead. */
static double excess(const struct shape *shape, double x, double p, bool upper)
{
    double ratio = log(fmax(shape_probability(shape, x, upper), 1e-300) / p);
    return fmin(fmax(upper ? -ratio : ratio, -1), 1);
}

/* Least x in (low, high] whose excess is not negative, as it is not at high. False position; an end that stays twice
 * counts half (Illinois), so that both ends close in, on a jump as well. */
static double invert(const struct shape *shape, double p, bool upper, double low, double high)
{
    double below = excess(shape, low, p, upper), above = excess(shape, high, p, upper);
    if (below >= 0) return low;
    for (int i = 0, run = 0; i < 200 && high - low > 1e-9 * high; i++) {
        double x = low + (high - low) * (below / (below - above));
        if (!(x > low && x < high)) x = 0.5 * (low + high);
        double at = excess(shape, x, p, upper);
        run = at < 0 ? (run < 0 ? run - 1 : -1) : (run > 0 ? run + 1 : 1);
        if (at < 0) low = x, below = at;
        else high = x, above = at;
        if (run < -1) above /= 2;
        if (run > 1) below /= 2;
    }
    return high;
}

static double normal_score(double p, bool upper)
{
    return upper ? gsl_cdf_ugaussian_Qinv(p) : gsl_cdf_ugaussian_Pinv(p);
}

/* Gamma quantile over its mean, in powers of the spread s = 1 / sqrt(shape). */
static double cornish_fisher(double a, double z)
{
    double s = 1 / sqrt(a), z2 = z * z;
    return 1 + s * (z + s * ((z2 - 1) / 3 + s * (z * (z2 - 7) / 36 - s * (((3 * z2 + 7) * z2 - 16) / 810 -
           s * z * ((9 * z2 + 256) * z2 - 433) / 38880))));
}

static double gamma_quantile(const struct shape *shape, double p, bool upper)
{
    double a = shape->a, b = shape->b;
    if (a > GAMMA_SHAPE_HIGH) return a * b * cornish_fisher(a, normal_score(p, upper));
    if (a >= GAMMA_SHAPE_LOW) return upper ? gsl_cdf_gamma_Qinv(p, a, b) : gsl_cdf_gamma_Pinv(p, a, b);
    double high = a * b;
    while (excess(shape, high, p, upper) < 0) high *= 2;
    double low = 0.5 * high;
    while (low > 1e-12 * a * b && excess(shape, low, p, upper) >= 0) high = low, low *= 0.5;
    return invert(shape, p, upper, low, high);
}

/* It lies between the least and the greatest of the parts' quantiles. */
static double mixture_quantile(const struct shape *shape, double p, bool upper)
{
    double low = HUGE_VAL, high = 0;
    for (uint32_t i = 0; i < shape->spec->n_parts; i++) {
        double x = shape_quantile(&shape->part[i], p, upper);
        if (!(x >= 0)) return (double)NAN;
        low = fmin(low, x);
        high = fmax(high, x);
    }
    return invert(shape, p, upper, low, high);
}

double shape_quantile(const struct shape *shape, double p, bool upper)
{
    const struct dist_spec *spec = shape->spec;
    if (is_point(spec)) return spec->mean_s;
    switch (spec->family) {
    case DIST_EXPONENTIAL: return spec->mean_s * -(upper ? log(p) : log1p(-p));
    case DIST_LOGNORMAL: return exp(shape->a + shape->b * normal_score(p, upper));
    case DIST_GAMMA:
    case DIST_ERLANG: return gamma_quantile(shape, p, upper);
    case DIST_WEIBULL: return shape->b * pow(-(upper ? log(p) : log1p(-p)), 1 / shape->a);
    case DIST_UNIFORM: return line(upper ? 1 - p : p, 0, spec->low_s, 1, spec->high_s);
    case DIST_PERCENTILES: return percentiles_quantile(shape, normal_score(p, upper));
    case DIST_EMPIRICAL:
        if (spec->n_points > 0) return histogram_quantile(spec, upper ? 1 - p : p);
        return values_quantile(spec, upper ? 1 - p : p);
    case DIST_MIXTURE: return mixture_quantile(shape, p, upper);
    case DIST_CONSTANT: break;
    }
    return (double)NAN;
}

/* ---- moments ---- */

static void mixture_moments(const struct dist_spec *spec, double *first, double *second)
{
    *first = *second = 0;
    for (uint32_t i = 0; i < spec->n_parts; i++) {
        double a, b;
        shape_moments(&spec->part[i], &a, &b);
        *first += spec->weight[i] * a;
        *second += spec->weight[i] * b;
    }
}

static void values_moments(const struct dist_spec *spec, double *first, double *second)
{
    *first = *second = 0;
    for (uint32_t i = 0; i < spec->n_values; i++) {
        *first += spec->value_s[i] / spec->n_values;
        *second += spec->value_s[i] * spec->value_s[i] / spec->n_values;
    }
}

/* Uniform between neighbours; what lies below the first point has its value. */
static void histogram_moments(const struct dist_spec *spec, double *first, double *second)
{
    const struct dist_point *point = spec->point;
    *first = point[0].p * point[0].s;
    *second = point[0].p * point[0].s * point[0].s;
    for (uint32_t i = 1; i < spec->n_points; i++) {
        double p = point[i].p - point[i - 1].p, a = point[i - 1].s, b = point[i].s;
        *first += p * (a + b) / 2;
        *second += p * (a * a + a * b + b * b) / 3;
    }
}

/* E[X^k] over scores from..to of a piece exp(mu + sigma z): a lognormal's moment, cut at both ends. */
static double piece_moment(int k, double mu, double sigma, double from, double to)
{
    double shift = k * sigma;
    double low = from - shift, high = to - shift;
    double p = low > 0 ? gsl_cdf_ugaussian_Q(low) - gsl_cdf_ugaussian_Q(high)
                       : gsl_cdf_ugaussian_P(high) - gsl_cdf_ugaussian_P(low);
    return exp(k * mu + 0.5 * shift * shift) * p;
}

static void percentiles_moments(const struct dist_spec *spec, double *first, double *second)
{
    *first = *second = 0;
    for (uint32_t i = 1; i < spec->n_points; i++) {
        double z0 = gsl_cdf_ugaussian_Pinv(spec->point[i - 1].p), z1 = gsl_cdf_ugaussian_Pinv(spec->point[i].p);
        double y0 = log(spec->point[i - 1].s), y1 = log(spec->point[i].s);
        double sigma = (y1 - y0) / (z1 - z0), mu = y0 - sigma * z0;
        double from = i == 1 ? -HUGE_VAL : z0, to = i + 1 == spec->n_points ? HUGE_VAL : z1;
        *first += piece_moment(1, mu, sigma, from, to);
        *second += piece_moment(2, mu, sigma, from, to);
    }
}

void shape_moments(const struct dist_spec *spec, double *first, double *second)
{
    double mean = spec->mean_s, cv = 0;
    switch (spec->family) {
    case DIST_CONSTANT: break;
    case DIST_EXPONENTIAL: cv = 1; break;
    case DIST_LOGNORMAL: case DIST_GAMMA: case DIST_WEIBULL: cv = spec->cv; break;
    case DIST_ERLANG: cv = 1 / sqrt(spec->stages); break;
    case DIST_UNIFORM:
        mean = 0.5 * (spec->low_s + spec->high_s);
        cv = mean > 0 ? (spec->high_s - spec->low_s) / (sqrt(12) * mean) : 0;
        break;
    case DIST_MIXTURE: mixture_moments(spec, first, second); return;
    case DIST_PERCENTILES: percentiles_moments(spec, first, second); return;
    case DIST_EMPIRICAL:
        if (spec->n_points > 0) histogram_moments(spec, first, second);
        else values_moments(spec, first, second);
        return;
    }
    *first = mean;
    *second = mean * mean * (1 + cv * cv);
}
