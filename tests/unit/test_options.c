/* SPDX-License-Identifier: GPL-3.0-or-later
 * The command line. Goal: what may be written is read as it is meant, what may not is refused with the option's name
 * and what is allowed; help names every option and no command that there is not. Method: argv by hand. */
#include "sim/help.h"
#include "sim/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS = 16 };

struct line {
    struct arena arena;
    struct options options;
    struct sim_err err;
    bool ok;
    char text[512];
    char *argv[WORDS];
};

/* Splits a line at its blanks and reads it. */
static void read_line(struct line *line, const char *text)
{
    int argc = 0;
    memset(line, 0, sizeof *line);
    arena_init(&line->arena);
    snprintf(line->text, sizeof line->text, "%s", text);
    for (char *word = strtok(line->text, " "); word; word = strtok(NULL, " ")) line->argv[argc++] = word;
    line->ok = options_read(&line->options, argc, line->argv, &line->arena, &line->err);
}

static void close_line(struct line *line) { arena_fini(&line->arena); }

static void refused(const char *text, const char *because)
{
    struct line line;
    read_line(&line, text);
    if (line.ok || line.err.code != SIM_EUSAGE || !strstr(line.err.text, because))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, line.err.text, because);
    close_line(&line);
}

static void reads_values_after_blank_or_equals(void **state)
{
    (void)state;
    struct line line;
    read_line(&line,
              "sim run x.json --jobs 3 --confidence=0.9 --out=d --format json --lang=ko --orders=0.5 --plots -q");
    assert_true(line.ok);
    assert_int_equal(line.options.command, COMMAND_RUN);
    assert_string_equal(line.options.operand, "x.json");
    assert_int_equal(line.options.jobs, 3);
    assert_true(line.options.confidence == 0.9);
    assert_string_equal(line.options.out, "d");
    assert_int_equal(line.options.format, FORMAT_JSON);
    assert_int_equal(line.options.language, LANG_KO);
    assert_true(line.options.orders && line.options.orders_share == 0.5);
    assert_true(line.options.plots && line.options.quiet && !line.options.force);
    close_line(&line);
}

static void has_defaults(void **state)
{
    (void)state;
    struct line line;
    read_line(&line, "sim run x.json");
    assert_true(line.ok);
    assert_true(line.options.confidence == 0.95);
    assert_int_equal(line.options.jobs, 0);
    assert_int_equal(line.options.n_edits, 0);
    assert_int_equal(line.options.format, FORMAT_TEXT);
    assert_int_equal(line.options.language, LANG_EN);
    assert_null(line.options.out);
    assert_false(line.options.orders);
    close_line(&line);
}

static void orders_alone_means_all_and_takes_no_word(void **state)
{
    (void)state;
    struct line line;
    read_line(&line, "sim run --out d --orders x.json");
    assert_true(line.ok);
    assert_true(line.options.orders && line.options.orders_share == 1);
    assert_string_equal(line.options.operand, "x.json");
    close_line(&line);
}

static void edits_keep_their_order(void **state)
{
    (void)state;
    struct line line;
    read_line(&line, "sim --set a.b=1 run x.json --seed 7 --set=/c/d=e=f --replications=20");
    assert_true(line.ok);
    assert_int_equal(line.options.n_edits, 4);
    assert_string_equal(line.options.edit[0].pointer, "a.b");
    assert_string_equal(line.options.edit[0].value, "1");
    assert_string_equal(line.options.edit[1].pointer, "/run/seed");
    assert_string_equal(line.options.edit[1].value, "7");
    assert_string_equal(line.options.edit[2].pointer, "/c/d");
    assert_string_equal(line.options.edit[2].value, "e=f");
    assert_string_equal(line.options.edit[3].pointer, "/run/replications");
    assert_string_equal(line.options.edit[3].value, "20");
    close_line(&line);
}

static void large_seeds_become_strings(void **state)
{
    (void)state;
    struct line line;
    read_line(&line, "sim run x.json --seed 9007199254740991 --seed 18446744073709551615 --seed 0xff");
    assert_true(line.ok);
    assert_string_equal(line.options.edit[0].value, "9007199254740991");
    assert_string_equal(line.options.edit[1].value, "\"18446744073709551615\"");
    assert_string_equal(line.options.edit[2].value, "255");
    close_line(&line);
}

static void two_hyphens_end_the_options(void **state)
{
    (void)state;
    struct line line;
    read_line(&line, "sim check -- --seed");
    assert_true(line.ok);
    assert_string_equal(line.options.operand, "--seed");
    close_line(&line);
    read_line(&line, "sim check -");
    assert_true(line.ok);
    assert_string_equal(line.options.operand, "-");
    close_line(&line);
}

static void help_and_version_need_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum command command;
    } lines[] = {
        { "sim --help", COMMAND_NONE },
        { "sim run -h", COMMAND_RUN },
        { "sim -h plot", COMMAND_PLOT },
        { "sim check --help", COMMAND_CHECK },
    };
    struct line line;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        read_line(&line, lines[i].text);
        assert_true(line.ok && line.options.help);
        assert_int_equal(line.options.command, lines[i].command);
        close_line(&line);
    }
    read_line(&line, "sim --version");
    assert_true(line.ok && line.options.version);
    close_line(&line);
    read_line(&line, "sim run --version");
    assert_true(line.ok && line.options.version);
    close_line(&line);
}

