/* SPDX-License-Identifier: GPL-3.0-or-later
 * Learns the names of all figures by one walk over a run that never was: facts of the scenario's shape, all zero. */
#include "sim/results/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/results/csv.h"

/* ---- rows ---- */

static struct partition_row row_of(uint32_t group, uint32_t topic, uint32_t partition, const char *group_csv,
                                   const char *topic_csv, struct arena *arena)
{
    const size_t size = strlen(group_csv) + strlen(topic_csv) + 16;
    char *csv = arena_alloc(arena, size);
    const int length = snprintf(csv, size, ",%s,%s,%u,", group_csv, topic_csv, (unsigned)partition);

    return (struct partition_row){ group, topic, partition, csv, (size_t)length };
}

/* The fixed order of run_levels: groups, their reads, partitions. */
static void learn_rows(struct layout *layout, struct arena *arena)
{
    const struct scenario *scenario = &layout->study->scenario;
    uint32_t *group_row = arena_array(arena, uint32_t, scenario->n_groups + 1);
    const char **group_csv = arena_array(arena, const char *, scenario->n_groups);

    for (uint32_t g = 0; g < scenario->n_groups; g++) {
        group_csv[g] = csv_field(scenario->group[g].name, arena);
        group_row[g + 1] = group_row[g];
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++)
            group_row[g + 1] += scenario->topic[scenario->group[g].read[r].topic].partitions;
    }
    const char **scaler_csv = arena_array(arena, const char *, scenario->n_scalers);
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        scaler_csv[i] = csv_field(scenario->scaler[i].name, arena);
    layout->scaler_csv = scaler_csv;
    layout->group_row = group_row;
    layout->group_csv = group_csv;
    layout->n_rows = group_row[scenario->n_groups];

    struct partition_row *row = arena_array(arena, struct partition_row, layout->n_rows);
    uint32_t n = 0;
    for (uint32_t g = 0; g < scenario->n_groups; g++)
        for (uint32_t r = 0; r < scenario->group[g].n_reads; r++) {
            const uint32_t topic = scenario->group[g].read[r].topic;
            const char *topic_csv = csv_field(scenario->topic[topic].name, arena);
            for (uint32_t p = 0; p < scenario->topic[topic].partitions; p++)
                row[n++] = row_of(g, topic, p, group_csv[g], topic_csv, arena);
        }
    layout->row = row;
}

/* ---- names ---- */

struct learner {
    struct layout *layout;
    struct leaf *leaf;       /* NULL on the first walk, which only counts */
    struct figure *figure;
    struct arena *arena;
};

static const char *join(const struct path_part *part, uint32_t n, struct arena *arena)
{
    size_t size = 0;
    for (uint32_t i = 0; i < n; i++)
        size += part[i].key ? strlen(part[i].key) + 1 : 11;
    char *path = arena_alloc(arena, size + 1);
    size_t length = 0;
    for (uint32_t i = 0; i < n; i++) {
        const char *dot = i ? "." : "";
        length += (size_t)(part[i].key ? snprintf(path + length, size + 1 - length, "%s%s", dot, part[i].key)
                                       : snprintf(path + length, size + 1 - length, "%s%u", dot, part[i].index));
    }
    return path;
}

static struct leaf *learn_leaf(struct walk *walk, struct learner *learner, const char *key)
{
    struct layout *layout = learner->layout;
    struct leaf *leaf = &learner->leaf[layout->n_leaves];
    struct path_part *part = arena_array(learner->arena, struct path_part, walk->depth + 1);

    memcpy(part, walk->part, walk->depth * sizeof *part);
    part[walk->depth].key = key;
    leaf->part = part;
    leaf->n_parts = walk->depth + 1;
    leaf->figure = NONE;
    return leaf;
}

static void learn_figure(struct walk *walk, const char *key, const char *unit, double value)
{
    struct learner *learner = walk->context;
    struct layout *layout = learner->layout;

    (void)value;
    if (learner->leaf) {
        struct leaf *leaf = learn_leaf(walk, learner, key);
        leaf->figure = layout->n_figures;
        learner->figure[layout->n_figures] = (struct figure){ join(leaf->part, leaf->n_parts, learner->arena), unit };
    }
    layout->n_leaves++;
    layout->n_figures++;
}

static void learn_label(struct walk *walk, const char *key, const char *text, uint32_t number)
{
    struct learner *learner = walk->context;

    if (learner->leaf) {
        struct leaf *leaf = learn_leaf(walk, learner, key);
        leaf->text = text;
        leaf->number = number;
    }
    learner->layout->n_leaves++;
}

