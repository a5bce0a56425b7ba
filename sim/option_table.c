/* SPDX-License-Identifier: GPL-3.0-or-later
 * An option that is only a yes has the place of its bool in struct options; one with an argument has a function that
 * reads it. What is wrong is said with the option's own name and what is allowed. */
#include "sim/option_table.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
const struct command_spec command_table[COMMANDS] = {
    [COMMAND_NONE] = { "", "COMMAND", "Simulates event-driven order pipelines: who waits where, why, and for how long.",
        "  sim run scenarios/report-2025-12-24.json\n"
        "  sim run scenarios/report-2025-12-24.json --set stock-service-group.consumers=3\n"
        "  sim run my.json --replications 20 --out results --plots\n"
        "  sim schema --example > my.json\n",
        "0 done; 1 run time (file, disk, gnuplot); 2 usage; 3 an input is not acceptable; "
        "4 an invariant is broken; 5 not precise enough, or undecided; 99 a threshold is not met, or a plan "
        "is infeasible; 130 interrupted, what was finished is kept. Each command names those it has" },
    [COMMAND_RUN] = { "run", "SCENARIO", "Runs one scenario and prints what came out.",
        "  sim run scenarios/report-2025-12-24.json\n"
        "  sim run my.json --set stock-service-group.consumers=3 \\\n"
        "      --set /stages/pay/time/mean=15ms\n"
        "  sim run my.json --replications 20 --out results --plots\n"
        "  sim run my.json --format json | jq .orders\n"
        "  sim run - < my.json\n",
        "0 done; 1 run time (file, disk, gnuplot); 2 usage; 3 scenario not acceptable; "
        "4 an invariant is broken; 5 the precision asked for is not reached, or no "
        "steady state in sight; 99 a threshold is not met; 130 interrupted, what was finished is kept" },
    [COMMAND_CHECK] = { "check", "SCENARIO", "Reads a scenario and says what is wrong with it; runs nothing.",
        "  sim check my.json\n"
        "  sim check my.json --set stock-service-group.consumers=3\n"
        "  sim check my.json --format json | jq '.findings[].message'\n",
        "0 acceptable; 1 run time (file); 2 usage; 3 not acceptable" },
    [COMMAND_SCHEMA] = { "schema", NULL, "Prints the JSON Schema (draft-07) of scenarios, or a scenario to start from.",
        "  sim schema > scenario.schema.json\n"
        "  sim schema --example > my.json\n",
        "0 done; 1 run time (disk); 2 usage" },
    [COMMAND_PLOT] = { "plot", "DIR|FILE.db", "Draws the pictures of results again: of a folder, or of the file of a sweep.",
        "  sim plot results\n"
        "  sim plot sweep.db --metric completion_s.p95\n"
        "  sim plot results --terminal\n",
        "0 drawn; 1 run time (file, disk, gnuplot missing or failing); 2 usage; 130 interrupted" },
    [COMMAND_SWEEP] = { "sweep", "SCENARIO", "Runs every combination of varied values and stores each run in one SQLite file.",
        "  sim sweep my.json --vary stock-service-group.consumers=1..6\n"
        "  sim sweep my.json --vary stock.consumers=1..3 \\\n"
        "      --vary /stages/pay/time/mean=5ms..20ms..5ms\n"
        "  sim sweep my.json --points table.csv --metric completion_s.p95\n"
        "  sim sweep my.json --vary stock.consumers=1..6 --resume --export results.csv\n"
        "  sim sweep my.json --tornado --metric completion_s.p95 --plots\n",
        "0 done, targets missed or not; 1 run time (file, disk, database, gnuplot); 2 usage; "
        "3 scenario or a point not acceptable; 4 an invariant is broken in a run; "
        "5 the precision asked for is not reached; 130 interrupted, what was finished is kept" },
    [COMMAND_COMPARE] = { "compare", "SCENARIO", "Says whether one variant is better than another, and by how much.",
        "  sim compare today.json tomorrow.json\n"
        "  sim compare my.json --vary stock.consumers=1,2,3 --metric completion_s.p95\n"
        "  sim compare scenarios/hot-item.json \\\n"
        "      --variants scenarios/variants/stock-strategies.json\n"
        "  sim compare a.json b.json --format json |\n"
        "      jq '.metrics[] | select(.difference[0].significant)'\n"
        "What a variant adds (a stage, a topic, a group) stands behind what is there:\n"
        "draws go by place, and a part that has moved is no pair any more.\n",
        "0 done; 1 run time; 2 usage; 3 a scenario is not acceptable; 130 interrupted", .many = true },
    [COMMAND_CALIBRATE] = { "calibrate", "SCENARIO", "Fits values of a scenario to what was counted; writes a new scenario.",
        "  sim calibrate my.json observations.json --out fitted.json\n"
        "  sim calibrate my.json observations.json --fit /stages/pay/time/mean=1ms..100ms\n"
        "  sim calibrate my.json observations.json --hold-out \"largest lag\"\n"
        "  sim calibrate my.json observations.json --format json | jq .fitted\n",
        "0 done; 1 run time; 2 usage; 3 scenario or observations not acceptable; "
        "5 none of the values can be told from the observations; 130 interrupted", .second = "OBSERVATIONS" },
    [COMMAND_PLAN] = { "plan", "SCENARIO", "Finds the cheapest values that meet the thresholds, and says while what they do.",
        "  sim plan my.json --vary stock-service-group.consumers=1..6\n"
        "  sim plan my.json --vary stock.consumers=1..6 \\\n"
        "      --unknown /stages/pay/time/mean=5ms..22ms\n"
        "  sim plan my.json --vary stock.consumers=1..6 --vary pay.consumers=1..6 \\\n"
        "      --cost pay.consumers=2\n"
        "  sim plan my.json --vary stock.consumers=1..6 --format json | jq .holds_while\n",
        "0 found; 5 undecided; 99 infeasible; 1 run time; 2 usage; 3 scenario not acceptable; "
        "130 interrupted" },
    [COMMAND_EXPLORE] = { "explore", "SCENARIO", "Searches for faults and interleavings that break an invariant; makes them small.",
        "  sim explore scenarios/explore-lease.json --runs 2000 --out found\n"
        "  sim explore my.json --time 60s --first --out found\n"
        "  sim explore my.json --set reserve.lease=30s --runs 100000\n",
        "0 nothing found; 4 an invariant is broken; 1 run time; 2 usage; 3 scenario not "
        "acceptable; 130 interrupted, what was found until then is kept" },
    [COMMAND_REPLAY] = { "replay", "CAPSULE", "Plays a run that sim explore has found, and tells its story step by step.",
        "  sim replay found/S3-17.json\n"
        "  sim replay found/S3-17.json --lang ko\n",
        "4 the invariant breaks again, in the same run; 1 the run is not the same; 2 usage; "
        "3 the capsule is not acceptable" },
    [COMMAND_INIT] = { "init", NULL, "Writes a runnable scenario from what there is; says what it assumed.",
        "  sim init --observations report.json --out my.json\n"
        "  sim init --k6 script.js > my.json\n"
        "  sim init --offsets describe.txt --durations steps.csv --column stage=group \\\n"
        "      --out my.json\n",
        "0 written; 1 run time (file, disk); 2 usage; 3 an input is not acceptable" },
    [COMMAND_AUDIT] = { "audit", "OBSERVATIONS", "Says which measured figures contradict one another, and by which law.",
        "  sim audit report.json\n"
        "  sim audit report.json --lang ko --format markdown\n"
        "  sim audit report.json my.json\n"
        "  sim audit report.json --format json | jq '.findings[].explanation'\n",
        "0 done, with findings, too; 1 run time; 2 usage; 3 observations or scenario not "
        "acceptable", .second = "SCENARIO", .may_lack = true },
    [COMMAND_IMPORT] = { "import", "KIND", "Reads a foreign format; prints a scenario's load or observations.",
        "  sim import k6 script.js\n"
        "  sim import k6 summary.json --out observations.json\n"
        "  sim import offsets describe.txt --start 08:57:02 --out observations.json\n"
        "  sim import durations steps.csv --column stage=group \\\n"
        "      --column value=lock_ms --column at=t_start\n"
        "  sim import durations steps.csv --out fits.json --plots\n"
        "  sim import orders orders.csv --column id=order_id --time-zone +09:00 \\\n"
        "      --out observations.json\n",
        "0 done; 1 run time (file, disk, gnuplot); 2 usage; 3 the file is not acceptable", .second = "FILE" },
};
/* clang-format on */

