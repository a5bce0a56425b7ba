/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim plot FILE.db: pictures of the result file of a sweep, into the folder FILE-plots. Each figure is drawn over each
 * varied value; with two of them, as a heat map, too; and the lag of every point's first run in small multiples. Of a
 * tornado, a bar for each value that moves the figure, and nothing else. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "plots/picture_sweep.h"
#include "sim/commands.h"
#include "sim/deliver.h"
#include "sim/engine/infer.h"
#include "sim/lab/output.h"
#include "sim/results/store.h"
#include "sim/results/tornado_table.h"
#include "sim/results/typed.h"

enum { METRICS_MAX = 12, CURVES_MAX = 8, BARS_MAX = 12, NAME_BYTES = 128 };

#define SEEN 0.003 /* of the longest bar: one pixel or two */

struct album {
    const struct options *options;
    struct arena *arena;
    struct store *store;
    struct store_experiment experiment;
    struct store_point *point;
    uint32_t n_points, n_metrics;
    uint32_t n_left;  /* figures that have no picture */
    bool thinned;     /* some pictures have not all of their curves */
    const char *metric[METRICS_MAX];
    const char *to;
    enum drawn drawn;
};

/* ---- what is drawn ---- */

/* A point may have no runs. */
static bool has_figure(const struct album *album, const char *metric)
{
    double *value;
    for (uint32_t p = 0; p < album->n_points; p++)
        if (store_values(album->store, p, metric, &value, NULL, album->arena) > 0) return true;
    return false;
}

/* False when the file has no such figure. */
static bool add_metric(struct album *album, const char *metric)
{
    for (uint32_t i = 0; i < album->n_metrics; i++)
        if (strcmp(album->metric[i], metric) == 0) return true;
    if (!has_figure(album, metric)) return false;
    if (album->n_metrics < METRICS_MAX) album->metric[album->n_metrics++] = arena_strdup(album->arena, metric);
    else album->n_left++;
    return true;
}

/* Those asked for; else what the thresholds are about, and how many were paid and how long it took. */
static bool choose_metrics(struct album *album, struct sim_err *err)
{
    const struct options *options = album->options;
    for (uint32_t i = 0; i < options->metric.n; i++)
        if (!add_metric(album, options->metric.word[i]))
            return sim_fail(err, SIM_EUSAGE, NULL, "--metric: this file has no figure %s", options->metric.word[i]);
    if (options->metric.n > 0) return true;
    cJSON *scenario = cJSON_Parse(album->experiment.scenario_json);
    const cJSON *thresholds = cJSON_GetObjectItemCaseSensitive(scenario, "thresholds");
    for (const cJSON *each = thresholds ? thresholds->child : NULL; each; each = each->next)
        if (each->string) add_metric(album, each->string);
    cJSON_Delete(scenario);
    add_metric(album, "orders.paid_ratio");
    add_metric(album, "completion_s.p95");
    return true;
}

/* The place of a text in a list that grows. */
static uint32_t place_of(const char **list, uint32_t *n, const char *text)
{
    for (uint32_t i = 0; i < *n; i++)
        if (strcmp(list[i], text) == 0) return i;
    list[*n] = text;
    return (*n)++;
}

/* A value as one would write it: JSON has quotes around words. */
static const char *bare(const char *value, struct arena *arena)
{
    const size_t length = strlen(value);
    if (length < 2 || value[0] != '"' || value[length - 1] != '"') return value;
    char *text = arena_strdup(arena, value + 1);
    text[length - 2] = '\0';
    return text;
}

/* "consumers=3, pool=10": all but one of the values of a point. */
static const char *others(const struct album *album, const struct store_point *point, uint32_t axis)
{
    char text[512] = "";
    for (uint32_t i = 0; i < point->n_params; i++) {
        size_t used = strlen(text);
        const char *slash = strrchr(point->param[i].pointer, '/');
        if (i == axis) continue;
        snprintf(text + used, sizeof text - used, "%s%s=%s", used ? ", " : "",
                 slash ? slash + 1 : point->param[i].pointer, bare(point->param[i].value, album->arena));
    }
    return arena_strdup(album->arena, text);
}

static bool is_korean(const struct album *album) { return album->options->language == LANG_KO; }

static const char *word(const struct album *album, const char *english, const char *korean)
{
    return is_korean(album) ? korean : english;
}

