/* SPDX-License-Identifier: GPL-3.0-or-later
 * The walk over argv, by the tables of option_table.c. */
#include "sim/options.h"

#include <string.h>

#include "sim/option_table.h"
#include "sim/scenario/nearest.h"

/* ---- what there is not ---- */

static bool unknown_command(const char *given, struct sim_err *err)
{
    const char *name[COMMANDS];
    uint32_t n = 0;
    char names[128] = "";
    for (int c = COMMAND_NONE + 1; c < COMMANDS; c++) {
        size_t used = strlen(names);
        name[n++] = command_table[c].name;
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", command_table[c].name);
    }
    const char *nearest = nearest_name(given, name, n);
    if (nearest)
        return sim_fail(err, SIM_EUSAGE, NULL, "this version has no command \"%s\"; did you mean %s? It has %s", given,
                        nearest, names);
    return sim_fail(err, SIM_EUSAGE, NULL, "this version has no command \"%s\"; it has %s", given, names);
}

static bool unknown_option(enum command command, const char *given, struct sim_err *err)
{
    const char *name[OPTION_ROWS_MAX];
    uint32_t n = 0;
    for (size_t i = 0; i < option_table_rows; i++)
        if (option_table[i].commands & (1u << command)) name[n++] = option_table[i].name;
    const char *nearest = nearest_name(given, name, n);
    if (nearest) return sim_fail(err, SIM_EUSAGE, NULL, "unknown option --%s; did you mean --%s?", given, nearest);
    const char *of = command_table[command].name;
    return sim_fail(err, SIM_EUSAGE, NULL, "unknown option --%s; sim %s%s--help lists those there are", given, of,
                    *of ? " " : "");
}

/* ---- the walk over argv ---- */

/* An option may mean something of its own to each command: the row for this one, else any. */
static const struct option_spec *by_name(enum command command, const char *name, size_t length)
{
    const struct option_spec *found = NULL;
    for (size_t i = 0; i < option_table_rows; i++) {
        if (strncmp(option_table[i].name, name, length) != 0 || option_table[i].name[length] != '\0') continue;
        if (option_table[i].commands & (1u << command)) return &option_table[i];
        found = &option_table[i];
    }
    return found;
}

static const struct option_spec *by_letter(char letter)
{
    for (size_t i = 0; i < option_table_rows; i++)
        if (option_table[i].letter == letter) return &option_table[i];
    return NULL;
}

static bool apply(struct options *options, const struct option_spec *spec, const char *value, struct arena *arena,
                  struct sim_err *err)
{
    if (spec->set) return spec->set(options, value, arena, err);
    *(bool *)((char *)options + spec->flag_at) = true;
    return true;
}

/* The command is the first word that is no option: it is needed to know which options there are. An option that takes
 * a word may stand before it. */
static bool find_command(struct options *options, int argc, char *const *argv, int *at, struct sim_err *err)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] && strcmp(argv[i], "--") != 0) {
            const struct option_spec *spec =
                argv[i][1] == '-' ? by_name(COMMAND_NONE, argv[i] + 2, strlen(argv[i] + 2)) : NULL;
            if (spec && spec->argument == ARGUMENT_NEEDED) i++;
            continue;
        }
        if (strcmp(argv[i], "--") == 0) break;
        for (int c = COMMAND_NONE + 1; c < COMMANDS; c++)
            if (strcmp(argv[i], command_table[c].name) == 0) {
                options->command = (enum command)c;
                *at = i;
                return true;
            }
        return unknown_command(argv[i], err);
    }
    *at = 0;
    return true;
}

static bool option_of_others(enum command command, const struct option_spec *spec, struct sim_err *err)
{
    const char *name = command_table[command].name;
    if (command == COMMAND_NONE)
        return sim_fail(err, SIM_EUSAGE, NULL, "--%s needs a command, as in sim run SCENARIO --%s", spec->name,
                        spec->name);
    if (strcmp(spec->name, "out") == 0)
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "sim %s has no option --out: it writes no files, and what it says goes to stdout, as in sim %s "
                        "... >FILE", name, name);
    return sim_fail(err, SIM_EUSAGE, NULL, "sim %s has no option --%s; sim %s --help lists those it has", name,
                    spec->name, name);
}

