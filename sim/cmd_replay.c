/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim replay: plays a capsule again, compares the run with the trail that it keeps, instant by instant, and tells what
 * happened. A run that is not the same to the last fact is an error, and the first difference is named. */
#include <stdlib.h>
#include <string.h>

#include "models/invariant.h"
#include "sim/commands.h"
#include "sim/lab/capsule.h"
#include "sim/results/story_report.h"
#include "sim/scenario/finding.h"
#include "sim/version.h"

enum { TEXT_COLUMNS = 80 };

struct replaying {
    const struct options *options;
    struct capsule capsule;
    struct stand stand;
    struct story story;
    const struct run_facts *facts;
};

static bool read_capsule(struct replaying *replaying, struct arena *arena, struct sim_err *err)
{
    struct findings findings = { 0 };
    const char *file = replaying->options->operand;
    bool ok = capsule_read(&replaying->capsule, file, &findings, arena, err);
    if (ok) {
        ok = stand_open(&replaying->stand, &replaying->capsule.specimen, &findings, err);
        for (uint32_t i = 0; i < findings.n; i++) /* about the text inside */
            findings.finding[i] =
                (struct finding){ .pointer = arena_printf(arena, "/scenario%s", findings.finding[i].pointer),
                                  .message = findings.finding[i].message };
    }
    if (!ok && findings.n_all > 0) findings_print(&findings, file, stderr);
    return ok;
}

static const char *made_by(const struct capsule *capsule, struct arena *arena)
{
    if (strcmp(capsule->version, SIM_VERSION) == 0) return "";
    return arena_printf(arena,
                        "; the capsule is of sim %s, this is sim %s, and only the same version promises the "
                        "same run",
                        capsule->version, SIM_VERSION);
}

/* What the capsule says of the run as a whole: no fingerprint holds it. */
static bool compare_sums(const struct replaying *replaying, struct arena *arena, struct sim_err *err)
{
    const struct capsule *capsule = &replaying->capsule;
    const struct run_facts *facts = replaying->facts;
    char was[48], is[48];
    if (capsule->end_ns == facts->end_ns && capsule->events == facts->events &&
        capsule->orders == facts->orders.created)
        return true;
    return sim_fail(err, SIM_ERUNTIME, replaying->options->operand,
                    "the run is the same, but there it ends at %s after %llu events with %llu orders, here at %s after "
                    "%llu with %llu%s",
                    ns_format(capsule->end_ns, was, sizeof was), (unsigned long long)capsule->events,
                    (unsigned long long)capsule->orders, ns_format(facts->end_ns, is, sizeof is),
                    (unsigned long long)facts->events, (unsigned long long)facts->orders.created,
                    made_by(capsule, arena));
}

/* Where this run first differs from the one in the capsule. */
static bool compare(const struct replaying *replaying, struct arena *arena, struct sim_err *err)
{
    const struct capsule *capsule = &replaying->capsule;
    const struct story *story = &replaying->story;
    const char *file = replaying->options->operand, *versions = made_by(capsule, arena);
    char was[48], is[48];
    for (uint32_t i = 0; i < capsule->n_steps && i < story->n_steps; i++) {
        const struct trail_step *then = &capsule->trail[i], *now = &story->trail[i];
        if (then->at_ns == now->at_ns && then->fingerprint == now->fingerprint) continue;
        return sim_fail(err, SIM_ERUNTIME, file,
                        "the replay diverges at step %u of its trail: there %s, fingerprint %016llx; here %s, "
                        "fingerprint %016llx%s",
                        i + 1, ns_format(then->at_ns, was, sizeof was), (unsigned long long)then->fingerprint,
                        ns_format(now->at_ns, is, sizeof is), (unsigned long long)now->fingerprint, versions);
    }
    if (capsule->n_steps != story->n_steps)
        return sim_fail(err, SIM_ERUNTIME, file,
                        "the replay diverges after step %u of its trail: there it has %u "
                        "steps, here %u%s",
                        capsule->n_steps < story->n_steps ? capsule->n_steps : story->n_steps, capsule->n_steps,
                        story->n_steps, versions);
    if (capsule->fingerprint != replaying->facts->fingerprint)
        return sim_fail(err, SIM_ERUNTIME, file,
                        "the replay diverges behind its trail: fingerprint %016llx there, "
                        "%016llx here%s",
                        (unsigned long long)capsule->fingerprint, (unsigned long long)replaying->facts->fingerprint,
                        versions);
    return compare_sums(replaying, arena, err);
}

