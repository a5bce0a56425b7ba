/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/files.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plots/rows.h"

static void path_of(const char *to, const char *name, const char *suffix, char path[ROWS_PATH_BYTES])
{
    snprintf(path, ROWS_PATH_BYTES, "%s/%s%s", to, name, suffix);
}

FILE *files_create(const char *to, const char *name, const char *suffix, struct sim_err *err)
{
    char path[ROWS_PATH_BYTES];
    path_of(to, name, suffix, path);
    FILE *file = fopen(path, "w");
    if (!file) sim_fail(err, SIM_ERUNTIME, path, "cannot be written: %s", strerror(errno));
    return file;
}

bool files_finish(FILE *file, const char *to, const char *name, const char *suffix, struct sim_err *err)
{
    char path[ROWS_PATH_BYTES];
    path_of(to, name, suffix, path);
    return sim_file_close(file, path, err);
}

/* A picture is whole when its last bytes are there. */
static bool is_whole(const char *path, const char *ending, size_t length)
{
    char last[16];
    FILE *file = fopen(path, "r");
    bool whole = file && fseek(file, -(long)length, SEEK_END) == 0 && fread(last, 1, length, file) == length &&
                 memcmp(last, ending, length) == 0;
    if (file) fclose(file);
    return whole;
}

bool files_drawn(const char *to, const char *name, struct sim_err *err)
{
    static const char svg_ending[] = "</svg>\n\n", png_ending[] = "IEND\xae\x42\x60\x82";
    char svg[ROWS_PATH_BYTES], png[ROWS_PATH_BYTES];
    path_of(to, name, ".svg", svg);
    path_of(to, name, ".png", png);
    bool svg_whole = is_whole(svg, svg_ending, sizeof svg_ending - 1),
         png_whole = is_whole(png, png_ending, sizeof png_ending - 1);
    if (svg_whole && png_whole) return true;
    unlink(svg);
    unlink(png);
    return sim_fail(err, SIM_ERUNTIME, svg_whole ? png : svg, "gnuplot did not finish this picture; is the disk full?");
}
