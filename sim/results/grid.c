/* SPDX-License-Identifier: GPL-3.0-or-later
 * Cells are kept until the widths of all are known. */
#include "sim/results/grid.h"

#include <stdarg.h>
#include <string.h>

#include "sim/results/number.h"

enum { COLUMNS_MAX = 16, GAP = 2, INDENT = 2 };

struct cell { const char *text; enum tone tone; bool across; };

struct grid {
    struct page *page;
    uint32_t n_columns;
    struct { enum align align; const char *head; unsigned width; } column[COLUMNS_MAX]; /* width: of the cells */
    struct cell *cell;
    size_t n_cells, capacity;
};

struct grid *grid_open(struct page *page)
{
    struct grid *grid = arena_new(page->arena, struct grid);
    grid->page = page;
    return grid;
}

void grid_column(struct grid *grid, enum align align, const char *en, const char *ko)
{
    SIM_ASSERT(grid->n_columns < COLUMNS_MAX && grid->n_cells == 0);
    grid->column[grid->n_columns].align = align;
    grid->column[grid->n_columns].head = page_word(grid->page, en, ko);
    grid->n_columns++;
}

static void put(struct grid *grid, enum tone tone, bool across, const char *format, va_list arguments)
{
    char text[1024];

    if (grid->n_cells == grid->capacity) {
        grid->capacity = grid->capacity ? 2 * grid->capacity : 64;
        struct cell *wider = arena_array(grid->page->arena, struct cell, grid->capacity);
        if (grid->n_cells)
            memcpy(wider, grid->cell, grid->n_cells * sizeof *wider);
        grid->cell = wider;
    }
    vsnprintf(text, sizeof text, format, arguments);
    const uint32_t column = (uint32_t)(grid->n_cells % grid->n_columns);
    if (!across && text_width(text) > grid->column[column].width)
        grid->column[column].width = text_width(text);
    grid->cell[grid->n_cells++] = (struct cell){ arena_strdup(grid->page->arena, text), tone, across };
}

void grid_cell(struct grid *grid, enum tone tone, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put(grid, tone, false, format, arguments);
    va_end(arguments);
}

bool grid_mean(struct grid *grid, const char *path, const struct infer_mean *mean, uint32_t n_runs)
{
    const bool in_part = mean->n > 0 && mean->n < n_runs;
    char of[32] = "";
    if (in_part) snprintf(of, sizeof of, " (%u/%u)", (unsigned)mean->n, n_runs);
    const struct number at = number_of_metric(path, mean->mean), half = number_of_metric(path, mean->half_width);
    if (mean->n == 0)
        grid_cell(grid, TONE_FAINT, "-");
    else if (mean->n == 1 || !number_is_seen(half.s))
        grid_cell(grid, TONE_PLAIN, "%s%s", at.s, of);
    else
        grid_cell(grid, TONE_PLAIN, "%s ±%s%s", at.s, half.s, of);
    return in_part;
}

void grid_say_parts(struct page *page)
{
    page_say(page, TONE_BAD, "(k/n): the figure exists in k of n runs only; the mean is of these alone.",
             "(k/n): 실행 n회 중 k회에만 값이 있으며, 평균은 그 실행만의 것.");
}

void grid_verdict(struct grid *grid, bool good, const char *word)
{
    const char *mark = !grid->page->style->markdown ? "" : good ? "✅ " : "❌ ";
    grid_cell(grid, good ? TONE_GOOD : TONE_BAD, "%s%s", mark, word);
}

void grid_end_row(struct grid *grid)
{
    while (grid->n_cells % grid->n_columns)
        grid_cell(grid, TONE_PLAIN, "%s", "");
}

void grid_line(struct grid *grid, enum tone tone, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put(grid, tone, true, format, arguments);
    va_end(arguments);
    grid_end_row(grid);
}

bool grid_is_empty(const struct grid *grid) { return grid->n_cells == 0; }

/* ---- text ---- */

static void blanks(struct page *page, unsigned n) { fprintf(page->out, "%*s", (int)n, ""); }

/* Of a text that ends in blanks, to stand below others: how many. */
static unsigned blanks_behind(const char *text)
{
    unsigned n = 0;
    for (size_t length = strlen(text); length > n && text[length - 1 - n] == ' ';) n++;
    return n;
}

static void text_row(const struct grid *grid, const struct cell *cell)
{
    unsigned owed = INDENT; /* blanks go out before a text only, so that no line ends in any */

    for (uint32_t c = 0; c < grid->n_columns; c++) {
        const unsigned width = text_width(cell[c].text), column = grid->column[c].width;
        const unsigned pad = width < column ? column - width : 0;
        if (grid->column[c].align == ALIGN_RIGHT)
            owed += pad;
        char *text = arena_strdup(grid->page->arena, cell[c].text);
        const unsigned behind = blanks_behind(text);
        text[strlen(text) - behind] = '\0';
        if (*text) {
            blanks(grid->page, owed);
            page_print(grid->page, cell[c].tone, text);
            owed = 0;
        }
        owed += behind;
        if (grid->column[c].align == ALIGN_LEFT)
            owed += pad;
        owed += GAP;
    }
    fputc('\n', grid->page->out);
}

