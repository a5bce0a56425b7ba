/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim compare: several scenarios, or variants of one, with common random numbers. All of them have the seed of the
 * first, whatever their files say: that is what makes their runs pairs. A missed threshold or a broken invariant is
 * what one compares, so it is shown and does not change the exit code. */
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/lab/compare.h"
#include "sim/lab/interrupt.h"
#include "sim/lab/vary.h"
#include "sim/lab/workers.h"
#include "sim/results/shown.h"

enum { REPLICATIONS = 30, TEXT_COLUMNS = 80 };

struct comparing {
    const struct options *options;
    struct point *point;
    uint32_t n_points;
    struct desk desk; /* with the first point */
    struct findings findings;
};

/* ---- the variants ---- */

static bool read_seed(struct comparing *comparing, const struct point *point, const char **seed, struct arena *arena,
                      struct sim_err *err)
{
    enum { SEED_BYTES = 32 };
    if (!desk_open(&comparing->desk, point, &comparing->findings, err)) return false;
    char *text = arena_alloc(arena, SEED_BYTES);
    snprintf(text, SEED_BYTES, "\"%llu\"", (unsigned long long)comparing->desk.study.scenario.seed);
    *seed = text;
    return true;
}

static bool load(struct point *point, const char *file, const struct options *options, struct arena *arena,
                 struct sim_err *err)
{
    struct study_source *source = arena_new(arena, struct study_source);
    if (!study_source_load(source, file, arena, err)) return false;
    *point = base_point(options, source, arena);
    point->label = file;
    return true;
}

/* Several files: the seed of the first goes before what a --seed says, which then is that one anyway. */
static bool points_of_files(struct comparing *comparing, struct arena *arena, struct sim_err *err)
{
    const struct options *options = comparing->options;
    const char *seed;
    comparing->n_points = options->more.n + 1;
    comparing->point = arena_array(arena, struct point, comparing->n_points);
    if (!load(&comparing->point[0], options->operand, options, arena, err) ||
        !read_seed(comparing, &comparing->point[0], &seed, arena, err))
        return false;
    for (uint32_t i = 1; i < comparing->n_points; i++) {
        struct point *point = &comparing->point[i];
        if (!load(point, options->more.word[i - 1], options, arena, err)) return false;
        struct study_edit *edit = arena_array(arena, struct study_edit, point->n_edits + 1);
        edit[0] = (struct study_edit){ "/run/seed", seed };
        memcpy(edit + 1, point->edit, point->n_edits * sizeof *edit);
        point->edit = edit;
        point->n_edits++;
    }
    return true;
}

static bool points_of_one(struct comparing *comparing, struct arena *arena, struct sim_err *err)
{
    const struct options *options = comparing->options;
    struct point base;
    if (!load(&base, options->operand, options, arena, err)) return false;
    if (options->variants)
        return points_of_variants(&base, options->variants, &comparing->point, &comparing->n_points,
                                  &comparing->findings, arena, err);
    if (options->points)
        return points_of_csv(&base, options->points, &comparing->point, &comparing->n_points, arena, err);
    struct variation *variation = arena_array(arena, struct variation, options->vary.n);
    for (uint32_t i = 0; i < options->vary.n; i++)
        if (!vary_parse(&variation[i], options->vary.word[i], arena, err)) return false;
    return points_of_grid(&base, variation, options->vary.n, &comparing->point, &comparing->n_points, arena, err);
}

/* A file is called by its scenario's name, unless two have the same. */
static void name_files(struct comparing *comparing, const char *const *name)
{
    for (uint32_t i = 0; i < comparing->n_points; i++) {
        bool twice = false;
        for (uint32_t k = 0; k < comparing->n_points; k++)
            twice = twice || (k != i && strcmp(name[k], name[i]) == 0);
        if (!twice) comparing->point[i].label = name[i];
    }
}

