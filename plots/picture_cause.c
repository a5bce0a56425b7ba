/* SPDX-License-Identifier: GPL-3.0-or-later
 * Why the first invariant broke: its cause chain from the top down, one event a line, over the time at which each
 * happened. Events crowd together and lie far apart, so the text of each stands on its own line, where there is room.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plots/curves.h"
#include "plots/paint.h"

enum { LINKS_MAX = 16, TEXT_BYTES = 512, ORDERS_MAX = 3, TICKS = 7 };

struct link {
    double t_s;
    char order[32], event[32], what[TEXT_BYTES];
};

struct cause {
    bool korean;
    char invariant[16], name[TEXT_BYTES];
    uint32_t n_links, n_orders;
    struct link link[LINKS_MAX];
    const char *order[ORDERS_MAX]; /* each once, as they come */
};

/* ---- reading ---- */

static void add_link(void *context, const struct rows *rows)
{
    struct cause *cause = context;
    if (cause->n_links == 0) {
        snprintf(cause->invariant, sizeof cause->invariant, "%s", rows->field[0]);
        snprintf(cause->name, sizeof cause->name, "%s", rows->field[cause->korean ? 7 : 6]);
    }
    if (strcmp(rows->field[0], cause->invariant) != 0 || cause->n_links == LINKS_MAX) return;
    struct link *link = &cause->link[cause->n_links++];
    link->t_s = rows_number(rows, 1);
    snprintf(link->order, sizeof link->order, "%s", rows->field[2]);
    snprintf(link->event, sizeof link->event, "%s", rows->field[3]);
    snprintf(link->what, sizeof link->what, "%s", rows->field[cause->korean ? 5 : 4]);
}

static void name_orders(struct cause *cause)
{
    for (uint32_t i = 0; i < cause->n_links; i++) {
        uint32_t k = 0;
        while (k < cause->n_orders && strcmp(cause->order[k], cause->link[i].order) != 0) k++;
        if (*cause->link[i].order && k == cause->n_orders && k < ORDERS_MAX)
            cause->order[cause->n_orders++] = cause->link[i].order;
    }
}

/* ---- writing ---- */

/* -1: a fault. */
static int order_of(const struct cause *cause, const struct link *link)
{
    for (uint32_t k = 0; k < cause->n_orders; k++)
        if (strcmp(cause->order[k], link->order) == 0) return (int)k;
    return -1;
}

static bool has_fault(const struct cause *cause)
{
    for (uint32_t i = 0; i < cause->n_links; i++)
        if (order_of(cause, &cause->link[i]) < 0) return true;
    return false;
}

static double line_of(const struct cause *cause, uint32_t link) { return cause->n_links - link; }

/* Whether the text of an event stands to the left of it. */
static int is_right(const struct link *link, double from_s, double to_s)
{
    return link->t_s - from_s > 0.5 * (to_s - from_s);
}

/* t_s,line,order,right,text; right: the text stands to the left of the event. */
static bool write_links(const struct script *script, const struct cause *cause, double from_s, double to_s,
                        struct sim_err *err)
{
    FILE *data = data_open(script, ".csv", err);
    if (!data) return false;
    fputs("t_s,line,order,right,text\n", data);
    for (uint32_t i = 0; i < cause->n_links; i++) {
        const struct link *link = &cause->link[i];
        fprintf(data, "%.9f,%g,%d,%d,\"%.6f s  ", link->t_s, line_of(cause, i), order_of(cause, link),
                is_right(link, from_s, to_s), link->t_s);
        for (const char *c = link->what; *c; c++) fputs(*c == '"' ? "\"\"" : (char[]){ *c, '\0' }, data);
        fputs("\"\n", data);
    }
    return data_close(script, data, ".csv", err);
}

/* From one event of an order to a later one, below the line of the former. */
static void add_span(struct script *script, const struct cause *cause, const char *from, const char *to,
                     const char *style, const char *title)
{
    for (uint32_t i = 0; i < cause->n_links; i++)
        for (uint32_t k = i + 1; k < cause->n_links && strcmp(cause->link[i].event, from) == 0; k++) {
            if (strcmp(cause->link[k].event, to) != 0 || strcmp(cause->link[k].order, cause->link[i].order) != 0)
                continue;
            fprintf(script_item(script), "'+' using (%.9f):(%g):(%.9f):(0) every 1:1:0:0:0 with vectors nohead %s",
                    cause->link[i].t_s, line_of(cause, i) - 0.32, cause->link[k].t_s - cause->link[i].t_s, style);
            script_title(script, title);
            return;
        }
}