/* "orders.paid_ratio (ratio)" */
static const char *figure_label(const struct album *album, const char *metric, const char *unit)
{
    static const struct { const char *english, *korean; } units[] = {
        { "s", "초" },   { "1/s", "초당" },       { "ratio", "비율" },
        { "count", "개" }, { "orders", "주문 수" }, { "records", "이벤트 수" },
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (is_korean(album) && strcmp(unit, units[i].english) == 0) unit = units[i].korean;
    return *unit ? arena_printf(album->arena, "%s (%s)", metric, unit) : metric;
}

static void note_drawn(struct album *album, enum drawn drawn)
{
    if (album->drawn == DRAWN || drawn == DRAWN_NOT) album->drawn = drawn;
}

/* ---- a figure over an axis ---- */

static struct sweep_dot dot_at(const struct album *album, uint32_t point, const char *metric, const char **unit)
{
    double *value;
    uint32_t n = store_values(album->store, point, metric, &value, unit, album->arena);
    const struct infer_mean mean = infer_mean(value, n, album->options->confidence);
    return (struct sweep_dot){ .mean = mean.mean, .half_width = mean.half_width };
}

static void draw_metric(struct album *album, uint32_t metric, uint32_t axis, struct sim_err *err)
{
    const uint32_t n_params = album->point[0].n_params;
    const char **x = arena_array(album->arena, const char *, album->n_points);
    const char **curve = arena_array(album->arena, const char *, album->n_points);
    struct sweep_dot *dot = arena_array(album->arena, struct sweep_dot, album->n_points);
    const char *unit = "";
    char name[NAME_BYTES], title[512];
    struct sweep_picture picture = { .to = album->to,
                                     .name = name,
                                     .title = title,
                                     .n_dots = album->n_points,
                                     .x = x,
                                     .curve = curve,
                                     .dot = dot,
                                     .korean = is_korean(album) };
    for (uint32_t i = 0; i < album->n_points; i++) {
        dot[i] = dot_at(album, i, album->metric[metric], &unit);
        dot[i].x = place_of(x, &picture.n_x, bare(album->point[i].param[axis].value, album->arena));
        dot[i].curve = place_of(curve, &picture.n_curves, others(album, &album->point[i], axis));
    }
    picture.y_label = figure_label(album, album->metric[metric], unit);
    picture.x_label = album->point[0].param[axis].pointer;
    picture.curve_label = n_params == 2 ? album->point[0].param[1 - axis].pointer : "";
    snprintf(title, sizeof title, word(album, "%s, mean and %g %% interval", "%s, 평균과 %g %% 신뢰구간"),
             album->metric[metric], album->options->confidence * 100);
    snprintf(name, sizeof name, "figure-%u-axis-%u", metric + 1, axis + 1);
    album->thinned |= picture.n_curves > CURVES_MAX;
    note_drawn(album, sweep_lines(&picture, err));
    if (n_params != 2 || axis != 0 || album->drawn == DRAWN_NOT) return;
    for (uint32_t i = 0; i < album->n_points; i++)
        curve[dot[i].curve] = bare(album->point[i].param[1].value, album->arena);
    snprintf(title, sizeof title, word(album, "%s, mean", "%s, 평균"), album->metric[metric]);
    snprintf(name, sizeof name, "figure-%u-map", metric + 1);
    note_drawn(album, sweep_heat(&picture, err));
}

/* ---- a tornado ---- */

static const char *bar_label(const struct album *album, const struct tornado_bar *bar)
{
    char text[512];
    const char *low = bar->low.value ? bar->low.value : "", *high = bar->high.value ? bar->high.value : "";
    snprintf(text, sizeof text, "%s  %s%s .. %s%s", bar->pointer, low, tornado_parts(&bar->low, album->arena), high,
             tornado_parts(&bar->high, album->arena));
    return arena_strdup(album->arena, text);
}

static double figure_with(const struct tornado_figure *figure, const struct tornado_side *side)
{
    return side->value ? figure->base.mean + side->moved.mean : (double)NAN;
}

/* Those that make the figure come or go are first. */
static uint32_t bars_seen(const struct tornado_figure *figure)
{
    double longest = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < figure->n_bars; i++) longest = fmax(longest, figure->bar[i].swing);
    while (n < figure->n_bars && n < BARS_MAX &&
           (figure->bar[n].n_turned > 0 || figure->bar[n].swing >= SEEN * longest))
        n++;
    return n;
}

