/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/lab/output.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char staging_name[] = ".unfinished";
static const char last_name[] = "summary.json"; /* who finds it finds everything else */

static const char *path_join(struct arena *arena, const char *folder, const char *name)
{
    size_t size = strlen(folder) + 1 + strlen(name) + 1;
    char *path = arena_alloc(arena, size);
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* ---- files ---- */

bool file_append(FILE *to, FILE *from, const char *from_name, struct sim_err *err)
{
    char buffer[1 << 16];
    size_t n;
    while ((n = fread(buffer, 1, sizeof buffer, from)) > 0)
        if (fwrite(buffer, 1, n, to) != n) return true;
    if (ferror(from)) return sim_fail(err, SIM_ERUNTIME, from_name, "cannot be read: %s", strerror(errno));
    return true;
}

FILE *output_create(const struct output *output, const char *name, struct sim_err *err)
{
    FILE *file = fopen(output_path(output, name), "w");
    if (!file) sim_fail(err, SIM_ERUNTIME, output_path(output, name), "cannot be written: %s", strerror(errno));
    return file;
}

bool output_copy(const struct output *output, const char *from, const char *name, struct sim_err *err)
{
    FILE *in = fopen(from, "r");
    if (!in) return sim_fail(err, SIM_ERUNTIME, from, "cannot be read: %s", strerror(errno));
    FILE *out = output_create(output, name, err);
    bool ok = out && file_append(out, in, from, err);
    if (out && !sim_file_close(out, output_path(output, name), err)) ok = false;
    fclose(in);
    return ok;
}

/* ---- folders ---- */

/* Calls `each` for what lies in a folder. */
typedef bool entry_fn(void *context, const char *name, struct sim_err *err);

static bool for_each_entry(const char *folder, entry_fn *each, void *context, struct sim_err *err)
{
    DIR *dir = opendir(folder);
    if (!dir) return sim_fail(err, SIM_ERUNTIME, folder, "cannot be read: %s", strerror(errno));
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) ok = each(context, entry->d_name, err);
    closedir(dir);
    return ok;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

struct tree {
    struct arena *arena;
    const char *from, *to;
};

static bool remove_tree(struct arena *arena, const char *path, struct sim_err *err);

static bool remove_entry(void *context, const char *name, struct sim_err *err)
{
    const struct tree *tree = context;
    return remove_tree(tree->arena, path_join(tree->arena, tree->from, name), err);
}

static bool remove_tree(struct arena *arena, const char *path, struct sim_err *err)
{
    struct tree tree = { arena, path, NULL };
    if (is_folder(path) && !for_each_entry(path, remove_entry, &tree, err)) return false;
    if (remove(path) == 0 || errno == ENOENT) return true;
    return sim_fail(err, SIM_ERUNTIME, path, "cannot be removed: %s", strerror(errno));
}

static bool make_folder(const char *path, struct sim_err *err)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && is_folder(path))) return true;
    return sim_fail(err, SIM_ERUNTIME, path, "this folder cannot be made: %s", strerror(errno));
}

bool output_make_folder(const struct output *output, const char *name, struct sim_err *err)
{
    return make_folder(output_path(output, name), err);
}

static bool make_folders_above(char *path, struct sim_err *err)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        struct stat status;
        *slash = '\0';
        bool ok = (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) || make_folder(path, err);
        *slash = '/';
        if (!ok) return false;
    }
    return true;
}

const char *output_path(const struct output *output, const char *name)
{
    return path_join(output->arena, output->staging, name);
}

bool output_open(struct output *out, const char *dir, bool force, struct arena *arena, struct sim_err *err)
{
    struct stat status;
    char *name = arena_strdup(arena, dir);
    for (size_t n = strlen(name); n > 1 && name[n - 1] == '/'; n--) name[n - 1] = '\0';
    *out = (struct output){ .dir = name, .staging = path_join(arena, name, staging_name), .arena = arena };
    bool there = stat(name, &status) == 0;
    if (there && !S_ISDIR(status.st_mode))
        return sim_fail(err, SIM_EUSAGE, name, "this is a file; --out needs the name of a folder");
    if (there && !force)
        return sim_fail(err, SIM_EUSAGE, name, "this exists already; take another name, or --force to replace it");
    if (!make_folders_above(name, err)) return false;
    if (!there) {
        if (mkdir(name, 0777) != 0)
            return sim_fail(err, SIM_ERUNTIME, name, "this folder cannot be made: %s", strerror(errno));
        out->made_dir = true;
    }
    if (remove_tree(arena, out->staging, err) && make_folder(out->staging, err)) return true;
    output_abandon(out);
    return false;
}

/* ---- what was there before ---- */

struct listing {
    struct arena *arena;
    bool (*is_such)(const char *name);
    uint32_t n, most;
    const char **name; /* NULL: they are counted */
};

static bool list_entry(void *context, const char *name, struct sim_err *err)
{
    struct listing *listing = context;
    (void)err;
    if (!listing->is_such(name) || listing->n == listing->most) return true;
    if (listing->name) listing->name[listing->n] = arena_strdup(listing->arena, name);
    listing->n++;
    return true;
}

const char *const *output_names(const struct output *output, bool (*is_such)(const char *name), struct sim_err *err)
{
    struct listing count = { .is_such = is_such, .most = UINT32_MAX };
    if (!for_each_entry(output->dir, list_entry, &count, err)) return NULL;
    struct listing listing = { output->arena, is_such, 0, count.n,
                               arena_array(output->arena, const char *, count.n + 1) };
    return for_each_entry(output->dir, list_entry, &listing, err) ? listing.name : NULL;
}

/* ---- the end ---- */

static bool move_file(const char *from, const char *to, struct sim_err *err)
{
    if (rename(from, to) == 0) return true;
    return sim_fail(err, SIM_ERUNTIME, to, "cannot be put in place: %s", strerror(errno));
}

/* Moves one entry, a folder by what it holds; all but the file that comes last. */
static bool move_entry(void *context, const char *name, struct sim_err *err)
{
    const struct tree *tree = context;
    const char *from = path_join(tree->arena, tree->from, name), *to = path_join(tree->arena, tree->to, name);
    if (strcmp(name, last_name) == 0) return true;
    if (!is_folder(from)) return move_file(from, to, err);
    struct tree inner = { tree->arena, from, to };
    return make_folder(to, err) && for_each_entry(from, move_entry, &inner, err);
}

bool output_commit(struct output *output, const char *const *stale, struct sim_err *err)
{
    const char *last = output_path(output, last_name), *last_place = path_join(output->arena, output->dir, last_name);
    bool has_last = access(last, F_OK) == 0;
    for (; *stale; stale++)
        if (access(output_path(output, *stale), F_OK) != 0) remove(path_join(output->arena, output->dir, *stale));
    if (has_last) remove(last_place);
    struct tree tree = { output->arena, output->staging, output->dir };
    if (!for_each_entry(output->staging, move_entry, &tree, err)) return false;
    if (has_last && !move_file(last, last_place, err)) return false;
    output->made_dir = false;
    return remove_tree(output->arena, output->staging, err);
}

void output_abandon(struct output *output)
{
    remove_tree(output->arena, output->staging, NULL);
    if (output->made_dir) rmdir(output->dir);
}
