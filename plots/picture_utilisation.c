/* SPDX-License-Identifier: GPL-3.0-or-later
 * How busy the consumers of each group are, over bins of time: what one instant shows is only a few whole numbers. */
#include "plots/paint.h"

enum { GROUPS_MAX = 64 };

struct utilisation {
    double replication, t_s;
    uint32_t group; /* of the row, in the order of the file */
    struct binned binned[GROUPS_MAX], there[GROUPS_MAX];
    struct { double t_s, consumers, consumer_s; } seen[GROUPS_MAX];
    struct curves curves;
};

/* Consumers that were there, times time. Between two samples as many as either of them has can have worked: those that
 * the group should have, or those that still work off a batch before they leave. */
static double consumer_s(struct utilisation *utilisation, uint32_t group, double t_s, double consumers)
{
    const double before = utilisation->seen[group].consumers, from_s = utilisation->seen[group].t_s;
    if (t_s <= 0) utilisation->seen[group].consumer_s = 0;
    else utilisation->seen[group].consumer_s += (t_s - from_s) * (before > consumers ? before : consumers);
    utilisation->seen[group].t_s = t_s;
    utilisation->seen[group].consumers = consumers;
    return utilisation->seen[group].consumer_s;
}

static void add_busy(void *context, const struct rows *rows)
{
    struct utilisation *utilisation = context;
    double replication = rows_number(rows, 0), t_s = rows_number(rows, 1), start_s, length_s, growth, worked_s, there_s;
    bool same = replication == utilisation->replication && t_s == utilisation->t_s;
    utilisation->group = same ? utilisation->group + 1 : 0;
    utilisation->replication = replication;
    utilisation->t_s = t_s;
    if (utilisation->group >= GROUPS_MAX) return;
    const uint32_t group = utilisation->group;
    const double wanted = rows_number(rows, 3), busy = rows_number(rows, 5);
    there_s = consumer_s(utilisation, group, t_s, busy > wanted ? busy : wanted);
    bin_over(&utilisation->there[group], t_s, there_s, &start_s, &length_s, &growth);
    there_s = growth;
    if (bin_over(&utilisation->binned[group], t_s, rows_number(rows, 4), &start_s, &length_s, &worked_s))
        curves_add(&utilisation->curves, replication, start_s + length_s / 2, rows->field[2],
                   there_s > 0 ? worked_s / there_s : 0);
}

bool picture_utilisation(struct script *script, struct sim_err *err)
{
    static const char *const columns[] = { "replication", "t_s", "group", "consumers", "busy_s", "busy", NULL };
    struct utilisation utilisation = { .t_s = -1 };
    script->name = "utilisation";
    curves_init(&utilisation.curves, 1);
    for (uint32_t g = 0; g < GROUPS_MAX; g++)
        utilisation.binned[g].bin_s = utilisation.there[g].bin_s = bin_s(script->folder);
    bool ok = read_rows(script->folder, "groups.csv", columns, add_busy, &utilisation, err);
    curves_finish(&utilisation.curves, false);
    struct frame frame =
        time_frame(script, script_word(script, "Utilisation by consumer group", "Consumer 그룹별 가동률"),
                   script_word(script, "share of consumers with a record in service", "처리 중인 Consumer의 비율"), 100);
    frame.y_percent = frame.means = true;
    ok = ok && write_curves(script, &utilisation.curves, "t_s", err) && script_open(script, &frame, err);
    if (ok) {
        const struct choice busiest = { .by = BY_SUM, .always = script->folder->bottleneck };
        add_curves(script, &utilisation.curves, &busiest, 100);
        if (script->n_items == 0) add_nothing(script, script_word(script, "the run is too short", "실행이 너무 짧음"));
        ok = script_close(script, err);
    }
    curves_fini(&utilisation.curves);
    return ok;
}