static void draw_tornado(struct album *album, uint32_t metric, struct sim_err *err)
{
    struct tornado_figure figure;
    char name[NAME_BYTES], title[512];
    tornado_make(&figure, album->store, album->point, album->n_points, album->experiment.scenario_json,
                 album->metric[metric], album->options->confidence, album->arena);
    if (figure.base.n == 0) {
        note(album->options, "no picture of %s: as it is, no run has it", album->metric[metric]);
        return;
    }
    const uint32_t n = bars_seen(&figure);
    struct sweep_bar *bar = arena_array(album->arena, struct sweep_bar, n);
    for (uint32_t i = 0; i < n; i++)
        bar[i] = (struct sweep_bar){ bar_label(album, &figure.bar[i]), figure_with(&figure, &figure.bar[i].low),
                                     figure_with(&figure, &figure.bar[i].high) };
    const int used = snprintf(title, sizeof title, word(album, "Which value moves %s", "%s: 무엇이 결과를 움직이는가"),
                              album->metric[metric]);
    if (n < figure.n_bars && used < (int)sizeof title)
        snprintf(title + used, sizeof title - (size_t)used,
                 word(album, "; %1$u of %2$u, those that move it most", "; 영향이 가장 큰 값 %1$u개 (총 %2$u개)"), n,
                 figure.n_bars);
    snprintf(name, sizeof name, "figure-%u-tornado", metric + 1);
    const char *x_label = figure_label(album, album->metric[metric], figure.unit);
    const struct sweep_tornado picture = { album->to, name, title, x_label, figure.base.mean, n, bar,
                                           is_korean(album) };
    note_drawn(album, sweep_tornado(&picture, err));
}

/* ---- lag of all points ---- */

struct lag_group {
    const char *name;
    double peak; /* in all points */
    uint32_t curve; /* CURVES_MAX: not drawn */
};

struct lag_groups {
    uint32_t n, n_drawn;
    struct lag_group *group;
};

/* The group of a step of replication 0; NULL for steps of other curves. */
static const char *lag_of(const struct store_step *step)
{
    return step->replication == 0 && strncmp(step->name, "lag.", 4) == 0 ? step->name + 4 : NULL;
}

static struct lag_group *group_named(struct lag_groups *groups, const char *name)
{
    for (uint32_t g = 0; g < groups->n; g++)
        if (strcmp(groups->group[g].name, name) == 0) return &groups->group[g];
    groups->group[groups->n] = (struct lag_group){ .name = name };
    return &groups->group[groups->n++];
}

/* There are colours for so many; those that lag most are drawn, in the order of the file. */
static void choose_groups(struct lag_groups *groups)
{
    for (uint32_t g = 0; g < groups->n; g++) {
        uint32_t before = 0;
        for (uint32_t other = 0; other < groups->n; other++)
            before += groups->group[other].peak > groups->group[g].peak ||
                (other < g && !(groups->group[other].peak < groups->group[g].peak));
        groups->group[g].curve = before < CURVES_MAX ? groups->n_drawn++ : CURVES_MAX;
    }
}

static struct lag_groups find_groups(const struct store_step *step, uint32_t n, struct arena *arena)
{
    struct lag_groups groups = { .group = arena_array(arena, struct lag_group, n) };
    for (uint32_t i = 0; i < n; i++) {
        if (!lag_of(&step[i])) continue;
        struct lag_group *group = group_named(&groups, lag_of(&step[i]));
        group->peak = fmax(group->peak, step[i].value);
    }
    choose_groups(&groups);
    return groups;
}

static void draw_lag(struct album *album, struct sim_err *err)
{
    struct arena *arena = album->arena;
    struct store_step *step;
    const uint32_t n = store_curves(album->store, &step, arena);
    struct lag_groups groups = find_groups(step, n, arena);
    struct sweep_step *drawn = arena_array(arena, struct sweep_step, n);
    const char **panel = arena_array(arena, const char *, album->n_points), *curve[CURVES_MAX] = { NULL };
    const char *title = word(album, "Lag by consumer group (records), replication 0",
                             "Consumer 그룹별 Lag (이벤트 수), 반복 0");
    uint32_t n_steps = 0;
    if (groups.n > groups.n_drawn)
        title = arena_printf(arena, word(album, "%1$s; the %2$u of %3$u groups that lag most",
                                         "%1$s; Lag이 가장 큰 그룹 %2$u개 (총 %3$u개)"),
                             title, groups.n_drawn, groups.n);
    for (uint32_t i = 0; i < album->n_points; i++) panel[i] = album->point[i].label;
    for (uint32_t g = 0; g < groups.n; g++)
        if (groups.group[g].curve < CURVES_MAX) curve[groups.group[g].curve] = groups.group[g].name;
    for (uint32_t i = 0; i < n; i++) {
        const struct lag_group *group = lag_of(&step[i]) ? group_named(&groups, lag_of(&step[i])) : NULL;
        if (group && group->curve < CURVES_MAX)
            drawn[n_steps++] = (struct sweep_step){ step[i].point, group->curve, step[i].t_s, step[i].value };
    }
    const struct sweep_panels panels = { album->to, "lag", title, album->n_points, groups.n_drawn, n_steps, panel,
                                         curve, drawn, is_korean(album) };
    if (n_steps > 0) note_drawn(album, sweep_small(&panels, err));
}

