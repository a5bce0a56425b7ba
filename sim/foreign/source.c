/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/foreign/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/json.h"
#include "sim/scenario/reader.h"

bool source_open(struct source *out, const char *file, struct findings *findings, struct arena *arena,
                 struct sim_err *err)
{
    *out = (struct source){ .file = file, .findings = findings, .arena = arena };
    out->text = file_read(file, &out->length, arena, err);
    if (!out->text) return false;
    if (strncmp(out->text, "\xef\xbb\xbf", 3) == 0) out->text += 3, out->length -= 3;
    return source_is_text(out);
}

bool source_is_text(struct source *source)
{
    const char *nul = memchr(source->text, '\0', source->length);
    if (nul) return source_finding(source, (size_t)(nul - source->text), "", "a NUL byte; this is no text file");
    if (json_is_utf8(source->text)) return true;
    size_t at = 0;
    for (;; at += strcspn(source->text + at, "\n") + 1) {
        const int length = (int)strcspn(source->text + at, "\n");
        if (!json_is_utf8(arena_printf(source->arena, "%.*s", length, source->text + at))) break;
    }
    return source_finding(source, at, "", "this line is not UTF-8; save the file as UTF-8");
}

struct text_place source_place(const struct source *source, size_t at)
{
    struct text_place place = { 1, 1 };
    for (size_t i = 0; i < at && i < source->length; i++) {
        place.column++;
        if (source->text[i] != '\n') continue;
        place.line++;
        place.column = 1;
    }
    return place;
}

bool source_finding(struct source *source, size_t at, const char *pointer, const char *format, ...)
{
    char text[1024]; /* Korean takes three bytes a letter */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* the place of a finding that is only counted is not looked for */
    const bool kept = source->findings->n < MAX_FINDINGS;
    finding_add(source->findings, source->arena, kept ? source_place(source, at) : (struct text_place){ 0 }, pointer,
                "%s", text);
    return false;
}

void source_remark(struct source *source, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (source->n_remarks < MAX_REMARKS) source->remark[source->n_remarks++] = arena_strdup(source->arena, text);
}