/* ---- reading arguments ---- */

bool option_refuse(struct sim_err *err, const char *option, const char *value, const char *allowed)
{
    return sim_fail(err, SIM_EUSAGE, NULL, "%s: \"%s\" is not %s", option, value, allowed);
}

/* A whole number of digits alone: no sign, no blank, no base. */
static bool read_count(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9') return false;
    unsigned long long n = strtoull(text, &end, 10);
    if (*end || errno || n > most) return false;
    *out = n;
    return true;
}

/* In (0, most]. */
static bool read_share(const char *text, double most, double *out)
{
    char *end;
    if (!((*text >= '0' && *text <= '9') || *text == '.')) return false;
    double share = strtod(text, &end);
    if (*end || !(share > 0) || !(share <= most)) return false;
    *out = share;
    return true;
}

static bool read_word(const char *text, const char *const *word, uint32_t n, uint32_t *out)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(text, word[i]) == 0) return *out = i, true;
    return false;
}

static void add_edit(struct options *options, const char *pointer, const char *value)
{
    options->edit[options->n_edits++] = (struct study_edit){ pointer, value };
}

static bool set_set(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    char *pointer = arena_strdup(arena, value), *equals = strchr(pointer, '=');
    if (!equals || equals == pointer)
        return option_refuse(err, "--set", value, "of the form PTR=VALUE, as in /groups/payment-service-group/consumers=3");
    *equals = '\0';
    add_edit(options, pointer, equals + 1);
    return true;
}

