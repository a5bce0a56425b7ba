/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim sweep: a grid or a table of points, each replicated, into one result file. Thresholds are judged point by point
 * and shown; that a point misses them is what one sweeps for, so it does not change the exit code. A broken invariant
 * does. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/lab/interrupt.h"
#include "sim/lab/output.h"
#include "sim/lab/sweep.h"
#include "sim/lab/tornado.h"
#include "sim/lab/vary.h"
#include "sim/lab/workers.h"
#include "sim/results/shown.h"
#include "sim/results/sweep_table.h"
#include "sim/results/tornado_table.h"
#include "sim/results/typed.h"
#include "sim/version.h"

enum { REPLICATIONS = 30, TEXT_COLUMNS = 80 };

struct sweeping {
    const struct options *options;
    struct study_source source;
    struct point base; /* without varied values */
    struct desk desk;
    struct findings findings;
    struct point *point;
    struct store_point *stored;
    struct unknown *unknown;
    struct tornado_points tornado;
    struct store_experiment experiment;
    struct sweep sweep;
    const char *file; /* of results */
    const char *name; /* of the scenario */
    bool replaces;    /* the file held something else */
};

static bool read_unknowns(struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    const struct options *options = sweeping->options;
    sweeping->unknown = arena_array(arena, struct unknown, options->unknown.n);
    if (options->unknown.n > UNKNOWNS_MAX)
        return sim_fail(err, SIM_EUSAGE, NULL, "%u unknown values are more than the %d that a sweep can carry through",
                        options->unknown.n, UNKNOWNS_MAX);
    for (uint32_t i = 0; i < options->unknown.n; i++)
        if (!unknown_parse(&sweeping->unknown[i], options->unknown.word[i], arena, err)) return false;
    return true;
}

/* Beside the replications: each has values of its own. Both ends are acceptable in every point. */
static bool draw_unknowns(struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    struct sweep *sweep = &sweeping->sweep;
    const uint32_t n = sweeping->options->unknown.n;
    struct store_unknown *stored = arena_array(arena, struct store_unknown, n);
    for (uint32_t p = 0; p < sweep->n_points; p++)
        if (!unknowns_settle(sweeping->unknown, n, &sweeping->point[p], sweeping->stored[p].n_params, &sweeping->desk,
                             &sweeping->findings, arena, err))
            return false;
    for (uint32_t u = 0; u < n; u++)
        stored[u] = (struct store_unknown){ sweeping->unknown[u].at, unknown_at(&sweeping->unknown[u], 0, arena),
                                            unknown_at(&sweeping->unknown[u], 1, arena) };
    sweeping->experiment.n_unknowns = sweep->n_unknowns = n;
    sweeping->experiment.unknown = stored;
    sweep->unknown = sweeping->unknown;
    sweep->drawn = sweep_drawn_points(sweeping->point, sweep->n_points, sweeping->unknown, n, sweeping->experiment.seed,
                                      sweeping->experiment.replications, arena);
    return true;
}

/* Sides are compared with the scenario as it is: that has to have a steady state. */
static bool share_warm_up(struct sweeping *sweeping, struct sim_err *err)
{
    sim_ns longest_ns;
    struct point *point = sweeping->point;
    return points_share_warm_up(point, 1, false, &longest_ns, err) &&
           points_share_warm_up(point, sweeping->sweep.n_points, true, &longest_ns, err);
}

static bool make_tornado(struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    struct tornado_points *tornado = &sweeping->tornado;
    if (!points_of_tornado(&sweeping->base, sweeping->unknown, sweeping->options->unknown.n, tornado,
                           &sweeping->findings, arena, err))
        return false;
    sweeping->point = tornado->point;
    sweeping->sweep.n_points = tornado->n_points;
    return share_warm_up(sweeping, err);
}

static bool make_points(struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    const struct options *options = sweeping->options;
    if (options->points)
        return points_of_csv(&sweeping->base, options->points, &sweeping->point, &sweeping->sweep.n_points, arena, err);
    if (options->tornado) return make_tornado(sweeping, arena, err);
    struct variation *variation = arena_array(arena, struct variation, options->vary.n);
    for (uint32_t i = 0; i < options->vary.n; i++)
        if (!vary_parse(&variation[i], options->vary.word[i], arena, err)) return false;
    return points_of_grid(&sweeping->base, variation, options->vary.n, &sweeping->point, &sweeping->sweep.n_points,
                          arena, err);
}