static bool read_long(struct options *options, int argc, char *const *argv, int *i, struct arena *arena,
                      struct sim_err *err)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option_spec *spec = by_name(options->command, name, length);
    const char *value = equals ? equals + 1 : NULL;
    if (!spec) {
        char *given = arena_strdup(arena, name);
        given[length] = '\0';
        return unknown_option(options->command, given, err);
    }
    if (!(spec->commands & (1u << options->command))) return option_of_others(options->command, spec, err);
    if (value && spec->argument == ARGUMENT_NONE)
        return sim_fail(err, SIM_EUSAGE, NULL, "--%s takes no value, but got \"%s\"", spec->name, value);
    if (!value && spec->argument == ARGUMENT_NEEDED) {
        if (*i + 1 >= argc)
            return sim_fail(err, SIM_EUSAGE, NULL, "--%s needs a value: --%s %s", spec->name, spec->name,
                            spec->argument_name);
        value = argv[++*i];
    }
    return apply(options, spec, value, arena, err);
}

/* -q, -h, and several at once: -qh. */
static bool read_letters(struct options *options, const char *letters, struct arena *arena, struct sim_err *err)
{
    for (; *letters; letters++) {
        const struct option_spec *spec = by_letter(*letters);
        if (!spec || !(spec->commands & (1u << options->command)))
            return sim_fail(err, SIM_EUSAGE, NULL, "unknown option -%c; sim --help lists those there are", *letters);
        if (!apply(options, spec, NULL, arena, err)) return false;
    }
    return true;
}

static bool read_operand(struct options *options, const char *word, struct sim_err *err)
{
    const struct command_spec *command = &command_table[options->command];
    if (!command->operand)
        return sim_fail(err, SIM_EUSAGE, NULL, "sim %s takes no \"%s\"; only options", command->name, word);
    if (options->operand && command->second && !options->second) {
        options->second = word;
        return true;
    }
    if (options->operand && command->many) return option_add(&options->more, word);
    if (options->operand)
        return sim_fail(err, SIM_EUSAGE, NULL, "sim %s takes one %s, but got \"%s\" and \"%s\"", command->name,
                        command->operand, options->operand, word);
    options->operand = word;
    return true;
}