static const char *shown_point(const struct comparing *comparing, uint32_t i, struct arena *arena)
{
    const struct point *point = &comparing->point[i];
    return comparing->options->more.n > 0 ? point->source->file : point_shown(point, arena);
}

/* Every point is acceptable before the first run. What is wrong is said with the file it is in. */
static bool check_all(struct comparing *comparing, struct arena *arena, struct sim_err *err)
{
    const char **name = arena_array(arena, const char *, comparing->n_points);
    if (comparing->n_points < 2)
        return sim_fail(err, SIM_EUSAGE, NULL, "sim compare needs at least two variants, but there is one");
    for (uint32_t i = comparing->n_points; i-- > 0;) {
        if (!desk_open(&comparing->desk, &comparing->point[i], &comparing->findings, err)) {
            findings_print(&comparing->findings, shown_point(comparing, i, arena), stderr);
            comparing->findings.n_all = 0;
            return false;
        }
        if (comparing->options->more.n > 0) note_load_end(comparing->options, &comparing->desk.study);
        name[i] = arena_strdup(arena, comparing->desk.study.scenario.name);
    }
    if (comparing->options->more.n > 0) {
        name_files(comparing, name);
        return true;
    }
    note_load_end_of_points(comparing->options, comparing->point, comparing->n_points, &comparing->desk, arena);
    return desk_open(&comparing->desk, &comparing->point[0], &comparing->findings, err); /* whose figures are shown */
}

static bool make_points(struct comparing *comparing, struct arena *arena, struct sim_err *err)
{
    const struct options *options = comparing->options;
    bool ok = options->more.n > 0 ? points_of_files(comparing, arena, err) : points_of_one(comparing, arena, err);
    if (!ok && comparing->findings.n_all > 0)
        findings_print(&comparing->findings, options->variants ? options->variants : options->operand, stderr);
    return ok && check_all(comparing, arena, err);
}

/* ---- the comparison ---- */

static void print(const struct options *options, const struct paired *paired)
{
    const struct text_style style = { options->language, use_colour(options), options->format == FORMAT_MARKDOWN,
                                      TEXT_COLUMNS };
    if (options->format == FORMAT_JSON) paired_json(paired, stdout);
    else paired_write(paired, &style, stdout);
}

static int run_compare(struct comparing *comparing, struct arena *arena, struct sim_err *err)
{
    const struct options *options = comparing->options;
    struct compare compare = { .replications = options->replications ? options->replications : REPLICATIONS,
                               .confidence = options->confidence, .only_metrics = options->metric.n > 0 };
    struct paired paired;
    struct interrupt interrupt;
    sim_ns warm_up_ns;
    char text[48];
    if (!make_points(comparing, arena, err)) return (int)err->code;
    compare.point = comparing->point;
    compare.n_points = comparing->n_points;
    compare.crew = (struct crew){ options->jobs ? options->jobs : workers_cores(),
                                  !options->quiet && isatty(STDERR_FILENO) ? stderr : NULL };
    compare.metric = metrics_shown(&comparing->desk.study, comparing->desk.layout, options->metric.word,
                                   options->metric.n, &compare.n_metrics, arena, err);
    if (!compare.metric) return (int)err->code;
    interrupt_hold(&interrupt);
    const bool ok = points_share_warm_up(comparing->point, comparing->n_points, false, &warm_up_ns, err) &&
                    compare_run(&compare, &paired, arena, err);
    interrupt_release(&interrupt);
    if (ok && warm_up_ns > 0)
        note(options, "the warm-up of every variant is %s, the longest of all",
             ns_format(warm_up_ns, text, sizeof text));
    if (ok) print(options, &paired);
    else if (err->code == SIM_OK) warn("interrupted before every variant was run; nothing is kept");
    return ok ? 0 : err->code == SIM_OK ? EXIT_INTERRUPTED : (int)err->code;
}

int cmd_compare(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct comparing comparing = { .options = options };
    int code = run_compare(&comparing, arena, err);
    desk_fini(&comparing.desk);
    return code;
}