/* The scenario as every point has it; the number of replications is not part of what it is. */
static bool read_base(struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    const struct options *options = sweeping->options;
    if (!desk_open(&sweeping->desk, &sweeping->base, &sweeping->findings, err)) return false;
    const struct study *study = &sweeping->desk.study;
    sweeping->experiment = (struct store_experiment){ .version = SIM_VERSION,
                                                      .scenario_sha256 = arena_strdup(arena, study->sha256),
                                                      .scenario_json = arena_strdup(arena, study->text),
                                                      .seed = study->scenario.seed,
                                                      .replications = REPLICATIONS };
    if (options->n_goals > 0) sweeping->experiment.replications = options->most_replications;
    if (options->replications > 0 && (options->n_goals == 0 || options->replications > options->most_replications))
        sweeping->experiment.replications = options->replications;
    sweeping->name = arena_strdup(arena, study->scenario.name);
    return true;
}

static bool read_all(struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    const struct options *options = sweeping->options;
    if (!study_source_load(&sweeping->source, options->operand, arena, err)) return false;
    sweeping->base = base_point(options, &sweeping->source, arena);
    if (!read_base(sweeping, arena, err) || !read_unknowns(sweeping, arena, err) ||
        !make_points(sweeping, arena, err))
        return false;
    sweeping->sweep.n_base_edits = sweeping->base.n_edits;
    if (!sweep_points(sweeping->point, sweeping->sweep.n_points, sweeping->base.n_edits, &sweeping->stored,
                      &sweeping->desk, &sweeping->findings, arena, err))
        return false;
    note_load_end_of_points(options, sweeping->point, sweeping->sweep.n_points, &sweeping->desk, arena);
    return options->tornado || options->unknown.n == 0 || draw_unknowns(sweeping, arena, err);
}

/* Thresholds may be varied like any other value: those of all points count. */
static const char *const *choose_metrics(const struct sweeping *sweeping, uint32_t *n, struct arena *arena,
                                         struct sim_err *err)
{
    const struct options *options = sweeping->options;
    if (options->metric.n > 0)
        return metrics_shown(&sweeping->desk.study, sweeping->desk.layout, options->metric.word, options->metric.n, n,
                             arena, err);
    return metrics_of_points(sweeping->stored, sweeping->sweep.n_points, n, arena);
}

/* Figures are known by their paths; thresholds are those of the point. */
static bool begin_precision(struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    const struct options *options = sweeping->options;
    struct sweep *sweep = &sweeping->sweep;
    if (options->n_goals == 0) return true;
    sweep->precision = arena_array(arena, struct precision, sweep->n_points);
    for (uint32_t p = 0; p < sweep->n_points; p++)
        if (!desk_open(&sweeping->desk, &sweeping->point[p], &sweeping->findings, err) ||
            !precision_init(&sweep->precision[p], options->goal, options->n_goals, options->replications,
                            options->confidence, &sweeping->desk.study, sweeping->desk.layout, arena, err))
            return false;
    return true;
}

/* False when a point has not got the intervals that were asked for. */
static bool say_precision(const struct sweeping *sweeping)
{
    const struct sweep *sweep = &sweeping->sweep;
    uint32_t n_short = 0, least = UINT32_MAX, most = 0, at = 0;
    char line[256];
    if (!sweep->precision) return true;
    for (uint32_t p = 0; p < sweep->n_points; p++) {
        const struct precision *precision = &sweep->precision[p];
        if (sweep->gap[p].n > 0) continue; /* no runs that could be too few */
        if (precision->n < least) least = precision->n;
        if (precision->n > most) most = precision->n;
        if (!precision_enough(precision) && n_short++ == 0) at = p;
    }
    if (n_short == 0) {
        if (least > most) return true;
        if (least == most) note(sweeping->options, "precise enough after %u replications of each point", most);
        else note(sweeping->options, "precise enough after %u to %u replications of a point", least, most);
        return true;
    }
    precision_line(&sweep->precision[at], line, sizeof line);
    warn(
        "%u of %u points are not precise enough after %u replications; of them, %s: %s; --max-replications allows more",
        n_short, sweep->n_points, sweeping->experiment.replications, sweeping->stored[at].label,
        line[0] ? line : "a figure asked for does not exist in two of them");
    return false;
}

/* False when a point has no steady state; the table says which. */
static bool say_unsettled(const struct sweeping *sweeping)
{
    const struct sweep *sweep = &sweeping->sweep;
    uint32_t n = 0, first = 0;
    for (uint32_t p = 0; p < sweep->n_points; p++)
        if (sweep->gap[p].n > 0 && n++ == 0) first = p;
    if (n > 0)
        warn("%u of %u points %s runs without a steady state, which are left out; %s: %s", n, sweep->n_points,
             n == 1 ? "has" : "have", sweeping->stored[first].label, sweep->gap[first].why);
    return n == 0;
}

/* Of other commands --out names a folder. */
static bool names_file(const char *name, struct sim_err *err)
{
    struct stat status;
    const size_t length = strlen(name);
    const bool ends = length > 0 && name[length - 1] == '/';
    if (!ends && (stat(name, &status) != 0 || !S_ISDIR(status.st_mode))) return true;
    return sim_fail(err, SIM_EUSAGE, name,
                    "this is a folder, and a sweep writes one file, its database; name it, as in --out %s%sresults.db",
                    name, ends ? "" : "/");
}

