/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/deliver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/lab/output.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/write.h"

bool deliver_is_free(const struct options *options, const char *path, struct sim_err *err)
{
    return options->force || access(path, F_OK) != 0 ||
           sim_fail(err, SIM_EUSAGE, path, "is there already; --force replaces it");
}

/* Written beside its place and moved there: an interrupted write leaves nothing under the final name. */
bool deliver_beside(const struct options *options, const char *path, const char *text, struct arena *arena,
                    struct sim_err *err)
{
    const char *unfinished = arena_printf(arena, "%s.unfinished", path);
    if (!deliver_is_free(options, path, err)) return false;
    FILE *file = fopen(unfinished, "w");
    if (!file) return sim_fail(err, SIM_ERUNTIME, path, "cannot be written: %s", strerror(errno));
    fputs(text, file);
    if (!file_close(file, path, err)) return unlink(unfinished), false;
    if (rename(unfinished, path) == 0) return true;
    sim_fail(err, SIM_ERUNTIME, path, "cannot be written: %s", strerror(errno));
    return unlink(unfinished), false;
}

const char *deliver_path(const struct options *options, const char *file, struct arena *arena)
{
    const char *folder = options->out ? file_folder(options->out, arena) : ".";
    const char *rest = strcmp(folder, ".") == 0 ? file
                       : strncmp(file, folder, strlen(folder)) == 0 && file[strlen(folder)] == '/'
                           ? file + strlen(folder) + 1
                           : NULL;
    while (rest && strncmp(rest, "./", 2) == 0) rest += 2;
    const bool below =
        rest && rest[0] != '/' && strcmp(rest, "-") != 0 && strncmp(rest, "../", 3) != 0 && !strstr(rest, "/../");
    return below ? rest : NULL;
}

bool deliver(const struct options *options, cJSON *document, struct arena *arena, struct sim_err *err)
{
    const char *text = write_document(document, arena);
    cJSON_Delete(document);
    if (options->out) return deliver_beside(options, options->out, text, arena, err);
    fputs(text, stdout);
    return true;
}

const char *deliver_plots_folder(const char *file, const char *ending, struct arena *arena)
{
    const size_t length = strlen(file), end = strlen(ending);
    const bool has_ending = length > end && strcmp(file + length - end, ending) == 0;
    return arena_printf(arena, "%.*s-plots", (int)(has_ending ? length - end : length), file);
}

bool deliver_remarks(const struct options *options, const struct source *source)
{
    if (source->findings->n_all > 0) return findings_print(source->findings, source->file, stderr), false;
    for (uint32_t i = 0; i < source->n_remarks; i++) note(options, "%s", source->remark[i]);
    return true;
}

bool deliver_runs(const struct options *options, const cJSON *scenario, struct arena *arena, struct sim_err *err)
{
    struct study study;
    struct findings findings = { 0 };
    const char *text = write_document(scenario, arena);
    const char *folder = options->out ? file_folder(options->out, arena) : ".";
    if (study_read_text(&study, text, strlen(text), "the new scenario", folder, NULL, 0, &findings, arena, err))
        return true;
    findings_print(&findings, "the new scenario", stderr);
    return false;
}
