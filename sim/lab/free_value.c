/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a pointer stands for is asked of the reader itself: the scenario is read with the value set to both ends of its
 * range, so what it refuses is refused before the first run, in its words; and with one between two whole numbers, to
 * see whether only whole ones are accepted. */
#include "sim/lab/free_value.h"

#include <math.h>
#include <string.h>

#include "sim/engine/ns.h"
#include "sim/engine/minimum.h"
#include "sim/scenario/json.h"

#define DECADES_RATIO 4.0 /* a range this wide is searched by its logarithm */

/* ---- one place ---- */

/* The base with one value set; *pointer is the place as a JSON Pointer. */
static bool acceptable(struct desk *desk, const struct point *base, const char *place, const char *text,
                       const char **pointer, struct findings *findings, struct arena *arena, struct sim_err *err)
{
    struct study_edit *edit = arena_array(arena, struct study_edit, base->n_edits + 1);
    struct point point = *base;
    if (base->n_edits > 0) memcpy(edit, base->edit, base->n_edits * sizeof *edit);
    edit[base->n_edits] = (struct study_edit){ place, text };
    point.edit = edit;
    point.n_edits++;
    desk->point = NULL;
    if (!desk_open(desk, &point, findings, err)) return false;
    *pointer = arena_strdup(arena, desk->study.edit_at[base->n_edits]);
    desk->point = NULL; /* it is on the stack */
    return true;
}

static bool node_quantity(const cJSON *node, struct quantity *out)
{
    if (cJSON_IsNumber(node)) return *out = (struct quantity){ false, node->valuedouble }, true;
    return cJSON_IsString(node) && quantity_parse(node->valuestring, out) && out->is_duration;
}

static bool find_before(struct free_value *value, const struct study *study, struct arena *arena, struct sim_err *err)
{
    cJSON *root = json_value(study->text, arena), *nearest;
    struct quantity now;
    const bool there = node_quantity(json_find(root, value->pointer, &nearest, arena), &now);
    cJSON_Delete(root);
    if (!there)
        return sim_fail(err, SIM_ESCENARIO, study->file, "there is no number or duration at %s that could be fitted",
                        value->pointer);
    if (now.is_duration != value->is_duration)
        return sim_fail(err, SIM_EUSAGE, NULL, "%s is %s, its range is not", value->pointer,
                        now.is_duration ? "a duration" : "a number");
    value->before = now.value;
    return true;
}

static bool is_integer(double x) { return !(fabs(x - round(x)) > 0); }

static bool takes_fractions(const struct free_value *value, struct desk *desk, const struct point *base,
                            struct arena *arena)
{
    struct findings unused = { 0 };
    struct sim_err err = { 0 };
    const char *pointer;
    const double between = floor(value->low) + 0.5;
    if (value->is_duration || !is_integer(value->low) || !is_integer(value->high)) return true;
    return acceptable(desk, base, value->pointer, quantity_text((struct quantity){ false, between }, arena), &pointer,
                      &unused, arena, &err);
}

static bool make(struct free_value *out, struct desk *desk, const struct point *base, const struct range_spec *range,
                 struct findings *findings, struct arena *arena, struct sim_err *err)
{
    struct quantity low, high;
    if (!quantity_parse(range->low, &low) || !quantity_parse(range->high, &high) ||
        low.is_duration != high.is_duration || !(low.value < high.value))
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "--fit: \"%s..%s\" is not a range LOW..HIGH that goes up, as in 5ms..200ms", range->low,
                        range->high);
    *out = (struct free_value){ .is_duration = low.is_duration, .low = low.value, .high = high.value,
                                .logarithmic = low.value > 0 && high.value >= DECADES_RATIO * low.value };
    if (!acceptable(desk, base, range->pointer, range->high, &out->pointer, findings, arena, err) ||
        !acceptable(desk, base, range->pointer, range->low, &out->pointer, findings, arena, err))
        return false;
    struct desk plain = { 0 };
    const bool ok = desk_open(&plain, base, findings, err) && find_before(out, &plain.study, arena, err);
    desk_fini(&plain);
    out->whole = ok && !takes_fractions(out, desk, base, arena);
    return ok;
}