static struct store *open_store(struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    const struct options *options = sweeping->options;
    bool there = access(sweeping->file, F_OK) == 0;
    if (!names_file(sweeping->file, err)) return NULL;
    if (there && options->resume)
        return store_resume(sweeping->file, &sweeping->experiment, sweeping->stored, sweeping->sweep.n_points, arena,
                            err);
    if (!deliver_spares(options, &sweeping->desk.study, sweeping->file, err)) return NULL;
    if (there && !options->force) {
        sim_fail(err, SIM_EUSAGE, sweeping->file, "it exists; --resume goes on with it, --force replaces it");
        return NULL;
    }
    sweeping->replaces = there;
    return store_create(sweeping->file, &sweeping->experiment, sweeping->stored, sweeping->sweep.n_points, arena, err);
}

/* An export of a sweep, as --resume finds it: what went on is written anew. */
static bool is_an_export(const char *name)
{
    static const char begins[] = "point_id,label";
    char found[sizeof begins] = { 0 };
    FILE *file = fopen(name, "r");
    if (!file) return false;
    const bool is = fread(found, 1, sizeof begins - 1, file) == sizeof begins - 1 && strcmp(found, begins) == 0;
    fclose(file);
    return is;
}

/* Before the first run. */
static bool can_export(const struct sweeping *sweeping, struct sim_err *err)
{
    const char *name = sweeping->options->export_to;
    if (!name) return true;
    if (strcmp(name, sweeping->file) == 0)
        return sim_fail(err, SIM_EUSAGE, name, "--export and --out name one file; the CSV is another one");
    if (!deliver_spares(sweeping->options, &sweeping->desk.study, name, err)) return false;
    if (sweeping->options->force || access(name, F_OK) != 0) return true;
    if (!sweeping->options->resume) return sim_fail(err, SIM_EUSAGE, name, "it exists; --force replaces it");
    return is_an_export(name) ||
           sim_fail(err, SIM_EUSAGE, name, "it exists, and it is no export of a sweep; take another name");
}

/* Beside its place first: under the final name there is never half a file. */
static bool export_all(const struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    const char *name = sweeping->options->export_to;
    if (!name) return true;
    const char *unfinished = arena_printf(arena, "%s.unfinished", name);
    FILE *out = fopen(unfinished, "w");
    if (!out) return sim_fail(err, SIM_ERUNTIME, name, "cannot be written: %s", strerror(errno));
    bool ok = store_export(sweeping->sweep.store, out, err);
    ok = sim_file_close(out, name, ok ? err : NULL) && ok;
    if (ok && rename(unfinished, name) == 0) return true;
    if (ok) sim_fail(err, SIM_ERUNTIME, name, "cannot be written: %s", strerror(errno));
    return unlink(unfinished), false;
}

/* By point; NULL where all have a steady state. */
static const uint32_t *unsettled_runs(const struct sweeping *sweeping, struct arena *arena)
{
    uint32_t *n = arena_array(arena, uint32_t, sweeping->sweep.n_points), all = 0;
    for (uint32_t p = 0; p < sweeping->sweep.n_points; p++) all += n[p] = sweeping->sweep.gap[p].n;
    return all > 0 ? n : NULL;
}

static void print_table(const struct sweeping *sweeping, const char *const *metric, uint32_t n_metrics,
                        struct arena *arena)
{
    const struct options *options = sweeping->options;
    const struct sweep_table table = { sweeping->sweep.store, &sweeping->experiment, sweeping->name,
                                       sweeping->sweep.n_points, sweeping->stored, n_metrics, metric,
                                       options->confidence, sweeping->tornado.n_unvaried,
                                       sweeping->tornado.unvaried, unsettled_runs(sweeping, arena) };
    const struct text_style style = { options->language, use_colour(options), options->format == FORMAT_MARKDOWN,
                                      TEXT_COLUMNS };
    if (options->format == FORMAT_JSON) sweep_table_json(&table, stdout);
    else if (tornado_is(table.point, table.n_points)) tornado_write(&table, &style, stdout);
    else sweep_table_write(&table, &style, stdout);
}

static int verdict(const struct sweeping *sweeping)
{
    for (uint32_t i = 0; i < sweeping->sweep.n_points; i++)
        if (store_exits(sweeping->sweep.store, i, 4) > 0) return 4;
    return 0;
}

/* Who drew them, and whether a script was changed by hand, is written nowhere: they stay. */
static void say_old_pictures(const struct sweeping *sweeping, struct arena *arena)
{
    const char *folder = deliver_plots_folder(sweeping->file, ".db", arena);
    if (!sweeping->replaces || sweeping->options->plots || access(folder, F_OK) != 0) return;
    warn("the pictures in %s are of what %s held before; sim plot %s --force draws them anew", folder, sweeping->file,
         typed_word(sweeping->file, arena));
}

