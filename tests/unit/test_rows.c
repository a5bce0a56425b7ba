/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows of CSV files. Goal: columns by name in any order, quoted fields, empty ones; a file that is not there, lacks a
 * column or ends in the middle of a row is refused with its name. Method: small files. */
#include "plots/rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct file {
    char folder[64], path[96];
};

static void file_make(struct file *file, const char *text)
{
    strcpy(file->folder, "/tmp/test-rows-XXXXXX");
    assert_non_null(mkdtemp(file->folder));
    snprintf(file->path, sizeof file->path, "%s/x.csv", file->folder);
    FILE *out = fopen(file->path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void file_remove(const struct file *file)
{
    unlink(file->path);
    rmdir(file->folder);
}

static const char *const wanted[] = { "name", "t_s", NULL };

static void finds_columns_by_name(void **state)
{
    (void)state;
    struct file file;
    struct rows rows;
    struct sim_err err = { 0 };
    file_make(&file, "t_s,other,name,more\r\n1.5,x,\"a, \"\"b\"\"\",y\r\n,,plain,\n");
    assert_true(rows_open(&rows, file.folder, "x.csv", wanted, &err));
    assert_true(rows_next(&rows, &err));
    assert_string_equal(rows.field[0], "a, \"b\"");
    assert_true(rows_number(&rows, 1) == 1.5);
    assert_true(rows_next(&rows, &err));
    assert_string_equal(rows.field[0], "plain");
    assert_true(isnan(rows_number(&rows, 1)));
    assert_true(isnan(rows_number(&rows, 0)));
    assert_false(rows_next(&rows, &err));
    assert_int_equal(err.code, SIM_OK);
    rows_close(&rows);
    file_remove(&file);
}

static void refuses_a_missing_file(void **state)
{
    (void)state;
    struct rows rows;
    struct sim_err err = { 0 };
    assert_false(rows_open(&rows, "/nonexistent", "x.csv", wanted, &err));
    assert_int_equal(err.code, SIM_ERUNTIME);
    assert_string_equal(err.where, "/nonexistent/x.csv");
}

static void refuses_a_missing_column(void **state)
{
    (void)state;
    static const char *const texts[] = { "t_s,nam\n1,2\n", "", "\n" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct file file;
        struct rows rows;
        struct sim_err err = { 0 };
        file_make(&file, texts[i]);
        assert_false(rows_open(&rows, file.folder, "x.csv", wanted, &err));
        assert_int_equal(err.code, SIM_ERUNTIME);
        assert_non_null(strstr(err.text, "no column name"));
        file_remove(&file);
    }
}

static void refuses_a_row_cut_short(void **state)
{
    (void)state;
    struct file file;
    struct rows rows;
    struct sim_err err = { 0 };
    file_make(&file, "t_s,a,name\n1,2,x\n1,2\n");
    assert_true(rows_open(&rows, file.folder, "x.csv", wanted, &err));
    assert_true(rows_next(&rows, &err));
    assert_false(rows_next(&rows, &err));
    assert_int_equal(err.code, SIM_ERUNTIME);
    assert_non_null(strstr(err.text, "line 3"));
    rows_close(&rows);
    file_remove(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_columns_by_name),
        cmocka_unit_test(refuses_a_missing_file),
        cmocka_unit_test(refuses_a_missing_column),
        cmocka_unit_test(refuses_a_row_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
