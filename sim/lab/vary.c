/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/vary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/json.h"

/* ---- quantities ---- */

bool quantity_parse(const char *text, struct quantity *out)
{
    char *end;
    sim_ns ns;
    double number = strtod(text, &end);
    if (*text && !*end && isfinite(number) && strspn(text, "+-.0123456789eE") == strlen(text)) {
        *out = (struct quantity){ false, number };
        return true;
    }
    if (!ns_parse(text, &ns)) return false;
    *out = (struct quantity){ true, (double)ns };
    return true;
}

const char *quantity_text(struct quantity quantity, struct arena *arena)
{
    char text[48];
    if (quantity.is_duration) ns_format((sim_ns)llround(quantity.value), text, sizeof text);
    else snprintf(text, sizeof text, "%.12g", quantity.value);
    return arena_strdup(arena, text);
}

static bool is_whole(struct quantity quantity)
{
    return !quantity.is_duration && !(fabs(quantity.value - round(quantity.value)) > 0);
}

/* ---- PTR=VALUES ---- */

/* The pointer before the first =, and what stands behind it. */
static char *split_assignment(const char *option, const char *text, const char *form, const char **pointer,
                              struct arena *arena, struct sim_err *err)
{
    char *copy = arena_strdup(arena, text), *equals = strchr(copy, '=');
    if (!equals || equals == copy || !equals[1]) {
        sim_fail(err, SIM_EUSAGE, NULL, "%s: \"%s\" is not of the form %s", option, text, form);
        return NULL;
    }
    *equals = '\0';
    *pointer = copy;
    return equals + 1;
}

/* Cuts "A..B..STEP" in place; the number of parts, or 0 when there is no range. */
static uint32_t split_range(char *text, char *part[3])
{
    uint32_t n = 1;
    part[0] = text;
    for (char *dots; n < 3 && (dots = strstr(part[n - 1], "..")) != NULL; n++) {
        *dots = '\0';
        part[n] = dots + 2;
    }
    return n;
}

static bool refuse_bounds(const char *text, char *const part[3], uint32_t n_parts, struct sim_err *err)
{
    struct quantity bound;
    for (uint32_t i = 0; i < n_parts; i++)
        if (!quantity_parse(part[i], &bound) && ns_is_duration(part[i]))
            return sim_fail(err, SIM_EUSAGE, NULL, "--vary: in \"%s\" %s is above the greatest duration, 2562047h",
                            text, part[i]);
    return sim_fail(err, SIM_EUSAGE, NULL, "--vary: in \"%s\" a bound is neither a number nor a duration", text);
}

static bool range_values(struct variation *out, const char *text, char *const part[3], uint32_t n_parts,
                         struct arena *arena, struct sim_err *err)
{
    struct quantity low, high, step = { false, 1 };
    if (!quantity_parse(part[0], &low) || !quantity_parse(part[1], &high) ||
        (n_parts == 3 && !quantity_parse(part[2], &step)))
        return refuse_bounds(text, part, n_parts, err);
    if (n_parts == 2 && !(is_whole(low) && is_whole(high)))
        return sim_fail(err, SIM_EUSAGE, NULL, "--vary: \"%s\" needs a step, as in %s..%s..STEP", text, part[0],
                        part[1]);
    if (low.is_duration != high.is_duration || low.is_duration != step.is_duration)
        return sim_fail(err, SIM_EUSAGE, NULL, "--vary: in \"%s\" some bounds have a unit and some have not", text);
    if (!(step.value > 0) || high.value < low.value)
        return sim_fail(err, SIM_EUSAGE, NULL, "--vary: \"%s\" does not go up from its first bound to its second",
                        text);
    double n = floor((high.value - low.value) / step.value * (1 + 1e-12) + 1e-9) + 1;
    if (n > VALUES_MAX)
        return sim_fail(err, SIM_EUSAGE, NULL, "--vary: \"%s\" has more than %d values", text, VALUES_MAX);
    const char **value = arena_array(arena, const char *, (size_t)n);
    for (out->n = 0; out->n < (uint32_t)n; out->n++)
        value[out->n] = quantity_text(
            (struct quantity){ low.is_duration, low.value + step.value * (double)out->n }, arena);
    out->value = value;
    return true;
}

