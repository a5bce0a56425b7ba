/* SPDX-License-Identifier: GPL-3.0-or-later
 * See help.h. */
#include "sim/help.h"

#include <string.h>

#include "sim/option_table.h"

enum { WIDTH = 80, OPTION_COLUMN = 26, COMMAND_COLUMN = 22 };

/* Words from column `at` on; a line that would be too long goes on at `indent`. */
static void say(FILE *out, size_t at, size_t indent, const char *text)
{
    for (const char *word = text; *word;) {
        const size_t length = strcspn(word, " \n");
        if (word != text && at + 1 + length > WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (word != text) {
            fputc(' ', out);
            at++;
        }
        fwrite(word, 1, length, out);
        at += length;
        word += length;
        word += strspn(word, " \n");
    }
    fputc('\n', out);
}

/* A row of two columns: what does not fit into the first one has a line of its own. */
static void say_row(FILE *out, size_t column, const char *left, const char *text)
{
    if (strlen(left) < column) fprintf(out, "%-*s", (int)column, left);
    else fprintf(out, "%s\n%*s", left, (int)column, "");
    say(out, column, column, text);
}

static void print_option(const struct option_spec *spec, FILE *out)
{
    char left[64];
    const char letter[] = { '-', spec->letter, ',', ' ', '\0' };
    snprintf(left, sizeof left, "  %s--%s%s%s", spec->letter ? letter : "", spec->name,
             spec->argument == ARGUMENT_NEEDED ? " " : "", spec->argument_name);
    say_row(out, OPTION_COLUMN, left, spec->help);
}

static void print_commands(FILE *out)
{
    fprintf(out, "\nCommands (sim COMMAND --help says more):\n");
    for (int c = COMMAND_NONE + 1; c < COMMANDS; c++) {
        char left[64];
        snprintf(left, sizeof left, "  %s %s", command_table[c].name,
                 command_table[c].operand ? command_table[c].operand : "");
        say_row(out, COMMAND_COLUMN, left, command_table[c].does);
    }
}

static void print_usage(enum command command, FILE *out)
{
    const struct command_spec *spec = &command_table[command];
    fprintf(out, "\nUsage: sim %s%s%s%s%s%s%s [OPTION]...\n", spec->name, *spec->name && spec->operand ? " " : "",
            spec->operand ? spec->operand : "", spec->second || spec->many ? " " : "", spec->may_lack ? "[" : "",
            spec->second ? spec->second : spec->many ? "[SCENARIO]..." : "", spec->may_lack ? "]" : "");
    if (spec->operand && strcmp(spec->operand, "SCENARIO") == 0)
        say(out, 0, 0, "SCENARIO is a JSON file; - is standard input.");
    if (spec->operand && strcmp(spec->operand, "OBSERVATIONS") == 0)
        say(out, 0, 0, "OBSERVATIONS is a JSON file (sim-observations/1); - is standard input.");
    if (command == COMMAND_IMPORT)
        say(out, 0, 0, "KIND of FILE: k6 (options of a script, or end-of-test summary); offsets (tables of "
                       "kafka-consumer-groups.sh --describe); durations (CSV or .hgrm); orders (CSV).");
}

void help_print(enum command command, FILE *out)
{
    char exits[512];
    const struct command_spec *spec = &command_table[command];
    say(out, 0, 0, spec->does);
    fprintf(out, "\nExamples:\n%s", spec->examples);
    print_usage(command, out);
    if (command == COMMAND_NONE) print_commands(out);
    fprintf(out, "\nOptions:\n");
    for (size_t i = 0; i < option_table_rows; i++)
        if (option_table[i].commands & (1u << command)) print_option(&option_table[i], out);
    fputc('\n', out);
    snprintf(exits, sizeof exits, "Exit codes: %s.", spec->exits);
    say(out, 0, 0, exits);
}