static bool set_seed(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    uint64_t seed;
    if (!seed_parse(value, &seed))
        return option_refuse(err, "--seed", value, "a whole number from 0 to 2^64 - 1, decimal or 0x...");
    /* As a string it keeps all its digits: numbers of JSON are exact only up to 2^53. */
    enum { QUOTED_BYTES = 32 };
    char *quoted = arena_alloc(arena, QUOTED_BYTES);
    snprintf(quoted, QUOTED_BYTES, seed >> 53 ? "\"%llu\"" : "%llu", (unsigned long long)seed);
    add_edit(options, "/run/seed", quoted);
    return true;
}

static bool set_replications(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    uint64_t n;
    if (!read_count(value, 1000000, &n) || n == 0)
        return option_refuse(err, "--replications", value, "a count from 1 to 1000000");
    options->replications = (uint32_t)n;
    add_edit(options, "/run/replications", value);
    return true;
}

static bool set_precision(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    struct precision_goal goal = { 0 };
    const char *equals = strrchr(value, '='), *width = equals ? equals + 1 : value;
    if (equals == value || !read_share(width, 1, &goal.width))
        return option_refuse(err, "--precision", value,
                      "WIDTH or METRIC=WIDTH with a width above 0 and up to 1, as in completion_s.p95=0.02");
    if (equals) {
        char *metric = arena_strdup(arena, value);
        metric[equals - value] = '\0';
        goal.metric = metric;
    }
    options->goal[options->n_goals++] = goal;
    return true;
}

static bool set_most_replications(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    uint64_t n;
    if (!read_count(value, 1000000, &n) || n < 2)
        return option_refuse(err, "--max-replications", value, "a count from 2 to 1000000");
    options->most_replications = (uint32_t)n;
    options->caps_replications = true;
    return true;
}

static bool set_confidence(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    if (read_share(value, 0.999999, &options->confidence)) return true;
    return option_refuse(err, "--confidence", value, "a probability above 0 and below 1, as in 0.95");
}

static bool set_jobs(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    uint64_t jobs;
    if (!read_count(value, 4096, &jobs) || jobs == 0) return option_refuse(err, "--jobs", value, "a count from 1 to 4096");
    options->jobs = (uint32_t)jobs;
    return true;
}

static bool set_out(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    if (!*value) return option_refuse(err, "--out", value, "the name of a folder");
    options->out = value;
    return true;
}

