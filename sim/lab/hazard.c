/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/hazard.h"

#include <math.h>
#include <string.h>

#include "models/purpose.h"
#include "sim/engine/random.h"
#include "sim/lab/vary.h"
#include "sim/scenario/finding.h"

/* Words drawn one after the other from the seed's own stream. */
struct lot {
    struct random_key key;
    uint64_t entity;
    uint32_t n;
    struct random_words words;
};

enum { LOT_FAULTS, LOT_VALUES };

static struct lot lot_open(uint64_t seed, uint64_t entity)
{
    return (struct lot){ .key = random_key(seed, 0), .entity = entity };
}

static uint32_t word(struct lot *lot)
{
    if (lot->n % 4 == 0) lot->words = random_block(lot->key, PURPOSE_EXPLORE, lot->entity, lot->n / 4);
    return lot->words.word[lot->n++ % 4];
}

static double unit(struct lot *lot) { return random_unit(word(lot)); }

static uint32_t below(struct lot *lot, uint32_t n) { return (uint32_t)((uint64_t)word(lot) * n >> 32); }

static bool chance(struct lot *lot, double p) { return unit(lot) < p; }

/* ---- values ---- */

/* Three digits are enough, and read better. */
static double rounded(double value)
{
    if (!(value > 0)) return value;
    double unit_ = pow(10, floor(log10(value)) - 2);
    return round(value / unit_) * unit_;
}

/* Ends come often, and between far ends every magnitude as often as the next. */
static double between(struct lot *lot, double low, double high)
{
    const double where = unit(lot);
    if (chance(lot, 0.15)) return low;
    if (chance(lot, 0.15)) return high;
    double value = low > 0 && high / low > 8 ? low * pow(high / low, where) : low + (high - low) * where;
    value = rounded(value);
    return value < low ? low : value > high ? high : value;
}

/* Text without the quotes of a JSON string. */
static struct quantity end_of(const char *json, struct arena *arena)
{
    struct quantity quantity = { 0 };
    char *text = arena_strdup(arena, json[0] == '"' ? json + 1 : json);
    if (json[0] == '"') text[strlen(text) - 1] = '\0';
    quantity_parse(text, &quantity);
    return quantity;
}

/* JSON text. */
static const char *range_draw(struct lot *lot, const struct explore_range *range, bool whole, struct arena *arena)
{
    if (range->n_choices > 0) return range->choice[below(lot, range->n_choices)];
    const struct quantity low = end_of(range->low, arena), high = end_of(range->high, arena);
    struct quantity value = { low.is_duration, between(lot, low.value, high.value) };
    if (whole) value.value = floor(low.value + unit(lot) * (high.value - low.value + 1));
    if (whole && value.value > high.value) value = high;
    const char *text = quantity_text(value, arena);
    return value.is_duration ? arena_printf(arena, "\"%s\"", text) : text;
}

uint32_t hazard_values(const struct explore_spec *explore, uint64_t seed, struct study_edit *edit, struct arena *arena)
{
    struct lot lot = lot_open(seed, LOT_VALUES);
    const double share = unit(&lot);
    uint32_t n = 0;
    for (uint32_t i = 0; i < explore->n_values; i++) {
        const struct explore_value *value = &explore->value[i];
        if (!chance(&lot, share)) continue;
        edit[n++] = (struct study_edit){ value->pointer, range_draw(&lot, &value->range, value->whole, arena) };
    }
    return n;
}

/* ---- when a fault happens ---- */

static bool is_hosted(const struct scenario *s, const char *process, uint32_t stage)
{
    for (uint32_t i = 0; i < s->n_processes; i++)
        if (strcmp(s->process[i].name, process) == 0 && s->process[i].api_threads > 0 &&
            s->process[i].api_stage == stage)
            return true;
    for (uint32_t g = 0; g < s->n_groups; g++)
        for (uint32_t r = 0; r < s->group[g].n_reads; r++)
            if (s->group[g].read[r].stage == stage && strcmp(s->process[s->group[g].process].name, process) == 0)
                return true;
    return false;
}

/* A stage whose threads the fault can meet; NONE. */
static uint32_t stage_draw(struct lot *lot, const struct scenario *s, const struct explore_fault *fault)
{
    const bool by_process = fault->kind == FAULT_PAUSE || fault->kind == FAULT_CRASH;
    uint32_t fitting[MAX_STAGES], n = 0;
    for (uint32_t i = 0; i < s->n_stages; i++)
        if (!by_process || is_hosted(s, fault->subject, i)) fitting[n++] = i;
    return n == 0 ? NONE : fitting[below(lot, n)];
}

/* How many orders there are, about: the nth time of a step is drawn from as many. */
static double orders_bound(const struct scenario *s)
{
    enum { ORDERS_WHERE_UNSAID = 1000 };
    return s->orders.at_most == UINT64_MAX ? ORDERS_WHERE_UNSAID : (double)s->orders.at_most;
}

static const char *step_draw(struct lot *lot, const struct scenario *s, uint32_t stage, struct arena *arena)
{
    const struct stage_spec *spec = &s->stage[stage];
    const uint32_t step = below(lot, spec->n_steps + 1);
    const double nth = floor(pow(orders_bound(s), unit(lot)));
    return arena_printf(arena, "\"when\": {\"stage\": \"%s\", \"step\": %u, \"phase\": \"%s\", \"nth\": %.0f}",
                        spec->name, step < spec->n_steps ? step : step - 1, step < spec->n_steps ? "before" : "after",
                        nth);
}

/* A burst is worked off until the next one would come. */
static sim_ns orders_end(const struct scenario *s)
{
    const sim_ns last_ns = scenario_orders_end(s), until_ns = scenario_load_extent(s).until_ns;
    const sim_ns end_ns = last_ns > until_ns ? last_ns : until_ns;
    return end_ns < scenario_end(s) ? end_ns : scenario_end(s);
}

