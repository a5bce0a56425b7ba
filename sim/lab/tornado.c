/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/tornado.h"

#include <math.h>
#include <string.h>

#include "sim/scenario/json.h"

#define FIFTH 0.2

struct tornado {
    const struct point *base;
    struct study study; /* of the base */
    struct json json;   /* of its resolved text */
    struct tornado_points *out;
    struct arena *arena;
};

static const char *label_of(const char *pointer, const char *value, struct arena *arena)
{
    const size_t size = strlen(pointer) + strlen(value) + 2;
    char *label = arena_alloc(arena, size);
    snprintf(label, size, "%s=%s", pointer, value);
    return label;
}

static bool is_acceptable(const struct point *point)
{
    struct desk desk = { 0 };
    struct findings findings = { 0 };
    struct sim_err err = { 0 };
    const bool acceptable = desk_open(&desk, point, &findings, &err) && desk_plan(&desk, &err);
    desk_fini(&desk);
    return acceptable;
}

static bool add_point(struct tornado *tornado, const char *pointer, const char *value)
{
    struct point point = point_with(tornado->base, pointer, value, tornado->arena);
    point.label = label_of(pointer, value, tornado->arena);
    if (!is_acceptable(&point)) return false;
    tornado->out->point[tornado->out->n_points++] = point;
    return true;
}

/* ---- assumed values ---- */

/* The value as a quantity; false for what is none, a name or an object. */
static bool quantity_at(struct tornado *tornado, const char *pointer, struct quantity *out)
{
    cJSON *nearest;
    const cJSON *node = json_find(tornado->json.root, pointer, &nearest, tornado->arena);
    if (cJSON_IsString(node)) return quantity_parse(node->valuestring, out) && out->is_duration;
    if (!cJSON_IsNumber(node)) return false;
    *out = (struct quantity){ false, node->valuedouble };
    return true;
}

/* What cannot be broken moves by one at least. */
static bool add_side(struct tornado *tornado, const char *pointer, struct quantity now, double factor)
{
    struct quantity moved = { now.is_duration, now.value * factor };
    if (add_point(tornado, pointer, quantity_text(moved, tornado->arena))) return true;
    const double step = moved.value < now.value ? -1 : 1;
    moved.value = round(moved.value);
    if (!(fabs(moved.value - now.value) > 0)) moved.value += step;
    return add_point(tornado, pointer, quantity_text(moved, tornado->arena));
}

/* Either way, or one where the other is not acceptable. */
static bool add_value(struct tornado *tornado, const char *pointer)
{
    struct quantity now;
    if (!quantity_at(tornado, pointer, &now) || !(fabs(now.value) > 0)) return false;
    const bool lower = add_side(tornado, pointer, now, 1 - FIFTH);
    return add_side(tornado, pointer, now, 1 + FIFTH) || lower;
}

static bool has_range(const struct unknown *unknown, uint32_t n, const char *pointer)
{
    for (uint32_t u = 0; u < n; u++)
        if (strcmp(unknown[u].at, pointer) == 0) return true;
    return false;
}

static void add_assumed(struct tornado *tornado, const struct unknown *unknown, uint32_t n_unknowns)
{
    const char **unvaried = arena_array(tornado->arena, const char *, tornado->study.n_basis);
    tornado->out->unvaried = unvaried;
    for (uint32_t i = 0; i < tornado->study.n_basis; i++) {
        const struct basis_of *value = &tornado->study.basis[i];
        if (value->basis != BASIS_ASSUMED || has_range(unknown, n_unknowns, value->pointer)) continue;
        if (!add_value(tornado, value->pointer)) unvaried[tornado->out->n_unvaried++] = value->pointer;
    }
}

/* ---- given ranges ---- */

static bool add_range(struct tornado *tornado, struct unknown *unknown, struct findings *findings, struct sim_err *err)
{
    for (int high = 0; high < 2; high++) {
        const char *value = unknown_at(unknown, high, tornado->arena);
        struct point point = point_with(tornado->base, unknown->pointer, value, tornado->arena);
        struct desk desk = { 0 };
        const bool ok = desk_open(&desk, &point, findings, err) && desk_plan(&desk, err);
        if (ok) unknown->at = arena_strdup(tornado->arena, desk.study.edit_at[tornado->base->n_edits]);
        desk_fini(&desk);
        if (!ok) return false;
        point.label = label_of(unknown->at, value, tornado->arena);
        tornado->out->point[tornado->out->n_points++] = point;
    }
    return true;
}

/* ---- all ---- */

static bool refuse(const struct tornado_points *out, struct sim_err *err)
{
    if (out->n_unvaried > 0)
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "--tornado: %u values of this scenario are assumed, %s%s, and none can be varied: each is 0, "
                        "or the scenario can have no other near; give ranges with --unknown",
                        out->n_unvaried, out->unvaried[0], out->n_unvaried > 1 ? " first" : "");
    return sim_fail(err, SIM_EUSAGE, NULL, "--tornado: no value of this scenario is assumed; tag what is, as in "
                                           "\"basis\": \"assumed\", or give ranges with --unknown");
}

static bool make(struct tornado *tornado, const struct unknown *unknown, uint32_t n_unknowns,
                 struct findings *findings, struct sim_err *err)
{
    struct tornado_points *out = tornado->out;
    struct unknown *known_place = arena_array(tornado->arena, struct unknown, n_unknowns);
    out->point = arena_array(tornado->arena, struct point, 1 + 2 * (n_unknowns + tornado->study.n_basis));
    out->point[out->n_points++] = *tornado->base;
    for (uint32_t u = 0; u < n_unknowns; u++) {
        known_place[u] = unknown[u];
        if (!add_range(tornado, &known_place[u], findings, err)) return false;
    }
    add_assumed(tornado, known_place, n_unknowns);
    return out->n_points > 1 || refuse(out, err);
}

bool points_of_tornado(const struct point *base, const struct unknown *unknown, uint32_t n_unknowns,
                       struct tornado_points *out, struct findings *findings, struct arena *arena, struct sim_err *err)
{
    const struct study_source *source = base->source;
    struct tornado tornado = { .base = base, .out = out, .arena = arena };
    *out = (struct tornado_points){ 0 };
    if (!study_read_text(&tornado.study, source->text, source->length, source->file, source->folder, base->edit,
                         base->n_edits, findings, arena, err))
        return false;
    bool ok = json_open(&tornado.json, tornado.study.text, strlen(tornado.study.text), findings, arena);
    ok = ok && make(&tornado, unknown, n_unknowns, findings, err);
    json_close(&tornado.json);
    return ok;
}
