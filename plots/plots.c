/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/plots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plots/files.h"
#include "plots/gnuplot.h"
#include "plots/paint.h"
#include "plots/rows.h"

static picture_fn *const pictures[] = { picture_lag_by_group,
                                        picture_lag_by_partition,
                                        picture_backlog_and_lag,
                                        picture_completion_time,
                                        picture_orders_by_status,
                                        picture_utilisation,
                                        picture_cause /* where there is one */ };

enum { PICTURES = sizeof pictures / sizeof pictures[0] };

/* A gnuplot that hung once is not waited for again: *hangs. */
static enum drawn draw_one(picture_fn *picture, struct script *script, bool *hangs, struct sim_err *err)
{
    char name[64];
    if (!picture(script, err) || *hangs) return DRAWN_NOT;
    snprintf(name, sizeof name, "%s.gp", script->name);
    switch (gnuplot_run(script->to, name, GNUPLOT_LIMIT_S, err)) {
    case GNUPLOT_OK: return script->terminal || files_drawn(script->to, script->name, err) ? DRAWN : DRAWN_NOT;
    case GNUPLOT_MISSING: return DRAWN_SCRIPTS;
    case GNUPLOT_HUNG: *hangs = true; break;
    case GNUPLOT_FAILED: break;
    }
    return DRAWN_NOT;
}

enum drawn plots_draw(const char *results, const char *to, bool korean, struct sim_err *err)
{
    struct folder folder;
    enum drawn drawn = DRAWN;
    bool hangs = false;
    if (!folder_open(&folder, results, err)) return DRAWN_NOT;
    struct script script = { .folder = &folder, .to = to, .korean = korean };
    const size_t n = folder_has(&folder, "causes.csv") ? PICTURES : PICTURES - 1;
    /* One that fails keeps no other from being drawn, nor its data and script from being there; the first one tells. */
    for (size_t i = 0; i < n; i++) {
        enum drawn one = draw_one(pictures[i], &script, &hangs, drawn == DRAWN_NOT ? NULL : err);
        if (one != DRAWN && drawn != DRAWN_NOT) drawn = one;
    }
    folder_close(&folder);
    return drawn;
}

bool plots_unchanged(const char *folder, struct sim_err *err)
{
    for (const char *const *name = plots_files; *name; name++) {
        char path[ROWS_PATH_BYTES];
        snprintf(path, sizeof path, "%s/%s", folder, *name);
        if (strstr(*name, ".gp") && script_is_changed(path))
            return sim_fail(err, SIM_EUSAGE, path,
                            "this script has been changed; take --force to replace it, or draw it in its "
                            "folder: gnuplot %s",
                            *name);
    }
    return true;
}

/* ---- on the terminal ---- */

static void remove_data(const char *folder)
{
    for (const char *const *name = plots_files; *name; name++) {
        char path[ROWS_PATH_BYTES];
        snprintf(path, sizeof path, "%s/%s", folder, *name);
        unlink(path);
    }
    rmdir(folder);
}

enum drawn plots_show(const char *results, const struct plots_terminal *terminal, struct sim_err *err)
{
    static picture_fn *const shown[] = { picture_lag_by_group, picture_completion_time };
    const char *folder_of_all = getenv("TMPDIR");
    char to[ROWS_PATH_BYTES / 2];
    struct folder folder;
    enum drawn drawn = DRAWN;
    bool hangs = false;
    snprintf(to, sizeof to, "%s/sim-plot-XXXXXX", folder_of_all && *folder_of_all ? folder_of_all : "/tmp");
    if (!folder_open(&folder, results, err)) return DRAWN_NOT;
    if (!mkdtemp(to))
        return sim_fail(err, SIM_ERUNTIME, to, "no folder for a script can be made: %s", strerror(errno)), DRAWN_NOT;
    struct script script = { .folder = &folder, .to = to, .terminal = terminal };
    for (size_t i = 0; i < sizeof shown / sizeof *shown && drawn == DRAWN; i++) {
        if (i > 0) putchar('\n');
        drawn = draw_one(shown[i], &script, &hangs, err);
    }
    remove_data(to);
    folder_close(&folder);
    return drawn;
}

#define FILES_OF(name) name ".gp", name ".csv", name ".svg", name ".png"
const char *const plots_files[] = {
    FILES_OF("lag-by-group"),
    "lag-by-group-arrivals.csv",
    "lag-by-group-band.csv",
    "lag-by-group-observed.csv",
    FILES_OF("lag-by-partition"),
    "lag-by-partition-arrivals.csv",
    "lag-by-partition-band.csv",
    "lag-by-partition-observed.csv",
    FILES_OF("backlog-and-lag"),
    "backlog-and-lag-band.csv",
    FILES_OF("completion-time"),
    "completion-time-band.csv",
    FILES_OF("orders-by-status"),
    "orders-by-status-observed.csv",
    FILES_OF("utilisation"),
    FILES_OF("cause"),
    NULL,
};