/* While orders come, or as a thread comes to a step. */
static const char *when_draw(struct lot *lot, const struct scenario *s, const struct explore_fault *fault,
                             struct arena *arena)
{
    const bool by_step = fault->by_step && chance(lot, 0.6);
    const uint32_t stage = by_step ? stage_draw(lot, s, fault) : NONE;
    if (stage != NONE) return step_draw(lot, s, stage, arena);
    char at[48];
    const sim_ns at_ns = (sim_ns)(unit(lot) * (double)(orders_end(s) / SIM_MS)) * SIM_MS;
    return arena_printf(arena, "\"at\": \"%s\"", ns_format(at_ns, at, sizeof at));
}

/* ---- faults ---- */

static const char *fault_draw(struct lot *lot, const struct scenario *s, const struct explore_fault *fault,
                              struct arena *arena)
{
    const char *text = "{", *comma = "";
    for (uint32_t i = 0; i < fault->n_members; i++) {
        const struct explore_member *member = &fault->member[i];
        const char *value = member->text ? member->text : range_draw(lot, &member->range, member->whole, arena);
        text = arena_printf(arena, "%s%s\"%s\": %s", text, comma, member->key, value);
        comma = ", ";
    }
    return arena_printf(arena, "%s%s%s}", text, fault->says_when ? "" : comma,
                        fault->says_when ? "" : when_draw(lot, s, fault, arena));
}

/* Kinds that take part in this run: each with even chances, at least one. */
static uint32_t kinds_draw(struct lot *lot, uint32_t n, uint32_t *kind)
{
    uint32_t n_kinds = 0;
    for (uint32_t i = 0; i < n; i++)
        if (chance(lot, 0.5)) kind[n_kinds++] = i;
    if (n_kinds == 0) kind[n_kinds++] = below(lot, n);
    return n_kinds;
}

/* ---- their names ---- */

struct taken {
    uint32_t n;
    const char **name;
};

static void take_name(struct taken *taken, const char *name) { taken->name[taken->n++] = name; }

static bool is_taken(const struct taken *taken, const char *name)
{
    for (uint32_t i = 0; i < taken->n; i++)
        if (strcmp(taken->name[i], name) == 0) return true;
    return false;
}

/* "gc", "gc-2" .. */
static const char *free_name(const struct taken *taken, const char *name, struct arena *arena)
{
    const char *own = name;
    for (uint32_t n = 2; is_taken(taken, own); n++) own = arena_printf(arena, "%.80s-%u", name, n);
    return own;
}

/* Names of the scenario's own faults and of all kinds, with room for those of n drawn ones. */
static struct taken names_open(const struct study *study, uint32_t n, struct arena *arena)
{
    const uint32_t n_own = study->scenario.n_faults, n_kinds = study->explore.n_faults;
    struct taken taken = { .name = arena_array(arena, const char *, n_own + 2 * n_kinds + n) };
    for (uint32_t i = 0; i < n_own; i++) take_name(&taken, study->scenario.fault[i].name);
    return taken;
}

/* A kind has its name, unless a fault of the scenario has it. */
static void name_kinds(const struct study *study, struct taken *taken, const char **name, struct arena *arena)
{
    const struct explore_spec *explore = &study->explore;
    const struct taken own = *taken;
    for (uint32_t i = 0; i < explore->n_faults; i++)
        if (!is_taken(&own, explore->fault[i].name)) take_name(taken, explore->fault[i].name);
    for (uint32_t i = 0; i < explore->n_faults; i++) {
        const bool has_its_own = !is_taken(&own, explore->fault[i].name);
        name[i] = has_its_own ? explore->fault[i].name : free_name(taken, explore->fault[i].name, arena);
        if (!has_its_own) take_name(taken, name[i]);
    }
}

void hazard_names(const struct study *study, const char **name, struct arena *arena)
{
    struct taken taken = names_open(study, 0, arena);
    name_kinds(study, &taken, name, arena);
}

/* ---- all of it ---- */

static bool is_first(const struct hazard *hazard, uint32_t kind)
{
    for (uint32_t i = 0; i < hazard->n_faults; i++)
        if (hazard->kind[i] == kind) return false;
    return true;
}

struct hazard hazard_draw(const struct study *study, const struct scenario *scenario, uint64_t seed,
                          struct arena *arena)
{
    const struct explore_spec *explore = &study->explore;
    struct lot lot = lot_open(seed, LOT_FAULTS);
    struct hazard hazard = { .ties = explore->ties && chance(&lot, 0.5) };
    const char *name[EXPLORE_FAULTS_MAX];
    uint32_t kind[EXPLORE_FAULTS_MAX];
    if (explore->n_faults == 0 || explore->most_faults == 0) return hazard;
    const uint32_t n_kinds = kinds_draw(&lot, explore->n_faults, kind);
    const uint32_t n_faults = 1 + below(&lot, explore->most_faults);
    hazard.fault = arena_array(arena, struct fault_text, n_faults);
    hazard.kind = arena_array(arena, uint32_t, n_faults);
    struct taken taken = names_open(study, n_faults, arena);
    name_kinds(study, &taken, name, arena);
    for (uint32_t i = 0; i < n_faults; i++) {
        const uint32_t which = kind[below(&lot, n_kinds)];
        const struct explore_fault *fault = &explore->fault[which];
        const char *own = is_first(&hazard, which) ? name[which] : free_name(&taken, fault->name, arena);
        take_name(&taken, own);
        hazard.kind[hazard.n_faults] = which;
        hazard.fault[hazard.n_faults++] = (struct fault_text){ own, fault_draw(&lot, scenario, fault, arena) };
    }
    return hazard;
}