/* ---- all ---- */

/* A bound as quantities read it: JSON strings without their quotes. */
static const char *bare(const char *json, struct arena *arena)
{
    char *text = arena_strdup(arena, json);
    const size_t length = strlen(text);
    if (length < 2 || text[0] != '"') return text;
    text[length - 1] = '\0';
    return text + 1;
}

static bool range_of_word(struct range_spec *out, const char *word, struct arena *arena, struct sim_err *err)
{
    char *copy = arena_strdup(arena, word), *equals = strchr(copy, '='), *dots = equals ? strstr(equals, "..") : NULL;
    if (!equals || equals == copy || !dots || dots == equals + 1 || !dots[2])
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "--fit: \"%s\" is not of the form PTR=LOW..HIGH, as in /stages/pay/time/mean=1ms..100ms", word);
    *equals = *dots = '\0';
    *out = (struct range_spec){ copy, equals + 1, dots + 2 };
    return true;
}

static bool ranges(struct range_spec **out, uint32_t *n, const struct point *base, const char *const *fit,
                   uint32_t n_fit, struct findings *findings, struct arena *arena, struct sim_err *err)
{
    struct desk desk = { 0 };
    if (!desk_open(&desk, base, findings, err)) return desk_fini(&desk), false;
    *n = n_fit > 0 ? n_fit : desk.study.n_calibrate;
    *out = arena_array(arena, struct range_spec, *n);
    bool ok = true;
    for (uint32_t i = 0; i < *n && ok; i++) {
        const struct range_spec *said = &desk.study.calibrate[i];
        if (n_fit > 0) ok = range_of_word(&(*out)[i], fit[i], arena, err);
        else
            (*out)[i] = (struct range_spec){ arena_strdup(arena, said->pointer), bare(said->low, arena),
                                             bare(said->high, arena) };
    }
    desk_fini(&desk);
    if (ok && *n == 0)
        return sim_fail(err, SIM_EUSAGE, base->source->file,
                        "says nothing of what to fit; add \"calibrate\": {\"/stages/NAME/time/mean\": [\"5ms\", "
                        "\"200ms\"]}, or --fit /stages/NAME/time/mean=5ms..200ms");
    if (ok && *n > MINIMUM_MOST)
        return sim_fail(err, SIM_EUSAGE, base->source->file, "%u values are to be fitted, at most %d can be", *n,
                        MINIMUM_MOST);
    return ok;
}

bool free_values_make(struct free_value **out, uint32_t *n, const struct point *base, const char *const *fit,
                      uint32_t n_fit, struct findings *findings, struct arena *arena, struct sim_err *err)
{
    struct range_spec *range;
    struct desk desk = { 0 };
    if (!ranges(&range, n, base, fit, n_fit, findings, arena, err)) return false;
    *out = arena_array(arena, struct free_value, *n);
    bool ok = true;
    for (uint32_t i = 0; i < *n && ok; i++) {
        ok = make(&(*out)[i], &desk, base, &range[i], findings, arena, err);
        for (uint32_t k = 0; k < i && ok; k++)
            if (strcmp((*out)[k].pointer, (*out)[i].pointer) == 0)
                ok = sim_fail(err, SIM_EUSAGE, NULL, "%s is to be fitted twice", (*out)[i].pointer);
    }
    desk_fini(&desk);
    return ok;
}

/* ---- places ---- */

double free_value_place(const struct free_value *value, double quantity)
{
    const double at = fmin(fmax(quantity, value->low), value->high);
    return value->logarithmic ? log(at / value->low) / log(value->high / value->low)
                              : (at - value->low) / (value->high - value->low);
}

double free_value_at(const struct free_value *value, double place)
{
    const double at = value->logarithmic ? value->low * pow(value->high / value->low, place)
                                         : value->low + place * (value->high - value->low);
    return value->is_duration || value->whole ? round(at) : at;
}

const char *free_value_text(const struct free_value *value, double quantity, struct arena *arena)
{
    return quantity_text((struct quantity){ value->is_duration, quantity }, arena);
}
