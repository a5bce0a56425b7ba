/* SPDX-License-Identifier: GPL-3.0-or-later
 * What --vary and --points mean. Goal: ranges hold their ends, lists are cut at top-level commas only, grids
 * are complete and in order, and every wrong form is refused with its own words. Method: one line each. */
#include "sim/lab/vary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The values as "a|b|c", or "!" and the message. */
static const char *values(const char *text, struct arena *arena)
{
    struct variation variation;
    struct sim_err err = { 0 };
    char out[512] = "";
    if (!vary_parse(&variation, text, arena, &err)) {
        snprintf(out, sizeof out, "!%.500s", err.text);
        assert_int_equal(err.code, SIM_EUSAGE);
        return arena_strdup(arena, out);
    }
    for (uint32_t i = 0; i < variation.n; i++) {
        if (i > 0) strcat(out, "|");
        strcat(out, variation.value[i]);
    }
    return arena_strdup(arena, out);
}

static void ranges_hold_their_ends(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    assert_string_equal(values("a.b=1..4", &arena), "1|2|3|4");
    assert_string_equal(values("a.b=-1..1", &arena), "-1|0|1");
    assert_string_equal(values("a.b=1..4..2", &arena), "1|3");
    assert_string_equal(values("a.b=0.1..0.5..0.1", &arena), "0.1|0.2|0.3|0.4|0.5");
    assert_string_equal(values("/a/b=5ms..20ms..5ms", &arena), "5ms|10ms|15ms|20ms");
    assert_string_equal(values("/a/b=900ms..1.1s..100ms", &arena), "900ms|1s|1.1s");
    assert_string_equal(values("a=3..3", &arena), "3");
    arena_fini(&arena);
}

static void lists_are_cut_at_top_level_commas(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    assert_string_equal(values("a=1,2,8", &arena), "1|2|8");
    assert_string_equal(values("a=range,sticky", &arena), "range|sticky");
    assert_string_equal(values("a={\"mean\": \"1ms\", \"cv\": 0},2ms", &arena), "{\"mean\": \"1ms\", \"cv\": 0}|2ms");
    assert_string_equal(values("a=\"x,y\",[1,2]", &arena), "\"x,y\"|[1,2]");
    assert_string_equal(values("a=7", &arena), "7");
    assert_string_equal(values("a=b=c", &arena), "b=c");
    arena_fini(&arena);
}

static void wrong_forms_are_refused(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    assert_non_null(strstr(values("a", &arena), "is not of the form PTR=VALUES"));
    assert_non_null(strstr(values("=1..2", &arena), "is not of the form PTR=VALUES"));
    assert_non_null(strstr(values("a=", &arena), "is not of the form PTR=VALUES"));
    assert_non_null(strstr(values("a=0.5..2", &arena), "needs a step"));
    assert_non_null(strstr(values("a=1ms..3ms", &arena), "needs a step"));
    assert_non_null(strstr(values("a=1..3ms..1", &arena), "!"));
    assert_non_null(strstr(values("a=1ms..3ms..1", &arena), "some bounds have a unit"));
    assert_non_null(strstr(values("a=4..1", &arena), "does not go up"));
    assert_non_null(strstr(values("a=1..4..0", &arena), "does not go up"));
    assert_non_null(strstr(values("a=1..x", &arena), "neither a number nor a duration"));
    assert_non_null(strstr(values("a=1..10000000", &arena), "more than 100000 values"));
    assert_non_null(strstr(values("a=1,,2", &arena), "between two commas is missing"));
    assert_string_equal(values("a=1,2,1", &arena), "!--vary: in \"a=1,2,1\" the value 1 is given twice");
    assert_string_equal(values("a=x,y,x", &arena), "!--vary: in \"a=x,y,x\" the value x is given twice");
    assert_non_null(strstr(values("a=1,2,1.0", &arena), "are one value; give it once"));
    assert_non_null(strstr(values("a=5ms,6ms,0.005s", &arena), "are one value; give it once"));
    assert_string_equal(values("a=5,5ms,\"5\"", &arena), "5|5ms|\"5\"");
    arena_fini(&arena);
}