/* Commas within brackets, braces and strings belong to a value. */
static void list_values(struct variation *out, char *text, struct arena *arena)
{
    const char **value = arena_array(arena, const char *, strlen(text) + 1);
    int depth = 0;
    bool quoted = false;
    value[out->n++] = text;
    for (char *c = text; *c; c++) {
        if (quoted && *c == '\\' && c[1]) c++;
        else if (*c == '"') quoted = !quoted;
        else if (quoted) continue;
        else if (*c == '[' || *c == '{') depth++;
        else if (*c == ']' || *c == '}') depth--;
        else if (*c == ',' && depth == 0) {
            *c = '\0';
            value[out->n++] = c + 1;
        }
    }
    out->value = value;
}

/* ---- twice the same ---- */

struct listed {
    bool has_quantity;
    struct quantity quantity;
    const char *text;
};

/* Numbers and durations by size, the rest by their texts. */
static int by_value(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    if (x->has_quantity != y->has_quantity) return x->has_quantity ? -1 : 1;
    if (!x->has_quantity) return strcmp(x->text, y->text);
    if (x->quantity.is_duration != y->quantity.is_duration) return x->quantity.is_duration ? -1 : 1;
    return x->quantity.value < y->quantity.value ? -1 : x->quantity.value > y->quantity.value;
}

/* Two points of one value would be the same runs twice. */
static bool differ(const struct variation *variation, const char *text, struct arena *arena, struct sim_err *err)
{
    struct listed *listed = arena_array(arena, struct listed, variation->n);
    for (uint32_t i = 0; i < variation->n; i++) {
        listed[i].text = variation->value[i];
        listed[i].has_quantity = quantity_parse(listed[i].text, &listed[i].quantity);
    }
    qsort(listed, variation->n, sizeof *listed, by_value);
    for (uint32_t i = 1; i < variation->n; i++) {
        if (by_value(&listed[i - 1], &listed[i]) != 0) continue;
        if (strcmp(listed[i - 1].text, listed[i].text) == 0)
            return sim_fail(err, SIM_EUSAGE, NULL, "--vary: in \"%s\" the value %s is given twice", text,
                            listed[i].text);
        return sim_fail(err, SIM_EUSAGE, NULL, "--vary: in \"%s\" %s and %s are one value; give it once", text,
                        listed[i - 1].text, listed[i].text);
    }
    return true;
}

bool vary_parse(struct variation *out, const char *text, struct arena *arena, struct sim_err *err)
{
    char *part[3];
    *out = (struct variation){ 0 };
    char *values = split_assignment("--vary", text, "PTR=VALUES, as in stock-service-group.consumers=1..6",
                                    &out->pointer, arena, err);
    if (!values) return false;
    char *whole = arena_strdup(arena, values);
    bool is_json = strpbrk(values, "\"[{,") != NULL;
    uint32_t n_parts = is_json ? 1 : split_range(whole, part);
    if (n_parts > 1) return range_values(out, text, part, n_parts, arena, err);
    list_values(out, values, arena);
    for (uint32_t i = 0; i < out->n; i++)
        if (!*out->value[i])
            return sim_fail(err, SIM_EUSAGE, NULL, "--vary: in \"%s\" a value between two commas is missing", text);
    return differ(out, text, arena, err);
}

/* ---- points ---- */

/* "/groups/pay/consumers" and "pay.consumers" -> "consumers" */
static const char *last_key(const char *pointer)
{
    const char *slash = strrchr(pointer, '/'), *dot = pointer[0] == '/' ? NULL : strrchr(pointer, '.');
    return slash ? slash + 1 : dot ? dot + 1 : pointer;
}

static bool is_shared(const char *const *pointer, uint32_t n, uint32_t index)
{
    for (uint32_t i = 0; i < n; i++)
        if (i != index && strcmp(last_key(pointer[i]), last_key(pointer[index])) == 0) return true;
    return false;
}

/* Two pointers that end alike are named in full. */
static const char *label_of(const char *const *pointer, const char *const *value, uint32_t n, struct arena *arena)
{
    size_t size = 1, used = 0;
    for (uint32_t i = 0; i < n; i++) size += strlen(pointer[i]) + strlen(value[i]) + 3;
    char *label = arena_alloc(arena, size);
    for (uint32_t i = 0; i < n; i++)
        used += (size_t)snprintf(label + used, size - used, "%s%s=%s", i ? ", " : "",
                                 is_shared(pointer, n, i) ? pointer[i] : last_key(pointer[i]), value[i]);
    for (char *c = label; *c; c++)
        if ((unsigned char)*c < 0x20) *c = ' '; /* JSON may go over several lines; a label is one cell */
    return label;
}

