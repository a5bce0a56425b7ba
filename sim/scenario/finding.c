/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/scenario/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char *print(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = print(arena, format, args);
    va_end(args);
    return text;
}

void finding_add(struct findings *findings, struct arena *arena, struct text_place place, const char *pointer,
                 const char *format, ...)
{
    if (findings->n_all++ >= MAX_FINDINGS) return;
    va_list args;
    va_start(args, format);
    findings->finding[findings->n++] = (struct finding){
        .line = place.line,
        .column = place.column,
        .pointer = arena_strdup(arena, pointer),
        .message = print(arena, format, args),
    };
    va_end(args);
}

static bool is_before(const struct finding *a, const struct finding *b)
{
    if (a->line == 0 || b->line == 0) return a->line != 0 && b->line == 0;
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void findings_sort(struct findings *findings)
{
    for (uint32_t i = 1; i < findings->n; i++) {
        const struct finding moving = findings->finding[i];
        uint32_t to = i;
        for (; to > 0 && is_before(&moving, &findings->finding[to - 1]); to--)
            findings->finding[to] = findings->finding[to - 1];
        findings->finding[to] = moving;
    }
}

/* Keys and values come from the text: what could move a terminal's cursor is shown as its code. */
static void put(FILE *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c < 0x20 || *c == 0x7f) fprintf(out, "\\x%02x", *c);
        else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) fprintf(out, "\\x%02x", *++c); /* U+0080 to U+009F */
        else putc(*c, out);
    }
}

void findings_print(const struct findings *findings, const char *file, FILE *out)
{
    const char *shown = strcmp(file, "-") == 0 ? "stdin" : file;
    for (uint32_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->finding[i];
        put(out, shown);
        if (finding->line != 0) fprintf(out, ":%u:%u", finding->line, finding->column);
        fputs(": ", out);
        put(out, finding->pointer);
        if (finding->pointer[0] != '\0') fputs(": ", out);
        put(out, finding->message);
        putc('\n', out);
    }
    if (findings->n_all > findings->n)
        fprintf(out, "%s: %u more findings are not shown\n", shown, findings->n_all - findings->n);
}