/* ---- heads: in one line, or, where a table would be wider than the page, folded as far as their words allow ---- */

/* Bytes of what stands together at the start of a head: up to a blank, which goes, or a hyphen, which stays. */
static size_t piece_of(const char *head)
{
    const size_t n = strcspn(head, " -");
    return n + (head[n] == '-');
}

static unsigned width_of(const char *text, size_t n)
{
    char piece[256];
    snprintf(piece, sizeof piece, "%.*s", (int)n, text);
    return text_width(piece);
}

static unsigned widest_piece(const char *head)
{
    unsigned widest = 0;
    for (size_t n; *head; head += n + (head[n] == ' ')) {
        n = piece_of(head);
        const unsigned width = width_of(head, n);
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* Bytes of a head that fit into a line of this width. */
static size_t line_of(const char *head, unsigned width)
{
    size_t fits = piece_of(head);
    while (head[fits]) {
        const size_t blank = head[fits] == ' ', more = fits + blank + piece_of(head + fits + blank);
        if (width_of(head, more) > width) break;
        fits = more;
    }
    return fits;
}

static bool is_too_wide(const struct grid *grid)
{
    const unsigned most = grid->page->style->width ? grid->page->style->width : 80;
    unsigned width = INDENT;
    for (uint32_t c = 0; c < grid->n_columns; c++) {
        const unsigned head = text_width(grid->column[c].head);
        width += (c > 0 ? GAP : 0) + (head > grid->column[c].width ? head : grid->column[c].width);
    }
    return width > most;
}

/* The columns become as wide as their heads need. */
static void fit_heads(struct grid *grid)
{
    const bool folded = is_too_wide(grid);
    for (uint32_t c = 0; c < grid->n_columns; c++) {
        const char *head = grid->column[c].head;
        const unsigned needed = folded ? widest_piece(head) : text_width(head);
        if (needed > grid->column[c].width) grid->column[c].width = needed;
    }
}

static uint32_t lines_of(const char *head, unsigned width)
{
    uint32_t n = 1;
    for (size_t fits; head[fits = line_of(head, width)]; head += fits + (head[fits] == ' ')) n++;
    return n;
}

/* The line of a head that stands there, with so many lines in all, its last at the bottom; "" above its first. */
static const char *head_line(const struct grid *grid, uint32_t column, uint32_t line, uint32_t n_lines)
{
    const char *head = grid->column[column].head;
    const unsigned width = grid->column[column].width;
    const uint32_t above = n_lines - lines_of(head, width);
    if (line < above) return "";
    for (uint32_t i = above; i < line; i++) {
        const size_t fits = line_of(head, width);
        head += fits + (head[fits] == ' ');
    }
    return page_format(grid->page, "%.*s", (int)line_of(head, width), head);
}

static void text_head(struct grid *grid)
{
    struct cell head[COLUMNS_MAX];
    uint32_t n_lines = 1;

    fit_heads(grid);
    for (uint32_t c = 0; c < grid->n_columns; c++) {
        const uint32_t n = lines_of(grid->column[c].head, grid->column[c].width);
        n_lines = n > n_lines ? n : n_lines;
    }
    for (uint32_t line = 0; line < n_lines; line++) {
        for (uint32_t c = 0; c < grid->n_columns; c++)
            head[c] = (struct cell){ head_line(grid, c, line, n_lines), TONE_FAINT, false };
        text_row(grid, head);
    }
}

/* ---- Markdown ---- */

static void markdown_text(struct page *page, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', page->out);
        fputc(*text, page->out);
    }
}

static void markdown_row(const struct grid *grid, const struct cell *cell)
{
    FILE *out = grid->page->out;

    fputc('|', out);
    for (uint32_t c = 0; c < grid->n_columns; c++) {
        const char *strong = cell[c].across || (cell[c].tone == TONE_STRONG && *cell[c].text) ? "**" : "";
        fprintf(out, " %s", strong);
        markdown_text(grid->page, cell[c].text + strspn(cell[c].text, " "));
        fprintf(out, "%s |", strong);
    }
    fputc('\n', out);
}

static void markdown_head(struct grid *grid)
{
    FILE *out = grid->page->out;

    fputc('|', out);
    for (uint32_t c = 0; c < grid->n_columns; c++)
        fprintf(out, " %s |", grid->column[c].head);
    fputs("\n|", out);
    for (uint32_t c = 0; c < grid->n_columns; c++)
        fputs(grid->column[c].align == ALIGN_RIGHT ? "---:|" : "---|", out);
    fputc('\n', out);
}

void grid_write(struct grid *grid)
{
    const bool markdown = grid->page->style->markdown;

    SIM_ASSERT(grid->n_cells % grid->n_columns == 0);
    page_begin(grid->page, BLOCK_TABLE);
    (markdown ? markdown_head : text_head)(grid);
    for (size_t i = 0; i < grid->n_cells; i += grid->n_columns)
        (markdown ? markdown_row : text_row)(grid, &grid->cell[i]);
}
