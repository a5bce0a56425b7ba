/* SPDX-License-Identifier: GPL-3.0-or-later
 * Widths by Unicode ranges instead of wcwidth, which depends on a locale. */
#include "sim/results/page.h"

#include <stdarg.h>
#include <string.h>

/* ---- width ---- */

static const unsigned char *next_character(const unsigned char *p, uint32_t *character)
{
    static const unsigned char first_bits[] = { 0x7f, 0x1f, 0x0f, 0x07 };
    const int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;

    *character = *p++ & first_bits[more];
    for (int i = 0; i < more && (*p & 0xc0) == 0x80; i++)
        *character = *character << 6 | (*p++ & 0x3f);
    return p;
}

static unsigned width_of(uint32_t character)
{
    static const struct { uint32_t first, last; } wide[] = {
        { 0x1100, 0x115f },   /* Hangul Jamo, leading */
        { 0x2705, 0x2705 },   { 0x274c, 0x274c },   /* marks */
        { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   /* CJK, Kana, compatibility Jamo */
        { 0xa960, 0xa97f },   { 0xac00, 0xd7a3 },   /* Hangul */
        { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
        { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd }
    };

    if (character == 0x200d || (character >= 0x0300 && character <= 0x036f) || (character & ~0xfu) == 0xfe00)
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (character >= wide[i].first && character <= wide[i].last)
            return 2;
    return 1;
}

unsigned text_width(const char *utf8)
{
    const unsigned char *p = (const unsigned char *)utf8;
    unsigned width = 0;
    uint32_t character;

    while (*p) {
        p = next_character(p, &character);
        width += width_of(character);
    }
    return width;
}

/* ---- text ---- */

const char *page_word(const struct page *page, const char *en, const char *ko)
{
    return page->style->language == LANG_KO ? ko : en;
}

static char *vformat(struct page *page, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    const size_t size = length < 0 ? 1 : (size_t)length + 1;
    char *text = arena_alloc(page->arena, size);
    vsnprintf(text, size, format, arguments);
    return text;
}

char *page_format(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = vformat(page, format, arguments);
    va_end(arguments);
    return text;
}

void page_print(struct page *page, enum tone tone, const char *text)
{
    static const char *const on[] = { [TONE_GOOD] = "\033[32m", [TONE_BAD] = "\033[31m", [TONE_STRONG] = "\033[1m",
                                      [TONE_FAINT] = "\033[2m" };

    if (page->style->colour && tone != TONE_PLAIN)
        fprintf(page->out, "%s%s\033[0m", on[tone], text);
    else
        fputs(text, page->out);
}

/* Breaks at spaces; column is where the line stands already. A word longer than a line stands on its own. */
static void print_wrapped(struct page *page, enum tone tone, char *text, unsigned column, unsigned indent)
{
    const unsigned width = page->style->width ? page->style->width : 80;
    bool fresh = true;

    for (char *word = text, *end; *word; word = end) {
        end = word + strcspn(word, " ");
        if (*end)
            *end++ = '\0';
        const unsigned needed = text_width(word);
        if (!fresh && column + 1 + needed > width) {
            fprintf(page->out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!fresh) {
            fputc(' ', page->out);
            column++;
        }
        page_print(page, tone, word);
        column += needed;
        fresh = false;
    }
    fputc('\n', page->out);
}

void page_begin(struct page *page, enum block block)
{
    const bool in_list = block == BLOCK_ITEM && page->last == BLOCK_ITEM;

    if (page->last != BLOCK_NONE && (page->style->markdown ? !in_list : block == BLOCK_HEADING))
        fputc('\n', page->out);
    page->last = block;
}

void page_gap(struct page *page)
{
    if (!page->style->markdown)
        fputc('\n', page->out);
}

static void heading(struct page *page, const char *mark, const char *text)
{
    page_begin(page, BLOCK_HEADING);
    if (page->style->markdown)
        fputs(mark, page->out);
    page_print(page, TONE_STRONG, text);
    fputc('\n', page->out);
}

void page_title(struct page *page, const char *en, const char *ko, ...)
{
    va_list arguments;
    va_start(arguments, ko);
    heading(page, "# ", vformat(page, page_word(page, en, ko), arguments));
    va_end(arguments);
}

void page_heading(struct page *page, const char *en, const char *ko, ...)
{
    va_list arguments;
    va_start(arguments, ko);
    heading(page, "## ", vformat(page, page_word(page, en, ko), arguments));
    va_end(arguments);
}

static void paragraph(struct page *page, enum block block, enum tone tone, char *text)
{
    const char *strong = tone == TONE_STRONG ? "**" : "", *bullet = block == BLOCK_ITEM ? "- " : "";

    page_begin(page, block);
    if (page->style->markdown) {
        fprintf(page->out, "%s%s%s%s\n", bullet, strong, text, strong);
        return;
    }
    fprintf(page->out, "  %s", bullet);
    const unsigned indent = 2 + (unsigned)strlen(bullet);
    print_wrapped(page, tone, text, indent, indent);
}

void page_say(struct page *page, enum tone tone, const char *en, const char *ko, ...)
{
    va_list arguments;
    va_start(arguments, ko);
    paragraph(page, BLOCK_TEXT, tone, vformat(page, page_word(page, en, ko), arguments));
    va_end(arguments);
}

void page_item(struct page *page, enum tone tone, const char *en, const char *ko, ...)
{
    va_list arguments;
    va_start(arguments, ko);
    paragraph(page, BLOCK_ITEM, tone, vformat(page, page_word(page, en, ko), arguments));
    va_end(arguments);
}

void page_hang(struct page *page, const char *columns, const char *text)
{
    const unsigned indent = text_width(columns);
    fputs(columns, page->out);
    if (page->style->markdown) fprintf(page->out, "%s\n", text);
    else print_wrapped(page, TONE_PLAIN, arena_strdup(page->arena, text), indent, indent);
}

void page_code(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = vformat(page, format, arguments);
    va_end(arguments);
    page_begin(page, BLOCK_CODE);
    fprintf(page->out, page->style->markdown ? "```\n%s\n```\n" : "    %s\n", text);
}
