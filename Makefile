# SPDX-License-Identifier: GPL-3.0-or-later
# sim: build, run, test. `make help` lists the targets.
#
#   MODE=release|O3|asan|tsan   release builds into build/, the others into build/MODE/
#   CC=clang  WERROR=1 (not with sanitizers, where compilers see ghosts)  V=1  JOBS=2  PREFIX=/usr/local  DESTDIR=
#   MPI=1 builds build/mpi/sim, which mpirun spreads over processes and machines; the rest is the same program
#   TRAIN= builds without the training run: sooner done, and a fifth slower (docs/decisions/0013)
#   ROOMS='sim/engine models/kafka' builds and links these rooms only (a test of one part)
#
# Packages: .ci/packages names and gets what is missing before anything is compiled.

MODE    ?= release
ROOMS   ?= sim/engine models models/kafka models/redis models/mysql models/orders models/kubernetes \
           sim/scenario sim/results sim/foreign sim/lab sim plots
BUILD   ?= build$(if $(filter-out release,$(MODE)),/$(MODE))
PREFIX  ?= /usr/local
PYTHON  ?= /usr/bin/python3

SPEED_release := -O2
SPEED_O3      := -O3
SPEED_asan    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
SPEED_tsan    := -O1 -fno-omit-frame-pointer -fsanitize=thread
# The hot rooms are small files that call one another: gcc may look across them (a twentieth of the run), try harder than
# elsewhere (a fiftieth, for a larger program) and put larger functions in line: a record passes some twenty of them on
# its way (a thirtieth). The objects hold machine code as well, which is what tests link.
GNU_CC := $(shell $(CC) --version 2>/dev/null | grep -c 'Free Software')
HARDER := $(if $(and $(filter release,$(MODE)),$(filter-out 0,$(GNU_CC))),-O3 --param=max-inline-insns-auto=50)
ACROSS := $(if $(HARDER),-flto=auto -ffat-lto-objects $(HARDER))
# gcc lays the hot rooms out by what a run of the program counted in them: who is called, which way a branch goes.
TRAIN ?= $(if $(and $(ACROSS),$(filter sim,$(ROOMS))),yes)
$(if $(SPEED_$(MODE)),,$(error MODE is "$(MODE)"; it may be release, O3, asan or tsan))

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wdouble-promotion -Wvla
CFLAGS   ?=
CPPFLAGS ?=
LDFLAGS  ?=
COMPILE   = $(CC) -std=gnu11 -I. -I$(BUILD)/generated $(CPPFLAGS) $(SPEED_$(MODE)) -g -ffp-contract=off -pthread \
            $(WARNINGS) $(if $(and $(WERROR),$(filter release O3,$(MODE))),-Werror) $(CFLAGS)
LINK      = $(CC) $(SPEED_$(MODE)) -g -pthread $(LDFLAGS)
# Without it the linker's plugin would look across the rooms again for each test: 17 s instead of 0.2.
LINK_TEST = $(LINK) $(if $(ACROSS),-fno-lto)
LIBS     ?= -lgsl -lgslcblas -lcjson -lsqlite3 -lm