static bool set_format(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    static const char *const word[] = { "text", "json", "markdown" };
    uint32_t format;
    if (!read_word(value, word, 3, &format)) return option_refuse(err, "--format", value, "text, json or markdown");
    options->format = (enum output_format)format;
    return true;
}

static bool set_language(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    static const char *const word[] = { "en", "ko" };
    uint32_t language;
    if (!read_word(value, word, 2, &language)) return option_refuse(err, "--lang", value, "en or ko");
    options->language = (enum language)language;
    return true;
}

static bool set_orders(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    options->orders = true;
    if (!value || read_share(value, 1, &options->orders_share)) return true;
    return option_refuse(err, "--orders", value, "a share above 0 and up to 1, as in --orders=0.01");
}

bool option_add(struct option_list *list, const char *value)
{
    list->word[list->n++] = value;
    return true;
}

static bool set_vary(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena, (void)err;
    return option_add(&options->vary, value);
}

static bool set_fit(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena, (void)err;
    return option_add(&options->fit, value);
}

static bool set_hold_out(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    return *value ? option_add(&options->hold_out, value)
                  : option_refuse(err, "--hold-out", value, "a part of an observation's name");
}

static bool set_unknown(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena, (void)err;
    return option_add(&options->unknown, value);
}

static bool set_cost(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena, (void)err;
    return option_add(&options->cost, value);
}

static bool set_metric(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    return *value ? option_add(&options->metric, value) : option_refuse(err, "--metric", value, "a path in summary.json");
}

static bool set_points(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    options->points = value;
    return *value || option_refuse(err, "--points", value, "the name of a CSV file");
}

/* The word of an option that names a file to read. */
static bool set_file(const char **file, const char *option, const char *value, struct sim_err *err)
{
    *file = value;
    return *value || option_refuse(err, option, value, "the name of a file");
}

static bool set_variants(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    return set_file(&options->variants, "--variants", value, err);
}

static bool set_export(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    options->export_to = value;
    return *value || option_refuse(err, "--export", value, "the name of a CSV file");
}

static bool set_observations(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    return set_file(&options->observations_file, "--observations", value, err);
}

static bool set_k6(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    return set_file(&options->k6_file, "--k6", value, err);
}

static bool set_offsets(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    return *value ? option_add(&options->offsets, value) : option_refuse(err, "--offsets", value, "the name of a file");
}

static bool set_durations(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    return set_file(&options->durations_file, "--durations", value, err);
}

static bool set_orders_file(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    return set_file(&options->orders_file, "--orders", value, err);
}

/* Z or +hh:mm. */
static bool set_time_zone(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    const bool offset = strlen(value) == 6 && strchr("+-", value[0]) && value[3] == ':' &&
                        strspn(value + 1, "0123456789") == 2 && strspn(value + 4, "0123456789") == 2 && value[1] <= '1';
    options->time_zone = value;
    return offset || strcmp(value, "Z") == 0 || option_refuse(err, "--time-zone", value, "Z or an offset, as in +09:00");
}

static bool set_partitions(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    uint64_t n;
    if (!read_count(value, MAX_PARTITIONS, &n) || n == 0)
        return option_refuse(err, "--partitions", value, "a count from 1 to 1024");
    options->partitions = (uint32_t)n;
    return true;
}

static bool set_column(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    static const char *const roles[] = { "value=", "stage=", "step=", "at=", "id=", "created=", "paid=", "status=" };
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strncmp(value, roles[i], strlen(roles[i])) == 0 && value[strlen(roles[i])])
            return option_add(&options->column, value);
    return option_refuse(err, "--column", value,
                         "ROLE=NAME with a role of value, stage, step, at, id, created, paid, status");
}

static bool set_unit(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    static const char *const word[] = { "ns", "us", "ms", "s" };
    uint32_t unit;
    options->unit = value;
    return read_word(value, word, 4, &unit) || option_refuse(err, "--unit", value, "ns, us, ms or s");
}

static bool set_start(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    options->start = value;
    return *value || option_refuse(err, "--start", value, "an instant, as in 2025-12-24T08:57:02 or 08:57:02");
}