static const struct invariant_facts *broken_one(const struct replaying *replaying)
{
    const struct run_facts *facts = replaying->facts;
    for (uint32_t i = 0; i < facts->n_invariants; i++)
        if (strcmp(facts->invariant[i].name, replaying->capsule.invariant) == 0) return &facts->invariant[i];
    return NULL;
}

/* The same facts are judged alike: a difference is one of the program, or of somebody's pen. */
static bool judge(const struct replaying *replaying, const struct invariant_facts *broken, struct arena *arena,
                  struct sim_err *err)
{
    const struct capsule *capsule = &replaying->capsule;
    const char *file = replaying->options->operand, *versions = made_by(capsule, arena);
    char was[48], is[48];
    if (!broken || broken->verdict != VERDICT_BROKEN)
        return sim_fail(err, SIM_ERUNTIME, file, "the run is the same, but %s is not broken in it%s",
                        capsule->invariant, versions);
    if (broken->first_at_ns == capsule->broken_at_ns && broken->first_order_id == capsule->broken_order_id) {
        const bool words_count = *versions == '\0' && capsule->broken_what; /* another version has words of its own */
        if (!words_count || strcmp(capsule->broken_what, broken->first_what) == 0) return true;
        return sim_fail(err, SIM_ERUNTIME, file, "the run is the same, but of %s it is said there: %.60s; here: %.60s",
                        capsule->invariant, capsule->broken_what, broken->first_what);
    }
    return sim_fail(err, SIM_ERUNTIME, file,
                    "the run is the same, but %s is broken first there at %s, order %llu, here at %s, order %llu%s",
                    capsule->invariant, ns_format(capsule->broken_at_ns, was, sizeof was),
                    (unsigned long long)capsule->broken_order_id, ns_format(broken->first_at_ns, is, sizeof is),
                    (unsigned long long)broken->first_order_id, versions);
}

static void print(const struct replaying *replaying, const struct invariant_facts *broken)
{
    const struct options *options = replaying->options;
    const struct replayed replayed = {
        options->operand,        replaying->capsule.version, replaying->capsule.specimen.seed,
        &replaying->stand.study, replaying->facts,           broken,
        &replaying->story
    };
    const struct text_style style = { options->language, use_colour(options), options->format == FORMAT_MARKDOWN,
                                      TEXT_COLUMNS };
    if (options->format == FORMAT_JSON) story_json(&replayed, stdout);
    else story_write(&replayed, &style, stdout);
}

static int replay(struct replaying *replaying, struct arena *arena, struct sim_err *err)
{
    if (!read_capsule(replaying, arena, err)) return (int)err->code;
    story_init(&replaying->story, replaying->capsule.order_id, replaying->capsule.n_orders, arena);
    replaying->facts = stand_run(&replaying->stand, &replaying->capsule.specimen, &replaying->story, err);
    if (!replaying->facts || !compare(replaying, arena, err)) return (int)err->code;
    const struct invariant_facts *broken = broken_one(replaying);
    if (!judge(replaying, broken, arena, err)) return (int)err->code;
    print(replaying, broken);
    return 4;
}

int cmd_replay(const struct options *options, struct arena *arena, struct sim_err *err)
{
    struct replaying *replaying = arena_new(arena, struct replaying);
    replaying->options = options;
    const int code = replay(replaying, arena, err);
    stand_fini(&replaying->stand);
    return code;
}
