/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures of sweeps. Goal: what is drawn can be told apart: bars that end on the same side of the base do not lie over
 * one another, numbers on an axis differ, and the label of a scale stands clear of them. Method: bars and dots by hand,
 * and what is written of them; drawn too, where there is gnuplot. */
#include "plots/picture_sweep.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plots/script.h"

enum { TEXT_BYTES = 1 << 15 };

struct place { char folder[64], text[TEXT_BYTES]; };

static void place_make(struct place *place)
{
    strcpy(place->folder, "/tmp/test-sweep-pictures-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
}

static const char *place_read(struct place *place, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", place->folder, name);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    place->text[fread(place->text, 1, TEXT_BYTES - 1, in)] = '\0';
    fclose(in);
    return place->text;
}

static void place_remove(const struct place *place)
{
    static const char *const ending[] = { "csv", "gp", "svg", "png" };
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/x.%s", place->folder, ending[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(place->folder), 0);
}

/* Around 10: 8 and 9 lie on one side and share the height of their row, 9 and 12 do not; 10 itself is no side. */
static void bars_on_one_side_share_a_row(void **state)
{
    (void)state;
    struct place place;
    struct sim_err err = { 0 };
    const struct sweep_bar bar[] = { { "both less", 9, 8 }, { "apart", 9, 12 }, { "one", (double)NAN, 11 },
                                     { "both more", 11, 13 }, { "one moves", 10, 9.5 } };
    place_make(&place);
    const struct sweep_tornado tornado = { place.folder, "x", "which", "s", 10, 5, bar, false };
    assert_int_not_equal(sweep_tornado(&tornado, &err), DRAWN_NOT);
    assert_string_equal(place_read(&place, "x.csv"), "row,side,base,value,bottom,top\n"
                                                     "4,0,10,9,4,4.36\n4,1,10,8,3.64,4\n"
                                                     "3,0,10,9,2.64,3.36\n3,1,10,12,2.64,3.36\n"
                                                     "2,1,10,11,1.64,2.36\n"
                                                     "1,0,10,11,1,1.36\n1,1,10,13,0.64,1\n"
                                                     "0,0,10,10,-0.36,0.36\n0,1,10,9.5,-0.36,0.36\n");
    assert_non_null(strstr(place_read(&place, "x.gp"), ":1:3:4:5:6 "));
    place_remove(&place);
}

/* Ticks of an axis as written, and the letters of the longest number. */
static void ticks_are(double from, double to, uint32_t most, const char *want, uint32_t letters)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(write_ticks(out, "x", from, to, most), letters);
    fclose(out);
    assert_string_equal(text, want);
    free(text);
}

static void numbers_on_an_axis_differ(void **state)
{
    (void)state;
    ticks_are(19.3, 19116, 10, "set xtics 2000; set format x '%.0f'\n", 5); /* to 20000 */
    ticks_are(0, 9999, 10, "set xtics 1000; set format x '%.0f'\n", 5);     /* to 10000 */
    ticks_are(0, 8, 10, "set xtics 1; set format x '%.0f'\n", 1);
    ticks_are(0.93, 1, 10, "set xtics 0.01; set format x '%.2f'\n", 4);
    ticks_are(-12, 30, 10, "set xtics 5; set format x '%.0f'\n", 3); /* from -15 */
    ticks_are(500.0186, 500.0197, 7, "set xtics 0.0002; set format x '%.4f'\n", 8);
    ticks_are(0, 3e7, 10, "set xtics 5000000; set format x '%.0f'\n", 8);
    ticks_are(0, 7, 7, "set xtics 1; set format x '%.0f'\n", 1);
}

static void label_of_a_scale_stands_clear(void **state)
{
    (void)state;
    static const char *const value[] = { "1", "2" };
    static const struct { double first, second; const char *label; } scale[] = {
        { 0, 900, "set cblabel 'lag' noenhanced\n" },
        { 0, 19116, "set cblabel 'lag' noenhanced offset 1, 0\n" },
        { 0, 1234567, "set cblabel 'lag' noenhanced offset 3, 0\n" },
        { 19116, 19116, "set cblabel 'lag' noenhanced offset 1, 0\n" }, /* gnuplot widens it by a hundredth */
        { 0, 0, "set cblabel 'lag' noenhanced\n" },
        { (double)NAN, (double)NAN, "set cblabel 'lag' noenhanced\n" },
    };
    for (size_t i = 0; i < sizeof scale / sizeof *scale; i++) {
        struct place place;
        struct sim_err err = { 0 };
        const struct sweep_dot dot[] = { { 0, 0, scale[i].first, 0 }, { 1, 0, scale[i].second, 0 } };
        place_make(&place);
        const struct sweep_picture picture = { place.folder, "x", "lag", "a", "b", "lag", 2, 1, 2, value, value, dot,
                                               false };
        assert_int_not_equal(sweep_heat(&picture, &err), DRAWN_NOT);
        assert_non_null(strstr(place_read(&place, "x.gp"), scale[i].label));
        place_remove(&place);
    }
}