/* ---- the command ---- */

/* As they are called here: of other figures, or of what the file held before, they would be taken for these. */
static bool is_a_picture(const char *name)
{
    static const char *const ending[] = { ".csv", ".gp", ".png", ".svg" };
    const char *dot = strrchr(name, '.');
    uint32_t figure, axis;
    int end = 0;
    bool ends = false;
    for (size_t i = 0; dot && i < sizeof ending / sizeof *ending; i++) ends = ends || strcmp(dot, ending[i]) == 0;
    if (!ends) return false;
    if (strncmp(name, "lag.", 4) == 0) return dot == name + 3;
    if (sscanf(name, "figure-%" SCNu32 "-axis-%" SCNu32 "%n", &figure, &axis, &end) == 2) return name + end == dot;
    if (sscanf(name, "figure-%" SCNu32 "%n", &figure, &end) != 1) return false;
    return strncmp(name + end, "-map.", 5) == 0 || strncmp(name + end, "-tornado.", 9) == 0;
}

static bool draw_all(struct album *album, struct output *output, struct sim_err *err)
{
    const char *const *stale = output_names(output, is_a_picture, err);
    if (!stale) return false;
    album->to = output->staging;
    if (!choose_metrics(album, err)) return false;
    if (tornado_is(album->point, album->n_points)) {
        for (uint32_t m = 0; m < album->n_metrics && album->drawn != DRAWN_NOT; m++) draw_tornado(album, m, err);
        return album->drawn != DRAWN_NOT && output_commit(output, stale, err);
    }
    for (uint32_t m = 0; m < album->n_metrics; m++)
        for (uint32_t axis = 0; axis < album->point[0].n_params && album->drawn != DRAWN_NOT; axis++)
            draw_metric(album, m, axis, err);
    if (album->drawn != DRAWN_NOT) draw_lag(album, err);
    return album->drawn != DRAWN_NOT && output_commit(output, stale, err);
}

/* Pictures are what sim plot is asked for; to a sweep they are something beside its results, as to a run. */
static bool say_no_gnuplot(const struct options *options, const char *folder, const char *file, struct arena *arena,
                           struct sim_err *err)
{
    if (options->command != COMMAND_SWEEP)
        return sim_fail(err, SIM_ERUNTIME, NULL,
                        "there is no gnuplot here; data and scripts are in %s, and with gnuplot installed (Debian, "
                        "Ubuntu: gnuplot-nox) the same command with --force draws them",
                        folder);
    warn("there is no gnuplot here, so no pictures were drawn; their data and scripts are in %s, and with gnuplot "
         "installed (Debian, Ubuntu: gnuplot-nox) they are drawn by: sim plot %s --force",
         folder, typed_word(file, arena));
    return true;
}

static void say_left_out(const struct album *album)
{
    if (album->thinned)
        note(album->options, "of more than %d curves %d are drawn, spread evenly over their order; the CSV file beside "
                             "each picture has all", CURVES_MAX, CURVES_MAX);
    if (album->n_left > 0)
        note(album->options, "%d figures have pictures, %u more have not; sim plot --metric draws those it names",
             METRICS_MAX, album->n_left);
}

int cmd_plot_sweep(const struct options *options, const char *file, struct arena *arena, struct sim_err *err)
{
    struct album album = { .options = options, .arena = arena };
    struct output output;
    album.store = store_open(file, &album.experiment, &album.point, &album.n_points, arena, err);
    if (!album.store) return (int)err->code;
    bool ok = album.n_points > 0 || sim_fail(err, SIM_ERUNTIME, file, "there is no point in it");
    const bool replaces = options->force || options->resume; /* whoever goes on with a sweep has its pictures anew */
    if (ok) ok = output_open(&output, deliver_plots_folder(file, ".db", arena), replaces, arena, err);
    if (ok) {
        show_activity(options, "drawing pictures");
        ok = draw_all(&album, &output, err);
        show_activity(options, NULL);
        output_abandon(&output);
    }
    store_close(album.store, err);
    if (ok) say_left_out(&album);
    if (ok && album.drawn == DRAWN_SCRIPTS) ok = say_no_gnuplot(options, output.dir, file, arena, err);
    else if (ok) note(options, "pictures in %s", output.dir);
    return (int)err->code;
}