static void a_grid_has_every_combination_once(void **state)
{
    static const struct study_edit fixed[] = { { "/run/seed", "7" } };
    const struct point base = { .n_edits = 1, .edit = fixed };
    static const char *const expected[] = { "consumers=1, mean=5ms", "consumers=1, mean=6ms", "consumers=2, mean=5ms",
                                            "consumers=2, mean=6ms", "consumers=3, mean=5ms", "consumers=3, mean=6ms" };
    struct variation variation[2];
    struct point *point;
    uint32_t n;
    struct arena arena;
    struct sim_err err = { 0 };
    (void)state;
    arena_init(&arena);
    assert_true(vary_parse(&variation[0], "pay.consumers=1..3", &arena, &err));
    assert_true(vary_parse(&variation[1], "/stages/pay/time/mean=5ms,6ms", &arena, &err));
    assert_true(points_of_grid(&base, variation, 2, &point, &n, &arena, &err));
    assert_int_equal(n, 6);
    for (uint32_t i = 0; i < n; i++) {
        assert_string_equal(point[i].label, expected[i]);
        assert_int_equal(point[i].n_edits, 3);
        assert_string_equal(point[i].edit[0].pointer, "/run/seed");
    }
    arena_fini(&arena);
}

static void pointers_that_end_alike_are_named_in_full(void **state)
{
    const struct point base = { 0 };
    struct variation variation[2];
    struct point *point;
    uint32_t n;
    struct arena arena;
    struct sim_err err = { 0 };
    (void)state;
    arena_init(&arena);
    assert_true(vary_parse(&variation[0], "pay.consumers=1", &arena, &err));
    assert_true(vary_parse(&variation[1], "stock.consumers=2", &arena, &err));
    assert_true(points_of_grid(&base, variation, 2, &point, &n, &arena, &err));
    assert_string_equal(point[0].label, "pay.consumers=1, stock.consumers=2");
    arena_fini(&arena);
}

/* Writes the text to a file and reads it as points; NULL with err. */
static struct point *table_points(const char *text, uint32_t *n, struct arena *arena, struct sim_err *err)
{
    const struct point base = { 0 };
    struct point *point;
    char name[] = "/tmp/test_vary_XXXXXX";
    int file = mkstemp(name);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    bool ok = points_of_csv(&base, name, &point, n, arena, err);
    unlink(name);
    return ok ? point : NULL;
}

static void a_table_has_a_point_a_row(void **state)
{
    struct arena arena;
    struct sim_err err = { 0 };
    uint32_t n;
    (void)state;
    arena_init(&arena);
    struct point *point = table_points("pay.consumers,/stages/pay/time\r\n"
                                       "1,5ms\r\n\r\n"
                                       "2,\"{\"\"mean\"\": \"\"6ms\"\"}\"\r\n"
                                       "3,\"{\n}\"\r\n4,5ms\n", &n, &arena, &err);
    assert_non_null(point);
    assert_int_equal(n, 4);
    assert_string_equal(point[0].edit[1].value, "5ms");
    assert_string_equal(point[1].edit[0].value, "2");
    assert_string_equal(point[1].edit[1].value, "{\"mean\": \"6ms\"}");
    assert_non_null(strstr(point[0].from, ":2"));
    assert_non_null(strstr(point[1].from, ":4")); /* an empty line is one, too, */
    assert_non_null(strstr(point[2].from, ":5"));
    assert_non_null(strstr(point[3].from, ":7")); /* and so is one that ends within quotes */
    assert_null(strpbrk(point[2].label, "\n")); /* which breaks no row of a table */
    assert_null(table_points("a,b\n1\n", &n, &arena, &err));
    assert_non_null(strstr(err.text, "line 2 has 1 cells"));
    err = (struct sim_err){ 0 };
    assert_null(table_points("a,b\n", &n, &arena, &err));
    assert_non_null(strstr(err.text, "no row"));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_hold_their_ends),
        cmocka_unit_test(lists_are_cut_at_top_level_commas),
        cmocka_unit_test(wrong_forms_are_refused),
        cmocka_unit_test(a_grid_has_every_combination_once),
        cmocka_unit_test(pointers_that_end_alike_are_named_in_full),
        cmocka_unit_test(a_table_has_a_point_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