static bool set_runs(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    if (read_count(value, 1000000000, &options->runs) && options->runs > 0) return true;
    return option_refuse(err, "--runs", value, "a count from 1 to 1000000000");
}

static bool set_time(struct options *options, const char *value, struct arena *arena, struct sim_err *err)
{
    (void)arena;
    sim_ns ns;
    if (!ns_parse(value, &ns) || ns <= 0)
        return option_refuse(err, "--time", value, "a duration above 0 and up to 2562047h, as in 60s");
    options->time_s = ns_to_s(ns);
    return true;
}

/* ---- the table ---- */

enum {
    ON_RUN = 1 << COMMAND_RUN,
    ON_CHECK = 1 << COMMAND_CHECK,
    ON_SCHEMA = 1 << COMMAND_SCHEMA,
    ON_PLOT = 1 << COMMAND_PLOT,
    ON_SWEEP = 1 << COMMAND_SWEEP,
    ON_INIT = 1 << COMMAND_INIT,
    ON_IMPORT = 1 << COMMAND_IMPORT,
    ON_AUDIT = 1 << COMMAND_AUDIT,
    ON_EXPLORE = 1 << COMMAND_EXPLORE,
    ON_REPLAY = 1 << COMMAND_REPLAY,
    ON_COMPARE = 1 << COMMAND_COMPARE,
    ON_CALIBRATE = 1 << COMMAND_CALIBRATE,
    ON_PLAN = 1 << COMMAND_PLAN,
    ON_STUDY = ON_RUN | ON_SWEEP | ON_COMPARE | ON_CALIBRATE | ON_PLAN, /* what runs a scenario many times */
    ON_NONE = 1 << COMMAND_NONE,
    ON_ALL = (1 << COMMANDS) - 1
};

#define FLAG(member) ARGUMENT_NONE, "", .flag_at = offsetof(struct options, member)