SOURCES := $(sort $(wildcard $(addsuffix /*.c,$(ROOMS))))
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)
PARTS   := $(filter-out $(BUILD)/obj/sim/main.o,$(OBJECTS))
# Each tests/KIND/test_*.c is a program of its own; it gets the parts it names, and what stands in tests/support.
TESTS   := $(sort $(wildcard tests/*/test_*.c))
TESTS_BUILT := $(addprefix $(BUILD)/test/,$(notdir $(TESTS:.c=)))
SUPPORT := $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard tests/support/*.c)))
# Runners that need no compiler: each prints its own closing line.
RUNNERS := $(sort $(wildcard tests/*.sh tests/*.py))
REPORT  := scenarios/report-2025-12-24.json

# The same commit has the same version, whatever tags or depth a clone has.
ifndef VERSION_TEXT
VERSION_TEXT := $(shell cat VERSION)$(shell [ -z "$$(git rev-parse --show-prefix 2>&1)" ] && \
                git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null | sed 's/^/-/')
endif

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif
say = $(if $(V),@:,@printf '%-6s %s\n')
q   = $(if $(V),,@)

.PHONY: all run test check bench plots install clean help soak conformance force packages-build packages-mpi check-quick \
        check-asan check-tsan check-determinism check-calibrate tests-built
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)$(if $(MPI),/mpi)/sim ## build the program, build/sim (default)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | while IFS='	' read -r a b; do printf '  %-18s %s\n' "$$a" "$$b"; done

# ---- programs ----

$(BUILD)/sim: $(OBJECTS)
	$(say) LINK $@
	$(q)$(LINK) $(ACROSS) -o $@ $(OBJECTS) $(LIBS)

# All of MPI is in one file; mpicc says what that file and the program need.
MPICC ?= mpicc
$(BUILD)/mpi/sim: $(filter-out %/sim/lab/ranks.o,$(OBJECTS)) $(BUILD)/obj/mpi/ranks.o
	$(say) LINK $@
	@mkdir -p $(@D)
	$(q)$(LINK) $(ACROSS) -o $@ $^ $(LIBS) $$($(MPICC) --showme:link)

$(BUILD)/obj/mpi/ranks.o: sim/lab/ranks.c $(BUILD)/flags | packages-mpi $(BUILD)/generated/sim/version.h
	$(say) CC '$< (MPI)'
	@mkdir -p $(@D)
	$(q)$(COMPILE) -DSIM_MPI $$($(MPICC) --showme:compile | sed 's/-I/-isystem /g') -MMD -MP -c -o $@ $<

packages-mpi:
	@CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' .ci/packages mpi

# Counts are looked up by a name that both compilations of a file give, COUNTS; what no training run reaches is compiled
# as ever. Warnings have been seen when the same file was compiled with counters.
HOT_OBJECTS := $(filter $(BUILD)/obj/models/% $(BUILD)/obj/sim/engine/%,$(OBJECTS))
COUNTS = -dumpbase $(BUILD)/train/counts/$(basename $<) -MF $(basename $@).d
LEARNT = $(if $(TRAIN),-fprofile-use $(COUNTS) -fprofile-partial-training -Wno-error -w)
$(HOT_OBJECTS): private ROOM_FLAGS = $(ACROSS) $(LEARNT)
$(if $(TRAIN),$(HOT_OBJECTS): $(BUILD)/train/done)
$(BUILD)/obj/%.o: %.c $(BUILD)/flags | packages-build $(BUILD)/generated/sim/version.h
	$(say) CC $<
	@mkdir -p $(@D)
	$(q)$(COMPILE) $(ROOM_FLAGS) -MMD -MP -c -o $@ $<

# ---- the training run: the hot rooms as counters see them, and the scenarios that they play ----

TRAINED := $(HOT_OBJECTS:$(BUILD)/obj/%=$(BUILD)/train/obj/%)
$(TRAINED): $(BUILD)/train/obj/%.o: %.c $(BUILD)/flags | packages-build $(BUILD)/generated/sim/version.h
	$(say) COUNT $<
	@mkdir -p $(@D)
	$(q)$(COMPILE) $(HARDER) -fprofile-generate -fprofile-update=single $(COUNTS) -MMD -MP -c -o $@ $<

$(BUILD)/train/sim: $(TRAINED) $(filter-out $(HOT_OBJECTS),$(OBJECTS))
	$(say) LINK $@
	$(q)$(LINK_TEST) -fprofile-generate -o $@ $^ $(LIBS)

$(BUILD)/train/done: $(BUILD)/train/sim bench/train
	$(say) TRAIN $<
	@rm -rf $(BUILD)/train/counts
	$(q)bench/train $< >$@.log 2>&1 || { cat $@.log >&2; exit 1; }
	@touch $@

# These files are in it; no compiler says so.
$(BUILD)/obj/sim/scenario/schema.o: scenarios/scenario.schema.json scenarios/skeleton.json
$(BUILD)/obj/sim/foreign/init_pipeline.o: sim/foreign/usual_pipeline.json

# Written anew only when their text changes, so that they can be prerequisites.
FLAGS = $(COMPILE) $(ACROSS) $(LEARNT)
$(BUILD)/flags: force
	@mkdir -p $(@D); printf '%s\n' '$(FLAGS)' | cmp -s - $@ || printf '%s\n' '$(FLAGS)' >$@

$(BUILD)/generated/sim/version.h: force
	@mkdir -p $(@D); echo '#define SIM_VERSION "$(VERSION_TEXT)"' | cmp -s - $@ || \
	echo '#define SIM_VERSION "$(VERSION_TEXT)"' >$@

packages-build:
	@CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' .ci/packages build

# ---- run ----

run: ## build, run the report's scenario (20 replications) into build/report/
	@.ci/packages build run
	@$(MAKE) --no-print-directory all
	@$(BUILD)/sim run $(REPORT) --replications 20 --out build/report --plots --force; code=$$?; \
	case $$code in 0|99) ;; *) exit $$code ;; esac; \
	echo; echo "Files in build/report/, pictures in build/report/plots/."; \
	if [ $$code = 99 ]; then echo "The report's targets are missed: that is the finding of this run, not an error."; fi

plots: ## draw build/report/ again from its files
	@.ci/packages run
	@$(MAKE) --no-print-directory all
	@$(BUILD)/sim plot build/report --force

# ---- tests ----

$(BUILD)/parts.a: $(PARTS)
$(BUILD)/support.a: $(SUPPORT)
$(BUILD)/parts.a $(BUILD)/support.a:
	@rm -f $@
	$(q)$(AR) rcs $@.new $^ && mv $@.new $@

define test_program
$(BUILD)/test/$(basename $(notdir $(1))): $(BUILD)/obj/$(1:.c=.o) $(BUILD)/support.a $(BUILD)/parts.a
	$$(say) LINK $$@
	@mkdir -p $$(@D)
	$$(q)$$(LINK_TEST) -o $$@ $$^ -lcmocka $(LIBS)
endef
$(foreach t,$(TESTS),$(eval $(call test_program,$(t))))

tests-built: $(TESTS_BUILT)

test: ## build and run every test that needs no server
	@PYTHON=$(PYTHON) .ci/packages build run test mpi
	@$(MAKE) --no-print-directory all $(BUILD)/mpi/sim tests-built $(BUILD)/bench/reference
	@BUILD=$(BUILD) PYTHON=$(PYTHON) tests/support/run-tests $(TESTS_BUILT) $(RUNNERS)

check: ## sanitizers, layering, bad input, determinism
	@$(MAKE) --no-print-directory check-asan
	@$(MAKE) --no-print-directory check-tsan
	@$(MAKE) --no-print-directory check-determinism

check-quick: ## the cheap part of check: unit tests, bad input, foreign files and a short run under ASan and UBSan
	@$(MAKE) --no-print-directory check-asan

check-asan:
	@PYTHON=$(PYTHON) .ci/packages build test
	@$(MAKE) --no-print-directory MODE=asan all tests-built
	@BUILD=build/asan PYTHON=$(PYTHON) REPLICATIONS=3 tests/support/run-tests \
	    $(addprefix build/asan/test/,$(basename $(notdir $(wildcard tests/unit/test_*.c)))) \
	    $(wildcard tests/layering.sh tests/bad_input.sh tests/bad_foreign.sh tests/foreign.sh tests/cli.sh tests/scenarios.sh)

check-tsan:
	@$(MAKE) --no-print-directory MODE=tsan all
	@BUILD=build/tsan PYTHON=$(PYTHON) tests/support/run-tests tests/scenarios.sh

check-determinism:
	@.ci/packages build check
	@$(MAKE) --no-print-directory all
	@WIDE=1 tests/support/run-tests tests/determinism.sh

check-calibrate: all ## the report fitted without a hint; 20 random pipelines with known times, 20 with known record sizes (COUNT=20 FIRST=1)
	@BUILD=$(BUILD) $(PYTHON) tests/calibrate.py --report
	@BUILD=$(BUILD) $(PYTHON) tests/calibrate.py --many $(or $(COUNT),20) $(or $(FIRST),1)
	@BUILD=$(BUILD) $(PYTHON) tests/calibrate.py --sizes $(or $(COUNT),20) $(or $(FIRST),1)

soak: ## many seeds of every scenario under ASan and UBSan (SEEDS=200), long searches (RUNS=100000)
	@$(MAKE) --no-print-directory MODE=asan all
	@$(MAKE) --no-print-directory MODE=release all
	@BUILD=build SEEDS=$(or $(SEEDS),200) RUNS=$(or $(RUNS),100000) PYTHON=$(PYTHON) tests/support/soak build/asan/sim

# Programs that play the models against the real servers: each is linked with the client library it needs.
CONFORMANCE := redis_lock mariadb_rows librdkafka_groups
CLIENT_redis_lock        := -lhiredis
CLIENT_mariadb_rows      := -lmariadb
CLIENT_librdkafka_groups := -lrdkafka
$(BUILD)/conformance_%: $(BUILD)/obj/tests/conformance/%.o $(BUILD)/parts.a
	$(say) LINK $@
	$(q)$(LINK_TEST) -o $@ $^ $(CLIENT_$*) $(LIBS)

conformance: ## the models of locks, rows and groups against Redis, MariaDB and librdkafka (TENTH=1: a tenth of it)
	@.ci/packages build conformance
	@$(MAKE) --no-print-directory $(addprefix $(BUILD)/conformance_,$(CONFORMANCE))
	@tests/conformance/run $(BUILD) $(TENTH)

# ---- speed ----

$(BUILD)/bench/reference: $(BUILD)/obj/bench/reference.o $(BUILD)/obj/bench/plain_maxplus.o \
                          $(BUILD)/obj/bench/plain_loop.o $(BUILD)/obj/bench/variates.o
$(BUILD)/bench/bench: $(BUILD)/obj/bench/bench.o
$(BUILD)/bench/%:
	$(say) LINK $@
	@mkdir -p $(@D)
	$(q)$(LINK) -o $@ $^ -lm

bench: ## orders/s, events/s, bytes/order, ratio to two reference loops
	@$(MAKE) --no-print-directory all $(BUILD)/bench/reference $(BUILD)/bench/bench
	@$(BUILD)/bench/bench $(BUILD)

# ---- the rest ----

install: all ## install the program, its schema and its scenarios under PREFIX
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/sim/scenarios' \
	    '$(DESTDIR)$(PREFIX)/share/doc/sim/docs/decisions'
	install -m 755 $(BUILD)/sim '$(DESTDIR)$(PREFIX)/bin/sim'
	install -m 644 $(wildcard scenarios/*.json scenarios/README.md) '$(DESTDIR)$(PREFIX)/share/sim/scenarios'
	install -d '$(DESTDIR)$(PREFIX)/share/sim/scenarios/variants' '$(DESTDIR)$(PREFIX)/share/sim/scenarios/measured'
	install -m 644 $(wildcard scenarios/variants/*.json) '$(DESTDIR)$(PREFIX)/share/sim/scenarios/variants'
	install -m 644 $(wildcard scenarios/measured/*.csv) '$(DESTDIR)$(PREFIX)/share/sim/scenarios/measured'
	install -m 644 README.md LICENSE '$(DESTDIR)$(PREFIX)/share/doc/sim'
	install -m 644 $(wildcard docs/*.md docs/*.png) '$(DESTDIR)$(PREFIX)/share/doc/sim/docs'
	install -m 644 $(wildcard docs/decisions/*.md) '$(DESTDIR)$(PREFIX)/share/doc/sim/docs/decisions'

clean: ## remove build/
	rm -rf build

-include $(wildcard $(OBJECTS:.o=.d) $(TRAINED:.o=.d) $(patsubst %.c,$(BUILD)/obj/%.d,$(TESTS) $(wildcard tests/support/*.c tests/conformance/*.c bench/*.c)))