static struct point make_point(const struct point *base, const char *const *pointer, const char *const *value,
                               uint32_t n, struct arena *arena)
{
    struct point point = *base;
    struct study_edit *edit = arena_array(arena, struct study_edit, base->n_edits + n);
    if (base->n_edits > 0) memcpy(edit, base->edit, base->n_edits * sizeof *edit);
    for (uint32_t i = 0; i < n; i++) edit[base->n_edits + i] = (struct study_edit){ pointer[i], value[i] };
    point.edit = edit;
    point.n_edits = base->n_edits + n;
    point.first_varied = base->n_edits;
    point.n_varied = n;
    point.label = n > 0 ? label_of(pointer, value, n, arena) : "as it is";
    return point;
}

bool points_of_grid(const struct point *base, const struct variation *variation, uint32_t n_variations,
                    struct point **point, uint32_t *n_points, struct arena *arena, struct sim_err *err)
{
    double n = 1;
    for (uint32_t i = 0; i < n_variations; i++) n *= variation[i].n;
    if (n > POINTS_MAX)
        return sim_fail(err, SIM_EUSAGE, NULL, "%.0f combinations are more than the %d that one experiment may have", n,
                        POINTS_MAX);
    const char **pointer = arena_array(arena, const char *, n_variations + 1);
    const char **value = arena_array(arena, const char *, n_variations + 1);
    for (uint32_t i = 0; i < n_variations; i++) pointer[i] = variation[i].pointer;
    *n_points = (uint32_t)n;
    *point = arena_array(arena, struct point, *n_points);
    for (uint32_t p = 0; p < *n_points; p++) {
        uint32_t rest = p;
        for (uint32_t i = n_variations; i-- > 0; rest /= variation[i].n)
            value[i] = variation[i].value[rest % variation[i].n];
        (*point)[p] = make_point(base, pointer, value, n_variations, arena);
    }
    return true;
}

/* ---- --points FILE.csv ---- */

/* Cuts a line into its cells, in place; returns where the next line begins. */
static char *cut_row(char *at, const char **cell, uint32_t most, uint32_t *n)
{
    *n = 0;
    for (;;) {
        char *out = at, *from = at;
        bool quoted = *from == '"';
        if (quoted) from++;
        char *begin = out;
        while (*from && (quoted || (*from != ',' && *from != '\n' && *from != '\r'))) {
            if (quoted && *from == '"') {
                if (from[1] != '"') {
                    quoted = false;
                    from++;
                    continue;
                }
                from++;
            }
            *out++ = *from++;
        }
        char ended = *from;
        if (ended == '\r' && from[1] == '\n') from++;
        at = ended ? from + 1 : from;
        *out = '\0';
        if (*n < most) cell[*n] = begin;
        ++*n;
        if (ended != ',') return at;
    }
}

static uint32_t count(const char *text, const char *end, char what)
{
    uint32_t n = 0;
    for (; text < end; text++) n += *text == what;
    return n;
}

static int by_label(const void *a, const void *b)
{
    const struct point *x = *(const struct point *const *)a, *y = *(const struct point *const *)b;
    const int order = strcmp(x->label, y->label);
    return order != 0 ? order : x < y ? -1 : x > y;
}

/* A label has all of a row's values. */
static bool rows_differ(const struct point *point, uint32_t n, struct arena *arena, struct sim_err *err)
{
    const struct point **sorted = arena_array(arena, const struct point *, n);
    for (uint32_t i = 0; i < n; i++) sorted[i] = &point[i];
    qsort(sorted, n, sizeof *sorted, by_label);
    for (uint32_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1]->label, sorted[i]->label) == 0)
            return sim_fail(err, SIM_EUSAGE, sorted[i]->from, "this row is the same as that of %s (%s); give it once",
                            sorted[i - 1]->from, sorted[i]->label);
    return true;
}

