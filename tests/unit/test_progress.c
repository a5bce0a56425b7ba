/* SPDX-License-Identifier: GPL-3.0-or-later
 * The progress line. Goal: it says how far, how fast and how long, and names no time left that it cannot know. Method:
 * progress put together by hand, elapsed time given. */
#include "sim/lab/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void says(const struct progress *progress, double elapsed_s, const char *want)
{
    char line[160];
    assert_string_equal(progress_line(progress, elapsed_s, line, sizeof line), want);
}

static void one_run_shows_its_time(void **state)
{
    (void)state;
    struct arena arena;
    struct progress progress;
    arena_init(&arena);
    progress_init(&progress, NULL, 1, 1, 600, &arena);
    says(&progress, 0.5, "t = 0 s, 0 x real time");
    progress.now_ns[0] = 150 * SIM_S;
    says(&progress, 0.5, "t = 150 s, 2 s left, 300 x real time");
    progress.now_ns[0] = 700 * SIM_S; /* longer than the load: nobody knows how long */
    says(&progress, 2, "t = 700 s, 350 x real time");
    arena_fini(&arena);
}

static void several_runs_count_and_learn_their_length(void **state)
{
    (void)state;
    struct arena arena;
    struct progress progress;
    arena_init(&arena);
    progress_init(&progress, NULL, 4, 2, 600, &arena);
    progress_note_done(&progress, 1000);
    progress.now_ns[0] = 500 * SIM_S;
    progress.now_ns[1] = 500 * SIM_S;
    says(&progress, 2, "1 of 4 runs, 2 s left, 1000 x real time");
    progress.now_ns[0] = progress.now_ns[1] = 0;
    progress_note_done(&progress, 1000);
    progress_note_done(&progress, 1000);
    progress_note_done(&progress, 1000);
    says(&progress, 4, "4 of 4 runs, 0 s left, 1000 x real time");
    arena_fini(&arena);
}

static void an_aim_shortens_what_is_left(void **state)
{
    (void)state;
    struct arena arena;
    struct progress progress;
    arena_init(&arena);
    progress_init(&progress, NULL, 400, 2, 600, &arena);
    for (int i = 0; i < 10; i++) progress_note_done(&progress, 600);
    progress_expect(&progress, 40);
    snprintf(progress.interval, sizeof progress.interval, "orders.paid 50 +-2 (+-1 asked)");
    says(&progress, 3,
         "10 of 400 runs, 9 s left, 2000 x real time, orders.paid 50 +-2 (+-1 asked)");
    progress_expect(&progress, 4000);
    says(&progress, 3,
         "10 of 400 runs, 117 s left, 2000 x real time, orders.paid 50 +-2 (+-1 asked)");
    progress_expect(&progress, 0);
    assert_true(progress.n_expected == 400);
    arena_fini(&arena);
}

static void a_study_without_load_has_no_known_length(void **state)
{
    (void)state;
    struct arena arena;
    struct progress progress;
    arena_init(&arena);
    progress_init(&progress, NULL, 1, 1, 0, &arena);
    progress.now_ns[0] = 10 * SIM_S;
    says(&progress, 1, "t = 10 s, 10 x real time");
    arena_fini(&arena);
}

static void nothing_is_written_without_a_terminal(void **state)
{
    (void)state;
    struct arena arena;
    struct progress progress;
    arena_init(&arena);
    progress_init(&progress, NULL, 2, 1, 600, &arena);
    progress.start_s -= 100;
    progress_show(&progress);
    assert_false(progress.shown);
    progress_fini(&progress);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_run_shows_its_time),
        cmocka_unit_test(several_runs_count_and_learn_their_length),
        cmocka_unit_test(an_aim_shortens_what_is_left),
        cmocka_unit_test(a_study_without_load_has_no_known_length),
        cmocka_unit_test(nothing_is_written_without_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