static void add_events(struct script *script, int order, const char *colour, uint32_t point, const char *title)
{
    fprintf(script_item(script),
            "'%s.csv' skip 1 using ($3==%d?$1:1/0):2 with points pointtype %u pointsize 1.5 linecolor rgb '%s'",
            script->name, order, point, colour);
    script_title(script, title);
}

/* gnuplot 5.4 crashes on labels none of which it can draw: a side of which no event is has no item. */
static void add_texts(struct script *script, const struct cause *cause, double from_s, double to_s)
{
    static const char *const style[] = { "left offset 1.4, 0", "right offset -1.4, 0" };
    for (int side = 0; side < 2; side++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < cause->n_links; i++) n += is_right(&cause->link[i], from_s, to_s) == side;
        if (n == 0) continue;
        fprintf(script_item(script),
                "'%s.csv' skip 1 using ($4==%d?$1:1/0):2:5 with labels %s textcolor rgb '#222222' notitle",
                script->name, side, style[side]);
    }
}

static bool paint(struct script *script, const struct cause *cause, struct sim_err *err)
{
    static const uint32_t points[ORDERS_MAX] = { 7, 5, 9 };
    char title[2 * TEXT_BYTES], order[64];
    const double from_s = cause->link[0].t_s, last_s = cause->link[cause->n_links - 1].t_s;
    const double to_s = last_s > from_s ? last_s : from_s + 1; /* one instant stands at the left, its text beside it */
    const double margin_s = 0.04 * fmax(to_s - from_s, 1e-6);
    snprintf(title, sizeof title, script_word(script, "Why %s broke.  %s", "%s 위반의 원인.  %s"), cause->invariant,
             cause->name);
    struct frame frame = { .title = title,
                           .x_label = script_word(script, "time since the start (s)", "시작 후 시간 (초)"),
                           .y_label = "",
                           .x_to = to_s + margin_s,
                           .y_to = cause->n_links + 1,
                           .one_replication = true };
    if (!write_links(script, cause, from_s, to_s, err) || !script_open(script, &frame, err)) return false;
    fprintf(script->out, "    set xrange [%.9f:%.9f]\n    unset ytics\n    set border 1\n    set lmargin 6\n    ",
            from_s - margin_s, to_s + margin_s);
    write_ticks(script->out, "x", from_s - margin_s, to_s + margin_s, TICKS); /* chains are short and may come late */
    add_span(script, cause, "locked", "lost_lock", "linewidth 6 linecolor rgb '#A8D5C5'",
             script_word(script, "holds the lock", "락 보유"));
    add_span(script, cause, "locked", "unlocked", "linewidth 6 linecolor rgb '#A8D5C5'",
             script_word(script, "holds the lock", "락 보유"));
    for (size_t i = 0; i < 2; i++)
        add_span(script, cause, "lost_lock", i == 0 ? "overwrote" : "committed", "linewidth 6 linecolor rgb '#F3C9A5'",
                 script_word(script, "believes to hold it", "보유한다고 믿음"));
    for (uint32_t k = 0; k < cause->n_orders; k++) {
        snprintf(order, sizeof order, script_word(script, "order %s", "주문 %s"), cause->order[k]);
        add_events(script, (int)k, palette(k), points[k], order);
    }
    if (has_fault(cause)) add_events(script, -1, "#000000", 11, script_word(script, "fault", "장애"));
    add_texts(script, cause, from_s, to_s);
    return script_close(script, err);
}

bool picture_cause(struct script *script, struct sim_err *err)
{
    static const char *const columns[] = { "invariant", "t_s",   "order_id", "event", "what",
                                           "what_ko",   "cause", "cause_ko", NULL };
    struct cause *cause = plots_alloc(NULL, 1, sizeof *cause);
    *cause = (struct cause){ .korean = script->korean };
    script->name = "cause";
    bool ok = read_rows(script->folder, "causes.csv", columns, add_link, cause, err);
    name_orders(cause);
    if (ok && cause->n_links == 0) ok = sim_fail(err, SIM_ERUNTIME, "causes.csv", "there is no row in this file");
    ok = ok && paint(script, cause, err);
    free(cause);
    return ok;
}
