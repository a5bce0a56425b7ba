/* SPDX-License-Identifier: GPL-3.0-or-later
 * gnuplot as a process. Goal: one that never ends is ended, and told apart from one that fails. Method: shell scripts
 * of that name on the path. */
#include "plots/gnuplot.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct place { char folder[64], program[96], pid[96], path[256]; };

static void stand_in(struct place *place, const char *script)
{
    strcpy(place->folder, "/tmp/test-gnuplot-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->program, sizeof place->program, "%s/gnuplot", place->folder);
    snprintf(place->pid, sizeof place->pid, "%s/pid", place->folder);
    snprintf(place->path, sizeof place->path, "%s:/usr/bin:/bin", place->folder);
    FILE *out = fopen(place->program, "w");
    assert_non_null(out);
    fprintf(out, "#!/bin/sh\n%s\n", script);
    fclose(out);
    assert_int_equal(chmod(place->program, 0755), 0);
    assert_int_equal(setenv("PATH", place->path, 1), 0);
}

static void remove_stand_in(const struct place *place)
{
    unlink(place->program);
    unlink(place->pid);
    assert_int_equal(rmdir(place->folder), 0);
}

static void one_that_hangs_is_ended(void **state)
{
    (void)state;
    struct place place;
    struct sim_err err = { 0 };
    struct timespec begun, over;
    int pid = 0;
    stand_in(&place, "echo $$ >pid; exec sleep 30");
    clock_gettime(CLOCK_MONOTONIC, &begun);
    assert_int_equal(gnuplot_run(place.folder, "x.gp", 1, &err), GNUPLOT_HUNG);
    clock_gettime(CLOCK_MONOTONIC, &over);
    assert_in_range(over.tv_sec - begun.tv_sec, 0, 20);
    assert_string_equal(err.where, "x.gp");
    assert_non_null(strstr(err.text, "not done after 1 s"));
    FILE *in = fopen(place.pid, "r");
    assert_non_null(in);
    assert_int_equal(fscanf(in, "%d", &pid), 1);
    fclose(in);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    remove_stand_in(&place);
}

static void one_that_ends_in_time_is_heard(void **state)
{
    (void)state;
    struct place place;
    struct sim_err err = { 0 };
    stand_in(&place, "echo 'line 1: broken' >&2; exit 1");
    assert_int_equal(gnuplot_run(place.folder, "x.gp", 20, &err), GNUPLOT_FAILED);
    assert_non_null(strstr(err.text, "line 1: broken"));
    remove_stand_in(&place);
    stand_in(&place, "exit 0");
    assert_int_equal(gnuplot_run(place.folder, "x.gp", 20, &err), GNUPLOT_OK);
    remove_stand_in(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_hangs_is_ended),
        cmocka_unit_test(one_that_ends_in_time_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
