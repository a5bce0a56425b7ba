/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim audit: which figures of a report contradict one another; with a scenario, how many of them one model explains,
 * and what the rest would need. Findings are its result, so they end with 0. */
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/lab/audit.h"

enum { TEXT_COLUMNS = 80 };

int cmd_audit(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct observations observations;
    struct findings findings = { 0 };
    struct audit audit;
    const struct text_style style = { options->language, use_colour(options), options->format == FORMAT_MARKDOWN,
                                      TEXT_COLUMNS };
    const bool is_stdin = strcmp(options->operand, "-") == 0;
    if (is_stdin && options->second) {
        sim_fail(err, SIM_EUSAGE, NULL, "with a scenario, the observations are read twice: give a file in place of -");
        return SIM_EUSAGE;
    }
    if (is_stdin && isatty(STDIN_FILENO)) {
        sim_fail(err, SIM_EUSAGE, NULL, "- reads the observations from standard input, which is this terminal");
        return SIM_EUSAGE;
    }
    if (!observations_read(&observations, options->operand, &findings, arena, err)) {
        findings_print(&findings, options->operand, stderr);
        return (int)err->code;
    }
    struct calibration model;
    if (options->second) {
        struct options fit = *options;
        fit.operand = options->second;
        fit.second = options->operand;
        const int code = fit_scenario(&fit, &model, arena, err);
        if (code != 0) return code;
    }
    const enum language language = options->format == FORMAT_JSON ? LANG_EN : options->language;
    audit_observations(&audit, &observations, language, arena);
    if (options->format == FORMAT_JSON) audit_json(&audit, options->second ? &model : NULL, stdout);
    else audit_text(&audit, is_stdin ? "stdin" : options->operand, &style, stdout);
    if (options->second && options->format != FORMAT_JSON) calibration_write(&model, &style, stdout);
    return 0;
}