static void refuses_what_is_not_allowed(void **state)
{
    (void)state;
    refused("sim", "command is missing");
    refused("sim run", "needs its SCENARIO");
    refused("sim plot", "needs its DIR");
    refused("sim run a b", "\"a\" and \"b\"");
    refused("sim schema x", "takes no \"x\"");
    refused("sim rnu x", "did you mean run?");
    refused("sim frobnicate x", "it has run, check, schema, plot");
    refused("sim run x --zebra", "unknown option --zebra");
    refused("sim run x --repliactions 3", "did you mean --replications?");
    refused("sim run x -z", "unknown option -z");
    refused("sim check x --plots", "sim check has no option --plots");
    refused("sim --jobs 2", "needs a command");
    refused("sim run x --plots=yes", "takes no value");
    refused("sim run x --out", "needs a value");
    refused("sim run x --out=", "is not the name of a folder");
    refused("sim run x --orders", "needs --out");
    refused("sim run x --plots", "needs --out");
    refused("sim check x --format markdown", "text or json");
}

static void refuses_values_out_of_range(void **state)
{
    (void)state;
    refused("sim run x --set a", "PTR=VALUE");
    refused("sim run x --set =3", "PTR=VALUE");
    refused("sim run x --seed -1", "whole number");
    refused("sim run x --seed 1e3", "whole number");
    refused("sim run x --seed 18446744073709551616", "whole number");
    refused("sim run x --seed 0x", "whole number");
    refused("sim run x --seed 0xfg", "whole number");
    refused("sim run x --replications 0", "count from 1");
    refused("sim run x --replications 4294967296", "count from 1");
    refused("sim run x --jobs 0", "from 1 to 4096");
    refused("sim run x --jobs 2x", "from 1 to 4096");
    refused("sim run x --confidence 0", "probability");
    refused("sim run x --confidence 1", "probability");
    refused("sim run x --confidence nan", "probability");
    refused("sim run x --format xml", "text, json or markdown");
    refused("sim run x --lang de", "en or ko");
    refused("sim run x --out d --orders=0", "share");
    refused("sim run x --out d --orders=1.5", "share");
    refused("sim run x --out d --orders=", "share");
}

static char *help_of(enum command command)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    help_print(command, out);
    fclose(out);
    return text;
}

static void help_begins_with_examples_and_fits(void **state)
{
    (void)state;
    for (enum command command = COMMAND_NONE; command < COMMANDS; command++) {
        char *text = help_of(command);
        char *examples = strstr(text, "Examples:"), *usage = strstr(text, "Usage:");
        assert_non_null(examples);
        assert_non_null(usage);
        assert_true(examples < usage);
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            if (strlen(line) > 100) fail_msg("too long: %s", line);
        free(text);
    }
}

/* Those of the contract that the command can end with. */
static void help_names_every_exit_code(void **state)
{
    static const char *const codes[COMMANDS] = {
        [COMMAND_NONE] = "0 1 2 3 4 5 99 130", [COMMAND_RUN] = "0 1 2 3 4 5 99 130", [COMMAND_CHECK] = "0 1 2 3",
        [COMMAND_SCHEMA] = "0 1 2", [COMMAND_PLOT] = "0 1 2 130", [COMMAND_SWEEP] = "0 1 2 3 4 5 130",
        [COMMAND_INIT] = "0 1 2 3", [COMMAND_IMPORT] = "0 1 2 3", [COMMAND_AUDIT] = "0 1 2 3",
        [COMMAND_EXPLORE] = "0 1 2 3 4 130", [COMMAND_REPLAY] = "1 2 3 4", [COMMAND_COMPARE] = "0 1 2 3 130",
        [COMMAND_CALIBRATE] = "0 1 2 3 5 130", [COMMAND_PLAN] = "0 1 2 3 5 99 130",
    };
    (void)state;
    for (enum command command = COMMAND_NONE; command < COMMANDS; command++) {
        char text[1 << 14], line[512], code[8];
        FILE *out = fmemopen(text, sizeof text, "w");
        help_print(command, out);
        fclose(out);
        const char *exits = strstr(text, "\nExit codes: ");
        int n;
        assert_non_null(exits);
        snprintf(line, sizeof line, "; %s", exits + strlen("\nExit codes: ")); /* each code is between "; " and " " */
        for (char *c = line; *c; c++)
            if (*c == '\n') *c = ' ';
        for (const char *at = codes[command]; sscanf(at, "%7s%n", code, &n) == 1; at += n) {
            char said[16];
            snprintf(said, sizeof said, "; %s ", code);
            if (!strstr(line, said)) fail_msg("no exit code %s: %s", code, line);
        }
    }
}

/* Every example of every page begins with a command that is read as one. */
static void help_names_only_what_there_is(void **state)
{
    struct arena arena;
    uint32_t n = 0;
    (void)state;
    arena_init(&arena);
    for (enum command command = COMMAND_NONE; command < COMMANDS; command++) {
        char *text = help_of(command);
        for (char *at = text; (at = strstr(at, "\n  sim ")) != NULL; n++) {
            char word[32];
            struct options options;
            struct sim_err err = { 0 };
            at += strlen("\n  sim ");
            assert_int_equal(sscanf(at, "%31[a-z]", word), 1);
            char *const argv[] = { "sim", word, "--help" };
            if (!options_read(&options, 3, argv, &arena, &err)) fail_msg("%s: %s", word, err.text);
            assert_true(command == COMMAND_NONE || options.command == command);
        }
        free(text);
    }
    assert_true(n >= COMMANDS);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values_after_blank_or_equals),
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(orders_alone_means_all_and_takes_no_word),
        cmocka_unit_test(edits_keep_their_order),
        cmocka_unit_test(large_seeds_become_strings),
        cmocka_unit_test(two_hyphens_end_the_options),
        cmocka_unit_test(help_and_version_need_nothing_else),
        cmocka_unit_test(refuses_what_is_not_allowed),
        cmocka_unit_test(refuses_values_out_of_range),
        cmocka_unit_test(help_begins_with_examples_and_fits),
        cmocka_unit_test(help_names_every_exit_code),
        cmocka_unit_test(help_names_only_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
