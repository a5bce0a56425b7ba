/* SPDX-License-Identifier: GPL-3.0-or-later
 * fork and exec, because the child has to change its folder and let the signals through that we may hold back. No other
 * thread runs by now. */
#include "plots/gnuplot.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CODE_MISSING = 127, CODE_NOT_STARTED = 126, COMPLAINT_BYTES = 512 };

void gnuplot_quote(const char *text, FILE *script)
{
    fputc('\'', script);
    for (; *text; text++) {
        if (*text == '\'') fputc('\'', script);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, script);
    }
    fputc('\'', script);
}

static void become_gnuplot(const char *folder, const char *script, int drawing, int complaints)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (chdir(folder) != 0 || dup2(drawing, STDOUT_FILENO) < 0 || dup2(complaints, STDERR_FILENO) < 0)
        _exit(CODE_NOT_STARTED);
    execlp("gnuplot", "gnuplot", "-d", script, (char *)NULL); /* -d: no settings of the user's own */
    _exit(errno == ENOENT ? CODE_MISSING : CODE_NOT_STARTED);
}

/* What a process says when it fails: gnuplot's own errors name the line of the script, below an echo of it; a loader or
 * a wrapper names none, and then the last line is the reason. */
struct complaint { char text[COMPLAINT_BYTES], line[COMPLAINT_BYTES]; size_t length; bool over; };

static void complaint_end_line(struct complaint *complaint)
{
    complaint->line[complaint->length] = '\0';
    if (complaint->length > 0 && !complaint->over) {
        memcpy(complaint->text, complaint->line, complaint->length + 1);
        complaint->over = strstr(complaint->text, "line ") != NULL;
    }
    complaint->length = 0;
}

static void complaint_add(struct complaint *complaint, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n') complaint_end_line(complaint);
        else if ((text[i] != ' ' || complaint->length > 0) && complaint->length < COMPLAINT_BYTES - 1)
            complaint->line[complaint->length++] = text[i];
    }
}

/* What it draws in characters fills a page: feeds, empty lines above and below, blanks up to its edge. Only what is
 * seen goes on. A colour waits for something to be coloured. */
struct page {
    char colour[32]; /* escape sequence that has not been printed */
    size_t colour_length;
    bool in_colour, begun;
    unsigned line_ends, blanks;
};

static void page_colour(struct page *page, char c)
{
    if (!page->in_colour) page->colour_length = 0;
    if (page->colour_length < sizeof page->colour) page->colour[page->colour_length++] = c;
    page->in_colour = c != 'm';
}

static void page_character(struct page *page, char c)
{
    for (; page->line_ends > 0; page->line_ends--)
        if (page->begun) putchar('\n');
    for (; page->blanks > 0; page->blanks--) putchar(' ');
    fwrite(page->colour, 1, page->colour_length, stdout);
    page->colour_length = 0;
    putchar(c);
    page->begun = true;
}

static void page_add(struct page *page, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (page->in_colour || text[i] == '\033') page_colour(page, text[i]);
        else if (text[i] == '\n') page->line_ends++, page->blanks = 0;
        else if (text[i] == ' ') page->blanks++;
        else if (text[i] != '\f') page_character(page, text[i]);
    }
}

static void page_end(struct page *page)
{
    fwrite(page->colour, 1, page->colour_length, stdout);
    if (page->begun) putchar('\n');
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until the other ends are closed; false: they were not by then. gnuplot does not notice that what it writes gets
 * lost; our own output does. */
static bool read_both(int drawing, int complaints, int64_t until_ms, struct complaint *complaint)
{
    struct pollfd end[] = { { .fd = drawing, .events = POLLIN }, { .fd = complaints, .events = POLLIN } };
    struct page page = { 0 };
    char buffer[4096];
    while (end[0].fd >= 0 || end[1].fd >= 0) {
        const int64_t left_ms = until_ms - now_ms();
        if (left_ms <= 0) return false;
        if (poll(end, 2, (int)left_ms) < 0 && errno != EINTR) break;
        for (int i = 0; i < 2; i++) {
            if (end[i].fd < 0 || end[i].revents == 0) continue;
            const ssize_t n = read(end[i].fd, buffer, sizeof buffer);
            if (n > 0 && i == 0) page_add(&page, buffer, (size_t)n);
            else if (n > 0) complaint_add(complaint, buffer, (size_t)n);
            else if (n == 0 || errno != EINTR) end[i].fd = -1; /* poll passes over it */
        }
    }
    complaint_end_line(complaint);
    page_end(&page);
    return true;
}

static enum gnuplot_end end_of(int status, const char *script, const char *complaint, struct sim_err *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return GNUPLOT_OK;
    /* A loader that lacks a library ends with the same code, and says so; our own child says nothing. */
    if (WIFEXITED(status) && WEXITSTATUS(status) == CODE_MISSING && !*complaint) return GNUPLOT_MISSING;
    if (WIFSIGNALED(status)) {
        sim_fail(err, SIM_ERUNTIME, script, "gnuplot was ended by signal %d", WTERMSIG(status));
    } else {
        sim_fail(err, SIM_ERUNTIME, script, "gnuplot failed: %s", *complaint ? complaint : "it does not say why");
    }
    return GNUPLOT_FAILED;
}

static bool open_pipes(int drawing[2], int complaints[2])
{
    if (pipe(drawing) != 0) return false;
    if (pipe(complaints) == 0) return true;
    const int why = errno;
    close(drawing[0]);
    close(drawing[1]);
    errno = why;
    return false;
}

/* Reads the rest of what the child says, and its end, or makes one. */
static enum gnuplot_end see_off(pid_t child, int drawing, int complaints, const char *script, int limit_s,
                                struct sim_err *err)
{
    struct complaint complaint = { 0 };
    int status = 0;
    const bool in_time = read_both(drawing, complaints, now_ms() + 1000LL * limit_s, &complaint);
    if (!in_time) kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (in_time) return end_of(status, script, complaint.text, err);
    sim_fail(err, SIM_ERUNTIME, script, "gnuplot was not done after %d s and was ended; does gnuplot -V answer?",
             limit_s);
    return GNUPLOT_HUNG;
}

enum gnuplot_end gnuplot_run(const char *folder, const char *script, int limit_s, struct sim_err *err)
{
    int drawing[2], complaints[2];
    enum gnuplot_end end = GNUPLOT_FAILED;
    fflush(NULL); /* what we have written comes before what gnuplot writes, and only once */
    if (!open_pipes(drawing, complaints))
        return sim_fail(err, SIM_ERUNTIME, script, "no pipe to gnuplot: %s", strerror(errno)), GNUPLOT_FAILED;
    pid_t child = fork();
    if (child == 0) {
        close(drawing[0]);
        close(complaints[0]);
        become_gnuplot(folder, script, drawing[1], complaints[1]);
    }
    close(drawing[1]);
    close(complaints[1]);
    if (child > 0) end = see_off(child, drawing[0], complaints[0], script, limit_s, err);
    else sim_fail(err, SIM_ERUNTIME, script, "gnuplot cannot be started: %s", strerror(errno));
    close(drawing[0]);
    close(complaints[0]);
    return end;
}
