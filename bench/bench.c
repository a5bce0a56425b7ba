/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench BUILD   measures BUILD/sim beside the two reference loops (BUILD/bench/reference) and prints a table.
 *
 * What is measured is the user CPU time and the greatest resident size of whole processes, reading the scenario and
 * writing the result included. Every round runs each program once, one after the other, so that what else the machine
 * does hits all alike; a ratio is the median over the rounds of the ratio within a round. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5, REPEATS = 25, REPEATS_LONG = 245, PROFILE_ORDERS = 40800, REPORT_ORDERS = 40730 };

static const char *const PLAIN = "scenarios/plain-pipeline.json", *const REPORT = "scenarios/report-2025-12-24.json";
static const char *const STAGES = "/load/scenarios/orders/stages=";

struct measure {
    double cpu_s, wall_s, peak_bytes;
    char *output;
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* All that can be read from fd, ended by a zero. */
static char *read_all(int fd)
{
    size_t n = 0, capacity = 1 << 16;
    char *text = malloc(capacity);

    for (ssize_t got; text && (got = read(fd, text + n, capacity - n - 1)) > 0;)
        if ((n += (size_t)got) == capacity - 1)
            text = realloc(text, capacity *= 2);
    if (!text)
        give_up("out of memory");
    text[n] = '\0';
    return text;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Runs argv; exits 0 and 99 (a threshold is not met) are as they should be. */
static struct measure measure(const char *const argv[])
{
    int pipe_fd[2], status;
    struct rusage usage;
    pid_t child;

    fflush(stdout);
    const double begun_s = now_s();
    if (pipe(pipe_fd) || (child = fork()) < 0)
        give_up("cannot start a process");
    if (!child) {
        dup2(pipe_fd[1], STDOUT_FILENO);
        close(pipe_fd[0]);
        close(pipe_fd[1]);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(pipe_fd[1]);
    char *output = read_all(pipe_fd[0]);
    close(pipe_fd[0]);
    if (wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) ||
        (WEXITSTATUS(status) && WEXITSTATUS(status) != 99)) {
        fprintf(stderr, "bench: %s %s %s failed\n", argv[0], argv[1], argv[2]);
        exit(1);
    }
    return (struct measure){ (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec,
                             now_s() - begun_s, 1024.0 * (double)usage.ru_maxrss, output };
}

static double measured_cpu_s(const char *const argv[])
{
    const struct measure m = measure(argv);
    free(m.output);
    return m.cpu_s;
}

/* The number behind "key": after the text `after` in a summary. */
static double figure(const char *summary, const char *after, const char *key)
{
    char quoted[64];
    const char *at = strstr(summary, after);

    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    at = at ? strstr(at, quoted) : NULL;
    if (!at)
        give_up("a figure is missing in the summary");
    return strtod(at + strlen(quoted), NULL);
}

/* --set for a load that is the report's profile, so many times. */
static char *profile_set(int repeats)
{
    static const char *const once = "{\"target\":20,\"duration\":\"1m\"},{\"target\":50,\"duration\":\"2m\"},"
                                    "{\"target\":100,\"duration\":\"2m\"},{\"target\":100,\"duration\":\"4m\"},"
                                    "{\"target\":0,\"duration\":\"1m\"}";
    char *text = malloc(strlen(STAGES) + (strlen(once) + 1) * (size_t)repeats + 3), *end = text;

    if (!text)
        give_up("out of memory");
    end += sprintf(end, "%s[", STAGES);
    for (int i = 0; i < repeats; i++)
        end += sprintf(end, "%s%s", i ? "," : "", once);
    strcpy(end, "]");
    return text;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *value)
{
    double sorted[ROUNDS];

    memcpy(sorted, value, sizeof sorted);
    qsort(sorted, ROUNDS, sizeof *sorted, ascending);
    return sorted[ROUNDS / 2];
}

/* Median over rounds of a[round] / b[round]. */
static double median_ratio(const double *a, const double *b)
{
    double ratio[ROUNDS];

    for (int r = 0; r < ROUNDS; r++)
        ratio[r] = a[r] / b[r];
    return median(ratio);
}

static void print_row(const char *name, const double *cpu_s, const double *limit_s, const double *loop_s,
                      double events, double peak_bytes)
{
    const double orders = (double)REPEATS * PROFILE_ORDERS, s = median(cpu_s);

    printf("  %-20s %9.0f %12.0f %12.0f %9.1f %12.2f %12.2f\n", name, 1e9 * s / orders, orders / s, events / s,
           peak_bytes / 1048576.0, median_ratio(cpu_s, limit_s), median_ratio(cpu_s, loop_s));
}

static void bench_plain(const char *sim, const char *reference, const char *profile)
{
    const char *const limit_argv[] = { reference, "maxplus", "3", "25", "1", NULL };
    const char *const loop_argv[] = { reference, "loop", "3", "25", "1", NULL };
    const char *const sim_argv[] = { sim, "run", PLAIN, "--replications", "1", "--jobs", "1", "--format", "json",
                                     "--quiet", "--set", "/run/at_most=100h", "--set", profile, NULL };
    const double orders = (double)REPEATS * PROFILE_ORDERS;
    double limit_s[ROUNDS], loop_s[ROUNDS], sim_s[ROUNDS];

    for (int r = 0; r < ROUNDS; r++) {
        limit_s[r] = measured_cpu_s(limit_argv);
        loop_s[r] = measured_cpu_s(loop_argv);
        sim_s[r] = measured_cpu_s(sim_argv);
    }
    const struct measure limit = measure(limit_argv), loop = measure(loop_argv), own = measure(sim_argv);

    printf("Plain pipeline, three stock consumers, %.0f orders (the report's load %d times over).\n", orders, REPEATS);
    printf("User CPU of whole processes, median of %d paired rounds; an event is one of six an order for the loops.\n\n",
           (int)ROUNDS);
    printf("  %-20s %9s %12s %12s %9s %12s %12s\n", "", "ns/order", "orders/s", "events/s", "peak MiB", "x max-plus",
           "x bare loop");
    print_row("max-plus recursion", limit_s, limit_s, loop_s, 6 * orders, limit.peak_bytes);
    print_row("bare event loop", loop_s, limit_s, loop_s, 6 * orders, loop.peak_bytes);
    print_row("sim", sim_s, limit_s, loop_s, figure(own.output, "\"sim\"", "events"), own.peak_bytes);
}

static void bench_report(const char *sim)
{
    const char *const argv[] = { sim, "run", REPORT, "--replications", "1", "--jobs", "1", "--format", "json",
                                 "--quiet", NULL };
    double cpu_s[ROUNDS];

    for (int r = 0; r < ROUNDS; r++)
        cpu_s[r] = measured_cpu_s(argv);
    const struct measure m = measure(argv);
    const double s = median(cpu_s), events = figure(m.output, "\"sim\"", "events");

    printf("\nThe report's scenario, all six groups, locks, rows and invariants, %d orders, one replication:\n\n",
           (int)REPORT_ORDERS);
    printf("  CPU time %.3f s (%.0f ns/order), %.0f orders/s, %.0f events/s, %.1f events/order, peak %.1f MiB\n", s,
           1e9 * s / REPORT_ORDERS, REPORT_ORDERS / s, events / s, events / REPORT_ORDERS, m.peak_bytes / 1048576.0);
}

/* Elapsed time on one thread and on two, paired. */
static void bench_threads(const char *sim)
{
    const char *argv[] = { sim, "run", REPORT, "--replications", "20", "--format", "json", "--quiet", "--jobs", "1",
                           NULL };
    double one_s[ROUNDS], two_s[ROUNDS];

    for (int r = 0; r < ROUNDS; r++) {
        struct measure m;
        argv[9] = "1";
        m = measure(argv);
        free(m.output);
        one_s[r] = m.wall_s;
        argv[9] = "2";
        m = measure(argv);
        free(m.output);
        two_s[r] = m.wall_s;
    }
    printf("  twenty replications take %.2f s on one thread, %.2f s on two: %.2f times as fast\n", median(one_s),
           median(two_s), median_ratio(one_s, two_s));
}

/* Resident size when the pipeline keeps up, and what a waiting record adds when it does not. */
static void bench_memory(const char *sim, const char *profile, const char *profile_long)
{
    const char *argv[] = { sim, "run", PLAIN, "--replications", "1", "--jobs", "1", "--format", "json", "--quiet",
                           "--set", "/run/at_most=100h", "--set", profile_long, "--set",
                           "/groups/stock/consumers=3", NULL };
    const struct measure kept_up = measure(argv);
    argv[13] = profile;
    const struct measure three = measure(argv);
    argv[15] = "/groups/stock/consumers=1";
    const struct measure one = measure(argv);
    const double waiting = figure(one.output, "\"stock\"", "peak_backlog");
    const double orders = (double)REPEATS_LONG * PROFILE_ORDERS;

    printf("\nMemory of the plain pipeline:\n\n");
    printf("  %.0f orders, three consumers: peak %.1f MiB, %.2f bytes/order, %.1f s of CPU time\n", orders,
           kept_up.peak_bytes / 1048576.0, kept_up.peak_bytes / orders, kept_up.cpu_s);
    printf("  one consumer, %.0f records waiting at the peak: %.1f MiB more, %.1f bytes/waiting record\n", waiting,
           (one.peak_bytes - three.peak_bytes) / 1048576.0, (one.peak_bytes - three.peak_bytes) / waiting);
}

int main(int argc, char **argv)
{
    char sim[512], reference[512];

    if (argc != 2) {
        fputs("usage: bench BUILD\n", stderr);
        return 2;
    }
    snprintf(sim, sizeof sim, "%s/sim", argv[1]);
    snprintf(reference, sizeof reference, "%s/bench/reference", argv[1]);
    char *profile = profile_set(REPEATS), *profile_long = profile_set(REPEATS_LONG);

    bench_plain(sim, reference, profile);
    bench_report(sim);
    bench_threads(sim);
    bench_memory(sim, profile, profile_long);
    free(profile);
    free(profile_long);
    return 0;
}
