/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files: the scenario itself, and those it names. A scenario names files below its own folder only, so that it can be
 * moved and shared, and reading one from elsewhere cannot show what else lies on this machine. */
#include "sim/scenario/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/sha256.h"

#define FILE_BYTES_MAX ((size_t)64 << 20)
#define INPUTS         "inputs/"

static const char *read_stream(FILE *stream, size_t *length, struct arena *arena, const char **why)
{
    size_t capacity = 1 << 16, n = 0;
    char *text = arena_alloc(arena, capacity + 1);
    for (size_t got; (got = fread(text + n, 1, capacity - n, stream)) > 0;) {
        n += got;
        if (n < capacity) continue;
        if (capacity >= FILE_BYTES_MAX) {
            *why = "larger than 64 MiB";
            return NULL;
        }
        char *grown = arena_alloc(arena, 2 * capacity + 1);
        memcpy(grown, text, n);
        text = grown;
        capacity *= 2;
    }
    if (ferror(stream)) {
        *why = strerror(errno);
        return NULL;
    }
    text[n] = '\0';
    *length = n;
    return text;
}

const char *file_read(const char *path, size_t *length, struct arena *arena, struct sim_err *err)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    FILE *stream = is_stdin ? stdin : fopen(path, "rb");
    const char *why = NULL;
    const char *text = stream ? read_stream(stream, length, arena, &why) : NULL;
    if (!stream) why = strerror(errno);
    if (stream && !is_stdin) fclose(stream);
    if (!text)
        sim_fail(err, SIM_ERUNTIME, is_stdin ? "stdin" : path[0] == '\0' ? "\"\"" : path, "cannot be read: %s", why);
    return text;
}

const char *file_stem(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');
    char *stem = arena_strdup(arena, slash ? slash + 1 : path);
    size_t length = strlen(stem);
    if (length > 5 && strcmp(stem + length - 5, ".json") == 0) stem[length - 5] = '\0';
    return strcmp(stem, "-") == 0 ? "stdin" : stem;
}

const char *file_folder(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return ".";
    return slash == path ? "/" : arena_printf(arena, "%.*s", (int)(slash - path), path);
}

static bool stays_below(const char *path)
{
    if (path[0] == '/' || path[0] == '\0') return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) return false;
    }
    return true;
}

/* Links followed. What is not there is not elsewhere either: reading it will tell. */
static bool links_stay_below(const char *folder, const char *full_path)
{
    char *root = realpath(folder, NULL), *target = realpath(full_path, NULL);
    bool below = true;
    if (root && target) {
        const size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
        below = strncmp(root, target, length) == 0 && target[length] == '/';
    }
    free(root);
    free(target);
    return below;
}

/* One folder holds the copies of all inputs: a path's slashes become hyphens. */
static const char *copy_name(const char *path, struct arena *arena)
{
    bool is_copy = strncmp(path, INPUTS, strlen(INPUTS)) == 0;
    char *name = arena_printf(arena, INPUTS "%s", is_copy ? path + strlen(INPUTS) : path);
    for (char *c = name + strlen(INPUTS); *c != '\0'; c++)
        if (*c == '/') *c = '-';
    return name;
}

/* False when another file has the same copy. */
static bool note_input(struct reader *reader, struct cursor *cursor, const struct input_file *input)
{
    for (uint32_t i = 0; i < reader->n_inputs; i++) {
        const struct input_file *other = &reader->input[i];
        if (strcmp(other->copy, input->copy) != 0) continue;
        if (strcmp(other->full_path, input->full_path) == 0) return true;
        cursor_finding(cursor, "copies of \"%s\" and of \"%s\" would have one name; rename one of them", input->path,
                       other->path);
        return false;
    }
    if (reader->n_inputs == MAX_INPUTS) {
        cursor_finding(cursor, "more than %d files named by one scenario", MAX_INPUTS);
        return false;
    }
    reader->input[reader->n_inputs++] = *input;
    return true;
}

const char *read_input(struct reader *reader, struct cursor *cursor, size_t *length)
{
    struct arena *arena = reader->reading.arena;
    struct input_file input = { 0 };
    cursor->unwritten = true;
    if (!cursor_text(cursor, &input.path)) return NULL;
    cursor->unwritten = false;
    input.full_path = arena_printf(arena, "%s/%s", reader->folder, input.path);
    if (!stays_below(input.path) || !links_stay_below(reader->folder, input.full_path)) {
        cursor_finding(cursor, "\"%.200s\" leaves the scenario's folder; name a file in it or below", input.path);
        return NULL;
    }
    struct sim_err err = { 0 }, unused = { 0 };
    input.copy = copy_name(input.path, arena);
    const char *text = file_read(input.full_path, length, arena, &err);
    if (!text &&
        strncmp(input.path, INPUTS, strlen(INPUTS)) == 0) { /* resolved, but still beside the original's files */
        input.full_path = arena_printf(arena, "%s/%s", reader->folder, input.path + strlen(INPUTS));
        text = file_read(input.full_path, length, arena, &unused);
    }
    if (!text) {
        cursor_finding(cursor, "%s %s", err.where, err.text);
        return NULL;
    }
    sha256_hex(text, *length, input.sha256);
    if (!note_input(reader, cursor, &input)) return NULL;
    cursor_write(cursor, cJSON_CreateString(input.copy));
    return text;
}