static const struct record *blank_record(const struct layout *layout, struct arena *arena)
{
    const struct scenario *scenario = &layout->study->scenario;
    struct run_facts *facts = arena_new(arena, struct run_facts);
    facts->group = arena_array(arena, struct group_facts, scenario->n_groups);
    facts->lock = arena_array(arena, struct lock_facts, scenario->n_locks);
    facts->table = arena_array(arena, struct table_facts, scenario->n_tables);
    facts->process = arena_array(arena, struct process_facts, scenario->n_processes);
    facts->fault = arena_array(arena, struct fault_facts, scenario->n_faults);
    facts->scaler = arena_array(arena, struct scaler_facts, scenario->n_scalers);

    struct snapshot *checkpoint = arena_array(arena, struct snapshot, scenario->n_checkpoints);
    for (uint32_t i = 0; i < scenario->n_checkpoints; i++)
        checkpoint[i].partition = arena_array(arena, struct partition_level, layout->n_rows);

    struct record *record = arena_new(arena, struct record);
    record->facts = facts;
    record->checkpoint = checkpoint;
    record->group = arena_array(arena, struct group_samples, scenario->n_groups);
    record->scaler = arena_array(arena, struct scaler_samples, scenario->n_scalers);
    struct order_time *time = arena_array(arena, struct order_time, ORDER_TIME_ROWS);
    order_time_rows(&facts->path, PATH_PARTS + scenario->n_groups, time, arena);
    record->time = time;
    return record;
}

static void learn_names(struct layout *layout, struct arena *arena)
{
    struct arena scratch;
    arena_init(&scratch);
    const struct record *blank = blank_record(layout, &scratch);
    struct learner learner = { .layout = layout, .arena = arena };
    struct walk walk = { .context = &learner, .on_figure = learn_figure, .on_label = learn_label };

    figures_walk(&walk, layout, blank);
    layout->leaf = learner.leaf = arena_array(arena, struct leaf, layout->n_leaves);
    layout->figure = learner.figure = arena_array(arena, struct figure, layout->n_figures);
    layout->n_leaves = layout->n_figures = 0;
    figures_walk(&walk, layout, blank);
    arena_fini(&scratch);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct figure_name *)a)->path, ((const struct figure_name *)b)->path);
}

static const struct figure_name *sorted_names(const struct layout *layout, struct arena *arena)
{
    struct figure_name *name = arena_array(arena, struct figure_name, layout->n_figures);
    for (uint32_t i = 0; i < layout->n_figures; i++)
        name[i] = (struct figure_name){ layout->figure[i].path, i };
    qsort(name, layout->n_figures, sizeof *name, by_path);
    return name;
}

/* A tenth of the load, at least a second of it and at most ten: who falls behind within less has caught up soon. */
static sim_ns rate_window(const struct load_extent *load)
{
    const sim_ns load_ns = load->until_ns - load->from_ns, tenth_ns = load_ns / 10;
    if (tenth_ns > 10 * SIM_S) return 10 * SIM_S;
    if (tenth_ns > SIM_S) return tenth_ns;
    return load_ns > 0 && load_ns < SIM_S ? load_ns : SIM_S;
}

const struct layout *layout_make(const struct study *study, struct arena *arena)
{
    struct layout *layout = arena_new(arena, struct layout);

    layout->study = study;
    learn_rows(layout, arena);
    learn_names(layout, arena);
    layout->by_path = sorted_names(layout, arena);
    layout->prediction = predictions_make(layout, &layout->n_predictions, arena);
    watch_plan_make(&layout->watch_plan, layout->prediction, layout->n_predictions, arena);
    const struct load_extent load = scenario_load_extent(&study->scenario);
    layout->load_from_ns = load.from_ns;
    layout->height = scenario_load_height(&study->scenario);
    layout->rate_window_ns = rate_window(&load);
    layout->load_rate_per_s = scenario_peak_rate_per_s(&study->scenario, layout->rate_window_ns);
    return layout;
}

uint32_t layout_count(const struct layout *layout) { return layout->n_figures; }
const char *layout_path(const struct layout *layout, uint32_t figure) { return layout->figure[figure].path; }
const char *layout_unit(const struct layout *layout, uint32_t figure) { return layout->figure[figure].unit; }

/* How alike two paths are: what they share at the beginning and at the end. A slip of one hand leaves both whole. */
static size_t likeness(const char *a, const char *b)
{
    const size_t length_a = strlen(a), length_b = strlen(b), most = length_a < length_b ? length_a : length_b;
    size_t head = 0, tail = 0;
    while (head < most && a[head] == b[head])
        head++;
    while (tail < most - head && a[length_a - 1 - tail] == b[length_b - 1 - tail])
        tail++;
    return head + tail;
}

static const char *most_alike(const struct layout *layout, const char *path)
{
    const char *nearest = NULL;
    size_t best = 0;

    for (uint32_t i = 0; i < layout->n_figures; i++) {
        const size_t alike = likeness(layout->figure[i].path, path);
        if (alike > best) {
            best = alike;
            nearest = layout->figure[i].path;
        }
    }
    return nearest;
}

uint32_t layout_find(const struct layout *layout, const char *path, const char **nearest)
{
    const struct figure_name wanted = { path, NONE };
    const struct figure_name *found =
        bsearch(&wanted, layout->by_path, layout->n_figures, sizeof *found, by_path);

    if (nearest)
        *nearest = found ? found->path : most_alike(layout, path);
    return found ? found->figure : NONE;
}
