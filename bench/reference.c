/* SPDX-License-Identifier: GPL-3.0-or-later
 * reference maxplus|loop CONSUMERS REPEATS SEED          plays the plain pipeline once, prints how it ended
 * reference answers maxplus|loop CONSUMERS RUNS SEED     means over RUNS runs of one profile, one answer a line:
 *                                                        peak_backlog last_paid_s completion_mean_s completion_p99_s */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plain.h"

typedef void play_fn(struct plain_answers *out, uint32_t consumers, uint32_t repeats, uint64_t seed);

void *plain_alloc(uint64_t n, uint64_t size)
{
    void *memory = calloc(n ? n : 1, size);
    if (!memory) {
        fputs("reference: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void plain_free(struct plain_answers *answers)
{
    free(answers->completion_s);
    for (int q = 0; q < PLAIN_QUEUES; q++)
        free(answers->queued[q]);
}

/* The rate goes 0 -> 20 in 1 min, -> 50 in 2, -> 100 in 2, stays for 4, -> 0 in 1; per second. */
double plain_arrival_s(uint32_t i)
{
    static const struct { double from_s, area, rate, slope; } piece[] = {
        { 0, 0, 0, 20.0 / 60 }, { 60, 600, 20, 30.0 / 120 }, { 180, 4800, 50, 50.0 / 120 },
        { 300, 13800, 100, 0 }, { 540, 37800, 100, -100.0 / 60 },
    };
    const double area = i % PROFILE_ORDERS + 0.5;
    int p = 4;

    while (area < piece[p].area)
        p--;
    /* rate x + slope x^2 / 2 = rest, solved without cancellation */
    const double rest = area - piece[p].area, rate = piece[p].rate;
    const double x = 2.0 * rest / (rate + sqrt(rate * rate + 2.0 * piece[p].slope * rest));
    return (double)(i / PROFILE_ORDERS) * PROFILE_S + piece[p].from_s + x;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { PEAK, LAST, MEAN, P99, ANSWERS };

static void add_answers(double sum[ANSWERS], struct plain_answers *a)
{
    uint32_t peak = 0;
    double total = 0.0;

    for (uint32_t t = 0; t < a->seconds; t++)
        peak = a->queued[PLAIN_STOCK][t] > peak ? a->queued[PLAIN_STOCK][t] : peak;
    qsort(a->completion_s, a->n, sizeof *a->completion_s, ascending);
    for (uint32_t i = 0; i < a->n; i++)
        total += a->completion_s[i];
    sum[PEAK] += peak;
    sum[LAST] += a->last_end_s - PROFILE_S;
    sum[MEAN] += total / a->n;
    sum[P99] += a->completion_s[(a->n * 99u + 99u) / 100u - 1u]; /* nearest rank */
}

static void print_answers(play_fn *play, uint32_t consumers, uint32_t runs, uint64_t seed)
{
    static const char *const name[ANSWERS] = { "peak_backlog", "last_paid_s", "completion_mean_s", "completion_p99_s" };
    double sum[ANSWERS] = { 0.0 };

    for (uint32_t r = 0; r < runs; r++) {
        struct plain_answers answers;
        play(&answers, consumers, 1, seed + r);
        add_answers(sum, &answers);
        plain_free(&answers);
    }
    for (int k = 0; k < ANSWERS; k++)
        printf("%s %.6f\n", name[k], sum[k] / runs);
}

static play_fn *play_named(const char *name)
{
    return !strcmp(name, "maxplus") ? plain_maxplus : !strcmp(name, "loop") ? plain_loop : NULL;
}

int main(int argc, char **argv)
{
    const int answers = argc == 6 && !strcmp(argv[1], "answers");
    char **arg = argv + 1 + answers;
    play_fn *play = argc == 5 + answers ? play_named(arg[0]) : NULL;
    const unsigned long consumers = play ? strtoul(arg[1], NULL, 10) : 0, times = play ? strtoul(arg[2], NULL, 10) : 0;

    if (consumers < 1 || consumers > PLAIN_PARTITIONS || times < 1 || times > 1000000) {
        fputs("usage: reference [answers] maxplus|loop CONSUMERS(1..3) REPEATS|RUNS SEED\n", stderr);
        return 2;
    }
    if (answers) {
        print_answers(play, (uint32_t)consumers, (uint32_t)times, strtoull(arg[3], NULL, 10));
    } else {
        struct plain_answers a;
        play(&a, (uint32_t)consumers, (uint32_t)times, strtoull(arg[3], NULL, 10));
        printf("%u orders, the last paid at %.3f s\n", a.n, a.last_end_s);
        plain_free(&a);
    }
    return 0;
}