static int sweep_and_print(struct sweeping *sweeping, const char *const *metric, uint32_t n_metrics,
                           struct arena *arena, struct sim_err *err)
{
    const struct options *options = sweeping->options;
    struct interrupt interrupt;
    bool interrupted = false;
    interrupt_hold(&interrupt);
    bool ok = sweep_run(&sweeping->sweep, &interrupted, arena, err);
    interrupt_release(&interrupt);
    if (ok) print_table(sweeping, metric, n_metrics, arena);
    if (ok && !interrupted) ok = export_all(sweeping, arena, err);
    int code = ok ? verdict(sweeping) : (int)err->code;
    if (ok && !interrupted && !say_precision(sweeping) && code == 0) code = SIM_EIMPRECISE;
    if (ok && !say_unsettled(sweeping) && code == 0) code = SIM_EIMPRECISE;
    if (!store_close(sweeping->sweep.store, err)) return (int)err->code;
    if (ok && interrupted)
        warn("interrupted; what was finished is in %s. The same command with --resume goes on", sweeping->file);
    else if (ok) note(options, "results in %s", sweeping->file);
    if (ok) say_old_pictures(sweeping, arena);
    if (ok && !interrupted && options->plots && cmd_plot_sweep(options, sweeping->file, arena, err) != 0)
        return (int)err->code;
    return interrupted ? EXIT_INTERRUPTED : code;
}

/* On another rank: what is wrong with the scenario says rank 0; what is wrong with it only here, to whoever asks. */
static int serve(struct sweeping *sweeping, struct arena *arena)
{
    struct sim_err err = { 0 };
    if (!read_all(sweeping, arena, &err) && !err.text[0])
        sim_fail(&err, SIM_ERUNTIME, sweeping->options->operand, "this scenario is not acceptable here");
    const struct sweep *sweep = &sweeping->sweep;
    if (sweep->n_unknowns > 0)
        batch_serve(sweep->drawn, sweep->n_points * sweeping->experiment.replications, sweeping->options->ranks, &err);
    else batch_serve(sweeping->point, sweep->n_points, sweeping->options->ranks, &err);
    return 0;
}

/* The place that findings are of: the scenario as it is, or one of the points. */
static const char *where_found(const struct sweeping *sweeping, struct arena *arena)
{
    const struct point *refused = sweeping->desk.refused;
    return refused && refused != &sweeping->base ? point_shown(refused, arena) : sweeping->options->operand;
}

static int run_sweep(struct sweeping *sweeping, struct arena *arena, struct sim_err *err)
{
    const struct options *options = sweeping->options;
    uint32_t n_metrics;
    const uint32_t n_ranks = ranks_n(options->ranks);
    if (n_ranks > 1 && strcmp(options->operand, "-") == 0) {
        sim_fail(err, SIM_EUSAGE, NULL, "several ranks cannot read one standard input; name a file");
        return SIM_EUSAGE;
    }
    if (ranks_me(options->ranks) > 0) return serve(sweeping, arena);
    if (!read_all(sweeping, arena, err)) {
        if (sweeping->findings.n_all > 0) findings_print(&sweeping->findings, where_found(sweeping, arena), stderr);
        return (int)err->code;
    }
    const char *const *metric = choose_metrics(sweeping, &n_metrics, arena, err);
    if (!metric || !begin_precision(sweeping, arena, err)) return (int)err->code;
    enum { NAME_BYTES = 512 };
    char *file = arena_alloc(arena, NAME_BYTES);
    snprintf(file, NAME_BYTES, "%s.db", sweeping->name);
    sweeping->file = options->out ? options->out : file;
    sweeping->sweep.point = sweeping->point;
    sweeping->sweep.gap = arena_array(arena, struct sweep_gap, sweeping->sweep.n_points);
    sweeping->sweep.replications = sweeping->experiment.replications;
    sweeping->sweep.n_threads = options->jobs ? options->jobs : n_ranks > 1 ? 1 : workers_cores();
    sweeping->sweep.ranks = options->ranks;
    sweeping->sweep.terminal = !options->quiet && isatty(STDERR_FILENO) ? stderr : NULL;
    if (!can_export(sweeping, err)) return (int)err->code;
    sweeping->sweep.store = open_store(sweeping, arena, err);
    if (!sweeping->sweep.store) return (int)err->code;
    return sweep_and_print(sweeping, metric, n_metrics, arena, err);
}

int cmd_sweep(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct sweeping sweeping = { .options = options };
    int code = run_sweep(&sweeping, arena, err);
    desk_fini(&sweeping.desk);
    return code;
}