bool points_of_csv(const struct point *base, const char *file, struct point **point, uint32_t *n_points,
                   struct arena *arena, struct sim_err *err)
{
    struct study_source source;
    if (!study_source_load(&source, file, arena, err)) return false;
    const char *text = source.text + (strncmp(source.text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
    const char *text_end = text + strlen(text);
    char *const copy = arena_strdup(arena, text), *at = copy;
    uint32_t most = count(text, text_end, ',') + 1, n_pointers, n_cells, line = 1;
    const char **pointer = arena_array(arena, const char *, most), **cell = arena_array(arena, const char *, most);
    *point = arena_array(arena, struct point, count(text, text_end, '\n') + 1);
    *n_points = 0;
    at = cut_row(at, pointer, most, &n_pointers);
    if (!*pointer[0])
        return sim_fail(err, SIM_EUSAGE, file, "the first line must name the places to set, one a column");
    const char *row = text; /* a quoted cell may have line ends */
    while (*at) {
        line += count(row, text + (at - copy), '\n');
        row = text + (at - copy);
        at = cut_row(at, cell, most, &n_cells);
        if (n_cells == 1 && !*cell[0]) continue;
        if (n_cells != n_pointers)
            return sim_fail(err, SIM_EUSAGE, file, "line %u has %u cells, but the first line names %u places", line,
                            n_cells, n_pointers);
        (*point)[*n_points] = make_point(base, pointer, cell, n_pointers, arena);
        (*point)[(*n_points)++].from = arena_printf(arena, "%s:%u", file, line);
    }
    if (*n_points == 0) return sim_fail(err, SIM_EUSAGE, file, "there is no row below the first line");
    return rows_differ(*point, *n_points, arena, err);
}

/* ---- --variants FILE.json ---- */

static struct point variant_point(const struct point *base, const cJSON *variant, struct arena *arena)
{
    const uint32_t n = (uint32_t)cJSON_GetArraySize(variant);
    const char **pointer = arena_array(arena, const char *, n + 1), **value = arena_array(arena, const char *, n + 1);
    uint32_t i = 0;
    for (const cJSON *item = variant->child; item; item = item->next, i++) {
        char *text = cJSON_PrintUnformatted(item);
        pointer[i] = arena_strdup(arena, item->string);
        value[i] = arena_strdup(arena, text);
        cJSON_free(text);
    }
    struct point point = make_point(base, pointer, value, n, arena);
    point.may_override = true;
    point.label = arena_strdup(arena, variant->string);
    return point;
}

static bool is_remark(const cJSON *item) { return strcmp(item->string, "$comment") == 0; }

static void read_variants(const struct point *base, const struct json *json, struct point **point, uint32_t *n_points,
                          struct findings *findings, struct arena *arena)
{
    *point = arena_array(arena, struct point, cJSON_GetArraySize(json->root) + 1);
    if (!cJSON_IsObject(json->root))
        finding_add(findings, arena, json_place(json, json->root), "", "%s, but variants are an object: "
                    "{NAME: {PTR: VALUE, ...}, ...}", json_type_name(json->root));
    for (const cJSON *item = json->root->child; item && findings->n_all == 0; item = item->next) {
        if (is_remark(item)) continue;
        if (text_control(item->string) != 0)
            finding_add(findings, arena, json_place(json, item), json_pointer_below("", item->string, arena),
                        "a control character, U+%04X, in a name that is printed", text_control(item->string));
        else if (cJSON_IsObject(item)) (*point)[(*n_points)++] = variant_point(base, item, arena);
        else
            finding_add(findings, arena, json_place(json, item), json_pointer_below("", item->string, arena),
                        "%s, but a variant is an object: {PTR: VALUE, ...}", json_type_name(item));
    }
    if (*n_points < 2 && findings->n_all == 0)
        finding_add(findings, arena, json_place(json, json->root), "", "there is nothing to compare: at least two "
                    "variants are needed; {} is the scenario as it is");
}

bool points_of_variants(const struct point *base, const char *file, struct point **point, uint32_t *n_points,
                        struct findings *findings, struct arena *arena, struct sim_err *err)
{
    struct study_source source;
    struct json json;
    if (!study_source_load(&source, file, arena, err)) return false;
    *n_points = 0;
    if (json_open(&json, source.text, source.length, findings, arena))
        read_variants(base, &json, point, n_points, findings, arena);
    json_close(&json);
    if (findings->n_all > 0) err->code = SIM_ESCENARIO;
    return findings->n_all == 0;
}