/* clang-format off */
const struct option_spec option_table[] = {
    { "set", 0, ARGUMENT_NEEDED, "PTR=VALUE", ON_STUDY | ON_CHECK | ON_EXPLORE | ON_AUDIT, set_set, 0,
      "change one value before the scenario is checked; repeatable. PTR: /groups/pay/consumers or short, "
      "pay.consumers" },
    { "seed", 0, ARGUMENT_NEEDED, "N", ON_STUDY | ON_CHECK | ON_AUDIT, set_seed, 0,
      "seed of all random numbers (the scenario's, else 1)" },
    { "seed", 0, ARGUMENT_NEEDED, "N", ON_EXPLORE, set_seed, 0,
      "of the first run; run i has seed N + i (the scenario's, else 1)" },
    { "runs", 0, ARGUMENT_NEEDED, "N", ON_EXPLORE, set_runs, 0, "runs in all (2000; with --time: no limit)" },
    { "time", 0, ARGUMENT_NEEDED, "DURATION", ON_EXPLORE, set_time, 0,
      "end the search after so long, as in 60s; what it found is made smaller for as long again at most" },
    { "first", 0, FLAG(only_first), .commands = ON_EXPLORE, .help = "end with the first that breaks an invariant" },
    { "replications", 0, ARGUMENT_NEEDED, "N", ON_STUDY | ON_CHECK, set_replications, 0,
      "independent runs (the scenario's, else 1; sweep, compare: 30; calibrate: 20, at the fitted values; plan: 60, "
      "and up to 400 while a candidate is open)" },
    { "precision", 0, ARGUMENT_NEEDED, "[METRIC=]WIDTH", ON_RUN | ON_SWEEP, set_precision, 0,
      "more replications until the interval of METRIC (without: of each threshold's figure) is within WIDTH, as in "
      "completion_s.p95=0.02: 2 % of the mean; 2 points of a ratio. Not reached: exit 5" },
    { "max-replications", 0, ARGUMENT_NEEDED, "N", ON_RUN | ON_SWEEP, set_most_replications, 0,
      "with --precision: at most so many (400)" },
    { "confidence", 0, ARGUMENT_NEEDED, "P", ON_STUDY & ~ON_PLAN, set_confidence, 0,
      "of intervals over replications (0.95)" },
    { "confidence", 0, ARGUMENT_NEEDED, "P", ON_PLAN, set_confidence, 0,
      "share of runs in which each target must hold (0.95)" },
    { "jobs", 0, ARGUMENT_NEEDED, "N", ON_STUDY | ON_EXPLORE | ON_AUDIT, set_jobs, 0,
      "threads (all cores); results do not depend on it" },
    { "format", 0, ARGUMENT_NEEDED, "FORMAT", ON_STUDY | ON_CHECK | ON_AUDIT | ON_EXPLORE | ON_REPLAY, set_format, 0,
      "text, json or markdown (check: text, json)" },
    { "lang", 0, ARGUMENT_NEEDED, "LANGUAGE", ON_STUDY | ON_PLOT | ON_AUDIT | ON_EXPLORE | ON_REPLAY, set_language, 0,
      "en or ko: text, Markdown and pictures" },
    { "out", 0, ARGUMENT_NEEDED, "DIR", ON_RUN, set_out, 0,
      "write summary.json, scenario.json, lag.csv and more to a new folder" },
    { "out", 0, ARGUMENT_NEEDED, "DIR", ON_EXPLORE, set_out, 0,
      "write explore.json and a capsule for each finding to a new folder" },
    { "out", 0, ARGUMENT_NEEDED, "FILE", ON_SWEEP, set_out, 0, "the result file (SQLite; the scenario's NAME.db)" },
    { "vary", 0, ARGUMENT_NEEDED, "PTR=VALUES", ON_SWEEP | ON_COMPARE | ON_PLAN, set_vary, 0,
      "a value to vary: A..B, A..B..STEP or a list V,V,V; repeatable: every combination" },
    { "fit", 0, ARGUMENT_NEEDED, "PTR=LOW..HIGH", ON_CALIBRATE | ON_AUDIT, set_fit, 0,
      "a value to fit and where to look for it; repeatable (default: the scenario's calibrate block)" },
    { "hold-out", 0, ARGUMENT_NEEDED, "WORD", ON_CALIBRATE, set_hold_out, 0,
      "leave out of the fit, and then predict, the observations whose names hold WORD; repeatable" },
    { "unknown", 0, ARGUMENT_NEEDED, "PTR=LOW..HIGH", ON_PLAN, set_unknown, 0,
      "a value that is known as a range only; repeatable" },
    { "tornado", 0, FLAG(tornado), .commands = ON_SWEEP,
      .help = "instead: each assumed value a fifth lower and higher, one at a time, to see which of them moves the "
      "result" },
    { "unknown", 0, ARGUMENT_NEEDED, "PTR=LOW..HIGH", ON_SWEEP, set_unknown, 0,
      "a value that is known as a range only: each run has one of its own (with --tornado: its ends); repeatable" },
    { "cost", 0, ARGUMENT_NEEDED, "PTR=NUMBER", ON_PLAN, set_cost, 0,
      "what one of a varied value costs; repeatable (1 for each consumer, instance or pod, 0 for others)" },
    { "points", 0, ARGUMENT_NEEDED, "FILE", ON_SWEEP | ON_COMPARE, set_points, 0,
      "a CSV file instead: pointers in its first line, a point a row" },
    { "variants", 0, ARGUMENT_NEEDED, "FILE", ON_COMPARE, set_variants, 0,
      "JSON: {NAME: {PTR: VALUE, ...}, ...}, a variant each of the scenario; the scenario itself is then not one of "
      "them" },
    { "metric", 0, ARGUMENT_NEEDED, "PATH", ON_SWEEP | ON_PLOT | ON_COMPARE, set_metric, 0,
      "what the table shows, as in completion_s.p95; repeatable (default: what the thresholds are about)" },
    { "resume", 0, FLAG(resume), .commands = ON_SWEEP, .help = "go on with the result file that is there" },
    { "export", 0, ARGUMENT_NEEDED, "FILE", ON_SWEEP, set_export, 0, "write all metrics of all runs as tidy CSV, too" },
    { "orders", 0, ARGUMENT_OPTIONAL, "[=SHARE]", ON_RUN, set_orders, 0,
      "with --out: orders.csv, a row for each order, or for a SHARE of them, as in --orders=0.01" },
    { "plots", 0, FLAG(plots), .commands = ON_RUN | ON_SWEEP | ON_IMPORT,
      .help = "pictures (needs gnuplot; run: with --out; sweep, import durations: into FILE-plots)" },
    { "terminal", 0, FLAG(terminal), .commands = ON_PLOT, .help = "draw on the terminal; writes no file" },
    { "out", 0, ARGUMENT_NEEDED, "FILE", ON_CALIBRATE, set_out, 0, "write the fitted scenario to a new file" },
    { "force", 0, FLAG(force),
      .commands = ON_RUN | ON_SWEEP | ON_PLOT | ON_INIT | ON_IMPORT | ON_EXPLORE | ON_CALIBRATE,
      .help = "replace what is there (plot: scripts changed by hand, too)" },
    { "observations", 0, ARGUMENT_NEEDED, "FILE", ON_INIT, set_observations, 0,
      "what was counted (sim-observations/1)" },
    { "k6", 0, ARGUMENT_NEEDED, "FILE", ON_INIT, set_k6, 0, "a script of k6, or its options as JSON: the load" },
    { "offsets", 0, ARGUMENT_NEEDED, "FILE", ON_INIT, set_offsets, 0,
      "tables of kafka-consumer-groups.sh --describe; with several files, in the order of their instants" },
    { "durations", 0, ARGUMENT_NEEDED, "FILE", ON_INIT, set_durations, 0,
      "measured durations: CSV or .hgrm; a stage's name is that of a group or stage of the scenario" },
    { "orders", 0, ARGUMENT_NEEDED, "FILE", ON_INIT, set_orders_file, 0,
      "a CSV table of orders: id, created_at, paid_at" },
    { "time-zone", 0, ARGUMENT_NEEDED, "ZONE", ON_INIT | ON_IMPORT, set_time_zone, 0,
      "orders: of times without one, as in +09:00" },
    { "partitions", 0, ARGUMENT_NEEDED, "N", ON_INIT | ON_IMPORT, set_partitions, 0,
      "orders: of the topic that their ids are keys of (3)" },
    { "column", 0, ARGUMENT_NEEDED, "ROLE=NAME", ON_INIT | ON_IMPORT, set_column, 0,
      "what a column of the CSV file holds. Durations: value (repeatable), stage, step, at (the time); orders: id, "
      "created, paid, status" },
    { "unit", 0, ARGUMENT_NEEDED, "UNIT", ON_INIT | ON_IMPORT, set_unit, 0,
      "ns, us, ms or s: of durations, where the column's name does not end in it; of orders' times that are other "
      "numbers than those since 1970, whose unit their size tells" },
    { "start", 0, ARGUMENT_NEEDED, "INSTANT", ON_INIT | ON_IMPORT, set_start, 0,
      "offsets: what is t = 0 (the first table)" },
    { "lang", 0, ARGUMENT_NEEDED, "LANGUAGE", ON_INIT | ON_IMPORT, set_language, 0,
      "en or ko: why k6's virtual users are no arrival rate" },
    { "out", 0, ARGUMENT_NEEDED, "FILE", ON_INIT | ON_IMPORT, set_out, 0, "write to a new file instead of stdout" },
    { "example", 0, FLAG(example), .commands = ON_SCHEMA, .help = "a commented scenario to start from" },
    { "no-color", 0, FLAG(no_color), .commands = ON_ALL & ~ON_NONE,
      .help = "no colour (also: NO_COLOR set, or not a terminal)" },
    { "quiet", 'q', FLAG(quiet), .commands = ON_ALL & ~ON_NONE, .help = "no progress and no notes; errors remain" },
    { "help", 'h', FLAG(help), .commands = ON_ALL, .help = "this page" },
    { "version", 0, FLAG(version), .commands = ON_ALL, .help = "name and version" },
};
/* clang-format on */

_Static_assert(sizeof option_table / sizeof option_table[0] <= OPTION_ROWS_MAX, "OPTION_ROWS_MAX is too small");
const size_t option_table_rows = sizeof option_table / sizeof option_table[0];
