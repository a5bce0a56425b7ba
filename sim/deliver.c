/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/deliver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/lab/output.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/write.h"

static bool is_read(const char *input, const struct stat *written, const char *path, struct sim_err *err)
{
    struct stat status;
    if (!input || stat(input, &status) != 0 || status.st_dev != written->st_dev || status.st_ino != written->st_ino)
        return false;
    sim_fail(err, SIM_EUSAGE, path, "this is %s, which the command reads: it would be replaced; take another name",
             input);
    return true;
}

bool deliver_spares(const struct options *options, const struct study *study, const char *path, struct sim_err *err)
{
    const char *const named[] = { options->operand, options->second, options->points, options->variants,
                                  options->observations_file, options->k6_file, options->orders_file,
                                  options->durations_file };
    struct stat written;
    if (stat(path, &written) != 0 || !S_ISREG(written.st_mode)) return true;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (is_read(named[i], &written, path, err)) return false;
    for (uint32_t i = 0; i < options->offsets.n; i++)
        if (is_read(options->offsets.word[i], &written, path, err)) return false;
    for (uint32_t i = 0; study && i < study->n_inputs; i++)
        if (is_read(study->input[i].full_path, &written, path, err)) return false;
    return true;
}

bool deliver_spares_all(const struct options *options, const struct study *study, const char *folder,
                        const char *const *name, struct arena *arena, struct sim_err *err)
{
    for (; *name; name++)
        if (!deliver_spares(options, study, arena_printf(arena, "%s/%s", folder, *name), err)) return false;
    return true;
}

bool deliver_is_free(const struct options *options, const char *path, struct sim_err *err)
{
    if (!deliver_spares(options, NULL, path, err)) return false;
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
    if (!sim_file_close(file, path, err)) return unlink(unfinished), false;
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
