/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the plain pipeline gives the answers that five other programs gave for it, with one stock consumer and with
 * three: an overloaded queue and one that keeps up.
 * Method: scenarios/plain-pipeline.json, 200 replications. The others' answers are means over 1,000 runs in all, with
 * the standard deviation of one run; ours must lie within three standard errors of the difference, and must scatter as
 * much as theirs (by a third at most: 200 values tell a standard deviation to 5 %). p99 is the nearest rank, the 408th
 * longest of 40,800; between two ranks it would differ by far less than an error. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "tests/support/reruns.h"

enum { N_OTHERS = 1000, N_OURS = 200 };

/* from: what is taken off the figure first. */
struct answer { const char *path; double from, mean, sd; };

static bool agrees(const struct reruns *runs, const struct answer *others)
{
    const struct infer_mean *ours = &runs->outcome->mean[reruns_figure(runs, others->path)];
    double mean = ours->mean - others->from, off = mean - others->mean;
    double allowed = 3 * others->sd * sqrt(1.0 / N_OURS + 1.0 / N_OTHERS);
    print_message("%s: %.5g (%.3g), others %.5g (%.3g), off by %+.3g of %.3g allowed\n", others->path, mean, ours->sd,
                  others->mean, others->sd, off, allowed);
    return fabs(off) <= allowed && fabs(ours->sd / others->sd - 1) <= 1.0 / 3;
}

static void expect_answers(const char *consumers, const struct answer *answer, uint32_t n)
{
    const struct study_edit edit[] = { { "stock.consumers", consumers }, { "run.replications", "200" } };
    struct reruns runs;
    uint32_t n_agree = 0;
    reruns_open(&runs, "scenarios/plain-pipeline.json", edit, 2);
    assert_int_equal(runs.outcome->n, N_OURS);
    for (uint32_t i = 0; i < n; i++) n_agree += agrees(&runs, &answer[i]);
    assert_int_equal(n_agree, n);
    reruns_expect_sound(&runs, false);
    reruns_close(&runs);
}

/* The last order is paid when `post` has done its last record. */
static void test_one_consumer(void **state)
{
    static const struct answer answer[] = {
        { "groups.stock.sampled_peak_backlog", 0, 21198, 64 }, { "groups.post.drained_at_s", 600, 561.2, 2.6 },
        { "completion_s.mean", 0, 253.33, 1.40 }, { "completion_s.p99", 0, 571.6, 2.6 },
    };
    (void)state;
    expect_answers("1", answer, sizeof answer / sizeof *answer);
}

static void test_three_consumers(void **state)
{
    static const struct answer answer[] = {
        { "groups.stock.sampled_peak_backlog", 0, 14.3, 2.1 }, { "groups.stock.peak_backlog", 0, 17.5, 1.9 },
        { "groups.post.drained_at_s", 600, -0.738, 0.013 }, { "completion_s.mean", 0, 0.05945, 0.00105 },
        { "completion_s.p99", 0, 0.1908, 0.0123 },
    };
    (void)state;
    expect_answers("3", answer, sizeof answer / sizeof *answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_one_consumer), cmocka_unit_test(test_three_consumers) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
