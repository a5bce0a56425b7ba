/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tables of the two ziggurats, and the rare part of a draw. */
#include "bench/variates.h"

static double normal_density(double x) { return exp(-0.5 * x * x); }
static double normal_inverse(double y) { return sqrt(-2.0 * log(y)); }
static double exponential_density(double x) { return exp(-x); }
static double exponential_inverse(double y) { return -log(y); }

/* right: where the tail begins; area: of each layer, tail included. Both solve the ziggurat's equations for 256. */
static void ziggurat_init(struct ziggurat *z, double right, double area, double (*density)(double),
                          double (*inverse)(double))
{
    z->edge[0] = area / density(right);
    z->height[0] = 0.0;
    z->edge[1] = right;
    z->height[1] = density(right);
    for (int i = 2; i < LAYERS; i++) {
        z->height[i] = z->height[i - 1] + area / z->edge[i - 1];
        z->edge[i] = inverse(z->height[i]);
    }
    z->edge[LAYERS] = 0.0;
    z->height[LAYERS] = 1.0;
}

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void variates_init(struct variates *variates, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        variates->state[i] = splitmix(&seed);
    ziggurat_init(&variates->normal, 3.6541528853610088, 0.00492867323397465524, normal_density, normal_inverse);
    ziggurat_init(&variates->exponential, 7.69711747013104972, 0.0039496598225815571993, exponential_density,
                  exponential_inverse);
}

struct lognormal lognormal_of(double mean, double cv)
{
    const double variance = log1p(cv * cv);
    return (struct lognormal){ log(mean) - 0.5 * variance, sqrt(variance) };
}

/* A place in the part of layer i that the curve crosses: is it below the curve? */
static int below(struct variates *v, const struct ziggurat *z, unsigned i, double density)
{
    return z->height[i] + variates_place(variates_next(v)) * (z->height[i + 1] - z->height[i]) < density;
}

double exponential_slow(struct variates *v, uint64_t word)
{
    const struct ziggurat *z = &v->exponential;
    const unsigned i = word & (LAYERS - 1);
    const double x = variates_place(word) * z->edge[i];

    if (i == 0)
        return z->edge[1] + draw_exponential(v); /* beyond where the tail begins, the distribution is itself again */
    return below(v, z, i, exponential_density(x)) ? x : draw_exponential(v);
}

/* Beyond right: Marsaglia's method of 1964. */
static double normal_tail(struct variates *v, double right)
{
    for (;;) {
        const double x = draw_exponential(v) / right;
        if (2.0 * draw_exponential(v) > x * x)
            return right + x;
    }
}

double normal_slow(struct variates *v, uint64_t word)
{
    const struct ziggurat *z = &v->normal;
    const unsigned i = word & (LAYERS - 1);
    const double sign = word & LAYERS ? -1.0 : 1.0, x = variates_place(word) * z->edge[i];

    if (i == 0)
        return sign * normal_tail(v, z->edge[1]);
    return below(v, z, i, normal_density(x)) ? sign * x : draw_normal(v);
}
