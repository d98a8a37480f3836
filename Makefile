# SPDX-License-Identifier: GPL-2.0
#
# The front of the project: each target is a script in scripts/, which explains
# itself with --help. Only what a person types stands here.

# Given on the command line, taken by the scripts from the environment
export BASE QEMU KERNEL INPUT PLAINTEXT HOST

# make faults, make mutants
ROUNDS ?= 20
SEED ?= 1

S := scripts

help:
	@echo 'mmc-crypto: inline encryption for eMMC, on Linux 5.10'
	@echo
	@echo '  make run          encrypt files on a virtual eMMC, prove it on the raw card'
	@echo '  make check        run the tests'
	@echo '  make check-full   all there is: 200 rounds, all mutants, each commit, a package (half a day)'
	@echo '  make faults       ROUNDS=n rounds of I/O while things go wrong, from SEED=s on'
	@echo '  make mutants      break the series line by line: each has to be noticed'
	@echo '  make bench        what inline encryption costs, beside what else there is'
	@echo '  make lint         what checkpatch and others say of the tip; FULL=1: of each commit'
	@echo '  make shell        a shell in the guest, with the card of the last run'
	@echo
	@echo '  make tree         out/tree: a git tree of the base and the series'
	@echo '  make refresh      write the series back from out/tree'
	@echo '  make series       out/series: the patches as they are mailed'
	@echo '  make quilt        out/quilt: the same for a folder like debian/patches'
	@echo '  make releases     to which other releases of 5.10 it applies, and whether it builds there'
	@echo '  make layout       what it does to structures that modules know, as a table'
	@echo '  make deb          a package of it, as Debian configures its kernel, and boot that (an hour or two)'
	@echo '  make kernel       build the patched kernel (VARIANT=stock|run|debug)'
	@echo '  make qemu         build the emulator with the virtual hardware'
	@echo '  make fetch        fetch and check the sources'
	@echo '  make deps         install the Debian packages that are needed'
	@echo
	@echo '  make menuconfig   configure what is built; make defconfig: the defaults'
	@echo '  make clean        remove what was built; make distclean: the cache too'
	@echo
	@echo '  INPUT=dir         the files to encrypt (run, shell; default: Documentation)'
	@echo '  KERNEL=path       a kernel tree, build folder, Image or package of your own (bench: no Image)'
	@echo '  HOST=pci          the host model that the card is on: pci or msm (bench: both if not given)'
	@echo '  ROUNDS=n SEED=s   how many rounds, and the seed of the first (faults)'
	@echo '  NO_QUEUE=y        on a card without a command queue (faults with HOST=msm)'
	@echo '  ONLY=name         one mutant; ROTATE=n three of them (mutants)'
	@echo '  PLAINTEXT=1       run without encryption: the proof must say FAIL'
	@echo '  BASE=path         a local Linux 5.10: tree, tarball or .deb'
	@echo '  QEMU=path         a local tarball of QEMU 10.0'

run shell:
	@$(S)/run $@

check:
	@$(S)/check

check-full:
	@$(S)/check --full

faults:
	@$(S)/faults --rounds $(ROUNDS) --seed $(SEED) $(if $(HOST),--host $(HOST)) $(if $(NO_QUEUE),--no-queue)

mutants:
	@$(S)/mutants $(addprefix --only ,$(ONLY)) $(if $(ROTATE),--rotate $(ROTATE))

bench:
	@$(S)/bench $(if $(HOST),--host $(HOST))

lint:
	@$(S)/lint $(if $(FULL),--full)

tree refresh series quilt releases deb: deps
	@$(S)/$@

layout:
	@$(S)/same-code --write

VARIANT ?= run
kernel: deps
	@$(S)/kernel $(VARIANT)

qemu: deps
	@tarball=$$($(S)/fetch qemu) && $(S)/qemu "$$tarball" out/qemu

fetch: deps
	@$(S)/fetch

deps:
	@$(S)/deps

menuconfig:
	@$(S)/deps menuconfig && $(S)/config $@

defconfig: deps
	@$(S)/config $@

clean:
	rm -rf out

distclean: clean
	rm -f .config .config.old
	@$(S)/fetch --forget

.PHONY: help run shell check check-full faults mutants bench lint tree refresh series quilt releases layout deb kernel qemu \
	fetch deps menuconfig defconfig clean distclean
