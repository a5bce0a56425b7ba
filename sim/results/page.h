/* SPDX-License-Identifier: GPL-3.0-or-later
 * A page of text for people: paragraphs wrapped at the style's width, headings, and tables (grid.h), in English or
 * Korean, as plain text or Markdown. Both languages stand beside one another where they are used, so that the compiler
 * checks both against the arguments and nobody forgets one; where Korean wants another order it says %2$s.
 *
 * Width is what a terminal shows: Hangul and other wide characters take two columns. */
#ifndef SIM_RESULTS_PAGE_H
#define SIM_RESULTS_PAGE_H

#include "sim/engine/arena.h"
#include "sim/results/result.h"

enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_STRONG, TONE_FAINT };

enum block { BLOCK_NONE, BLOCK_HEADING, BLOCK_TEXT, BLOCK_ITEM, BLOCK_TABLE, BLOCK_CODE };

struct page {
    FILE *out;
    const struct text_style *style;
    struct arena *arena;  /* of the texts on it */
    enum block last;      /* what stands above */
};

#define SAYS(english, arguments) \
    __attribute__((format(printf, english, arguments), format(printf, english + 1, arguments)))

void page_title(struct page *page, const char *en, const char *ko, ...) SAYS(2, 4);
void page_heading(struct page *page, const char *en, const char *ko, ...) SAYS(2, 4);
/* A paragraph, indented in text. */
void page_say(struct page *page, enum tone tone, const char *en, const char *ko, ...) SAYS(3, 5);
/* One item of a list. */
void page_item(struct page *page, enum tone tone, const char *en, const char *ko, ...) SAYS(3, 5);
/* As typed: a command. */
void page_code(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line of columns whose last one is a text: that is broken, and goes on below itself. */
void page_hang(struct page *page, const char *columns, const char *text);
/* An empty line between two things, where there would be none (Markdown has one between any two). */
void page_gap(struct page *page);
/* Called before anything is printed: what will stand there. */
void page_begin(struct page *page, enum block block);

/* The text of the page's language. */
const char *page_word(const struct page *page, const char *en, const char *ko);
/* Formatted into the page's arena. */
char *page_format(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text in a tone, for terminals with colour. */
void page_print(struct page *page, enum tone tone, const char *text);

/* Columns on a terminal. */
unsigned text_width(const char *utf8);

#endif