/* Fifty points, of which the first and the last lag least: room for 48. What is left out is told. */
static void those_that_lag_most_have_a_panel(void **state)
{
    (void)state;
    enum { POINTS = 50 };
    static const char *const group[] = { "pay" };
    static const char *point[POINTS];
    struct sweep_step step[POINTS];
    char label[POINTS][16];
    struct place place;
    struct sim_err err = { 0 };
    for (uint32_t p = 0; p < POINTS; p++) {
        snprintf(label[p], sizeof label[p], "n=<%u>", p);
        point[p] = label[p];
        step[p] = (struct sweep_step){ p, 0, 1, p == 0 || p == POINTS - 1 ? 3 : 7 };
    }
    place_make(&place);
    const struct sweep_panels panels = { place.folder, "x", "Lag", POINTS, 1, POINTS, point, group, step, false };
    assert_int_not_equal(sweep_small(&panels, &err), DRAWN_NOT);
    place_read(&place, "x.gp");
    assert_non_null(strstr(place.text, "'Lag; the 48 of 50 points with the greatest lag'"));
    assert_null(strstr(place.text, "'n=<0>'"));
    assert_non_null(strstr(place.text, "'n=<1>' noenhanced\n  plot 'x.csv' using ($1==1&&$2==0?$3:NaN)"));
    assert_null(strstr(place.text, "'n=<49>'"));
    place_remove(&place);
}

/* Nine curves and eight colours: from 8 steps in 7 gaps one is missing in the middle, where it is missed least; what a
 * row is of stays with it, two to a curve. Eight curves are eight. */
static void of_many_curves_some_are_drawn(void **state)
{
    (void)state;
    enum { CURVES = 9 };
    static const char *const x[] = { "1", "2" };
    static const char *curve[CURVES];
    struct sweep_dot dot[2 * CURVES];
    char label[CURVES][16];
    for (uint32_t c = 0; c < CURVES; c++) {
        snprintf(label[c], sizeof label[c], "pool=%u", c);
        curve[c] = label[c];
        dot[2 * c] = (struct sweep_dot){ 0, c, c, 0 };
        dot[2 * c + 1] = (struct sweep_dot){ 1, c, c + 1, 0 };
    }
    for (uint32_t n = CURVES - 1; n <= CURVES; n++)
        for (int korean = 0; korean < 2; korean++) {
            struct place place;
            struct sim_err err = { 0 };
            uint32_t drawn = 0;
            place_make(&place);
            const struct sweep_picture picture = { place.folder, "x", "lag", "a", "", "lag", 2, n, 2 * n, x, curve, dot,
                                                   korean };
            assert_int_not_equal(sweep_lines(&picture, &err), DRAWN_NOT);
            place_read(&place, "x.gp");
            for (uint32_t c = 0; c < CURVES; c++) {
                char rows[64], title[64];
                snprintf(rows, sizeof rows, ":3 every ::%u::%u with linespoints", 2 * c + 1, 2 * c + 2);
                snprintf(title, sizeof title, "title 'pool=%u'", c);
                assert_int_equal(strstr(place.text, rows) != NULL, strstr(place.text, title) != NULL);
                drawn += strstr(place.text, title) != NULL;
            }
            assert_int_equal(drawn, 8);
            assert_int_equal(strstr(place.text, "title 'pool=4'") != NULL, n == 8);
            assert_int_equal(strstr(place.text, "title 'lag' ") != NULL, n == 8);
            assert_int_equal(strstr(place.text, "'lag; 8 of 9 curves, spread evenly'") != NULL, n == 9 && !korean);
            assert_int_equal(strstr(place.text, "'lag; 고르게 뽑은 곡선 8개 (총 9개)'") != NULL, n == 9 && korean);
            assert_non_null(strstr(place_read(&place, "x.csv"), n == 9 ? "\n1,8,9,0\n" : "\n1,7,8,0\n"));
            place_remove(&place);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_on_one_side_share_a_row),
        cmocka_unit_test(numbers_on_an_axis_differ),
        cmocka_unit_test(label_of_a_scale_stands_clear),
        cmocka_unit_test(those_that_lag_most_have_a_panel),
        cmocka_unit_test(of_many_curves_some_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
