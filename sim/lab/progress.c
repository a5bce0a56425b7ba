/* SPDX-License-Identifier: GPL-3.0-or-later
 * A run that ends when nothing is in flight has no known length. Until the first one is done the load's length stands
 * for it, and beyond that no time left is named. */
#include "sim/lab/progress.h"

#include <math.h>

#include <sys/ioctl.h>

#include "sim/lab/run.h"

static const double quiet_s = 0.4; /* a study shorter than this shows nothing */

void progress_init(struct progress *progress, FILE *terminal, uint32_t n_replications, uint32_t n_workers,
                   double expected_s, struct arena *arena)
{
    *progress = (struct progress){ .terminal = terminal,
                                   .n_replications = n_replications,
                                   .n_workers = n_workers,
                                   .n_expected = n_replications,
                                   .now_ns = arena_array(arena, _Atomic sim_ns, n_workers),
                                   .start_s = wall_now_s(),
                                   .run_s = expected_s };
}

void progress_note_done(struct progress *progress, double end_s)
{
    progress->done++;
    progress->done_sim_s += end_s;
    progress->run_s = progress->done_sim_s / progress->done;
}

void progress_expect(struct progress *progress, double n_replications)
{
    progress->n_expected =
        n_replications > 0 ? fmin(n_replications, progress->n_replications) : progress->n_replications;
}

/* Seconds simulated by the runs under way, and the share of a run that this is; false when one is longer than known. */
static bool under_way(const struct progress *progress, double *sim_s, double *runs)
{
    bool known = true;
    *sim_s = *runs = 0;
    for (uint32_t i = 0; i < progress->n_workers; i++) {
        double now_s = ns_to_s(atomic_load_explicit(&progress->now_ns[i], memory_order_relaxed));
        *sim_s += now_s;
        *runs += fmin(now_s / progress->run_s, 1);
        if (now_s > progress->run_s && progress->done == 0) known = false;
    }
    return known;
}

char *progress_line(const struct progress *progress, double elapsed_s, char *out, size_t size)
{
    char far[48], left[32] = "";
    double sim_s, runs;
    bool known = under_way(progress, &sim_s, &runs);
    double share = (progress->done + runs) / progress->n_expected;
    if (progress->n_replications == 1) snprintf(far, sizeof far, "t = %.0f s", sim_s);
    else snprintf(far, sizeof far, "%u of %u runs", progress->done, progress->n_replications);
    if (known && share > 0) snprintf(left, sizeof left, ", %.0f s left", ceil(elapsed_s * fmax(1 - share, 0) / share));
    double per_s = (progress->done_sim_s + sim_s) / elapsed_s;
    int used = snprintf(out, size, "%s%s, %.0f x real time", far, left, per_s);
    if (progress->interval[0] && used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, ", %s", progress->interval);
    return out;
}

/* A line that is longer cannot be cleared. */
static int columns(FILE *terminal)
{
    struct winsize size;
    return ioctl(fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

void progress_show(struct progress *progress)
{
    char line[320];
    double elapsed_s = wall_now_s() - progress->start_s;
    if (!progress->terminal || elapsed_s < quiet_s) return;
    fprintf(progress->terminal, "\r%.*s\033[K", columns(progress->terminal) - 1,
            progress_line(progress, elapsed_s, line, sizeof line));
    fflush(progress->terminal);
    progress->shown = true;
}

void progress_fini(struct progress *progress)
{
    if (progress->shown) fprintf(progress->terminal, "\r\033[K");
    progress->shown = false;
}