/* What only several options together can get wrong. */
static bool check_together(const struct options *options, struct sim_err *err)
{
    const struct command_spec *command = &command_table[options->command];
    if (options->command == COMMAND_NONE)
        return sim_fail(err, SIM_EUSAGE, NULL, "a command is missing; sim --help lists them");
    if (command->operand && !options->operand)
        return sim_fail(err, SIM_EUSAGE, NULL, "sim %s needs its %s; sim %s --help shows how", command->name,
                        command->operand, command->name);
    if (command->second && !command->may_lack && !options->second)
        return sim_fail(err, SIM_EUSAGE, NULL, "sim %s needs its %s beside its %s; sim %s --help shows how",
                        command->name, command->second, command->operand, command->name);
    if (options->command == COMMAND_INIT && !options->observations_file && !options->k6_file &&
        options->offsets.n == 0 && !options->orders_file)
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "sim init needs something to begin with: --observations, --k6, --offsets or --orders; "
                        "sim schema --example prints a scenario that needs nothing");
    if (options->command == COMMAND_INIT &&
        (options->observations_file != NULL) + (options->offsets.n > 0) + (options->orders_file != NULL) > 1)
        return sim_fail(err, SIM_EUSAGE, NULL, "sim init takes one of --observations, --offsets and --orders: which of "
                                               "several counts holds would be a guess");
    if (options->command == COMMAND_SWEEP && (options->vary.n > 0) + (options->points != NULL) + options->tornado != 1)
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "sim sweep needs one of --vary PTR=VALUES, --points FILE.csv and --tornado");
    if (options->command == COMMAND_PLAN && options->vary.n == 0)
        return sim_fail(err, SIM_EUSAGE, NULL, "sim plan needs --vary PTR=VALUES: what may it choose from?");
    if (options->command == COMMAND_COMPARE &&
        (options->more.n > 0) + (options->vary.n > 0) + (options->points != NULL) + (options->variants != NULL) != 1)
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "sim compare needs either several scenarios, or one and its variants: --vary "
                        "PTR=VALUES, --points FILE.csv or --variants FILE.json");
    if (options->command == COMMAND_AUDIT && !options->second &&
        (options->n_edits > 0 || options->fit.n > 0 || options->jobs > 0))
        return sim_fail(err, SIM_EUSAGE, NULL,
                        "--set, --seed, --fit and --jobs are for a scenario: sim audit OBSERVATIONS SCENARIO");
    if (options->caps_replications && options->n_goals == 0)
        return sim_fail(err, SIM_EUSAGE, NULL, "--max-replications ends what --precision asks for; give --precision, "
                                               "or --replications for a fixed number");
    if (options->caps_replications && options->replications > options->most_replications)
        return sim_fail(err, SIM_EUSAGE, NULL, "--replications %u is more than --max-replications %u",
                        options->replications, options->most_replications);
    if (options->resume && options->force)
        return sim_fail(err, SIM_EUSAGE, NULL, "--resume goes on with the file that is there, --force replaces it; "
                                               "give one of them");
    if (options->orders && !options->out)
        return sim_fail(err, SIM_EUSAGE, NULL, "--orders needs --out DIR, where orders.csv goes");
    if (options->plots && !options->out && options->command == COMMAND_RUN)
        return sim_fail(err, SIM_EUSAGE, NULL, "--plots needs --out DIR, where the pictures go");
    if (options->plots && !options->out && options->command == COMMAND_IMPORT)
        return sim_fail(err, SIM_EUSAGE, NULL, "--plots needs --out FILE; the pictures go to FILE-plots");
    if (options->command == COMMAND_CHECK && options->format == FORMAT_MARKDOWN)
        return option_refuse(err, "--format", "markdown", "a format of sim check: text or json");
    return true;
}

bool options_read(struct options *out, int argc, char *const *argv, struct arena *arena, struct sim_err *err)
{
    *out = (struct options){ .confidence = 0.95, .orders_share = 1, .most_replications = PRECISION_MOST };
    out->program = argc > 0 ? argv[0] : "sim";
    out->vary.word = arena_array(arena, const char *, argc);
    out->fit.word = arena_array(arena, const char *, argc);
    out->hold_out.word = arena_array(arena, const char *, argc);
    out->metric.word = arena_array(arena, const char *, argc);
    out->unknown.word = arena_array(arena, const char *, argc);
    out->cost.word = arena_array(arena, const char *, argc);
    out->edit = arena_array(arena, struct study_edit, argc);
    out->offsets.word = arena_array(arena, const char *, argc);
    out->more.word = arena_array(arena, const char *, argc);
    out->column.word = arena_array(arena, const char *, argc);
    out->goal = arena_array(arena, struct precision_goal, argc);
    int command_at;
    if (!find_command(out, argc, argv, &command_at, err)) return false;
    bool only_operands = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool ok = true;
        if (i == command_at) continue;
        if (only_operands || word[0] != '-' || !word[1]) ok = read_operand(out, word, err);
        else if (strcmp(word, "--") == 0) only_operands = true;
        else if (word[1] == '-') ok = read_long(out, argc, argv, &i, arena, err);
        else ok = read_letters(out, word + 1, arena, err);
        if (!ok) return false;
    }
    return out->help || out->version || check_together(out, err);
}
