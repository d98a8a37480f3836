/*
 * CQHCI engine: registers, and what its parts share
 *
 * Registers and fields are named as the specification (JESD84-B51A and its
 * crypto extension) names them. Only hw/sd/cqhci*.c may include this.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_SD_CQHCI_INTERNAL_H
#define HW_SD_CQHCI_INTERNAL_H

#include "hw/registerfields.h"
#include "hw/sd/cqhci.h"

REG32(VER, 0x00)
REG32(CAP, 0x04)
    FIELD(CAP, ITCFVAL, 0, 10)
    FIELD(CAP, ITCFMUL, 12, 4)
    FIELD(CAP, CS, 28, 1)
REG32(CFG, 0x08)
    FIELD(CFG, EN, 0, 1)
    FIELD(CFG, CGE, 1, 1)
    FIELD(CFG, TDS128, 8, 1)
    FIELD(CFG, DCMD, 12, 1)
REG32(CTL, 0x0c)
    FIELD(CTL, HALT, 0, 1)
    FIELD(CTL, CLEAR_ALL, 8, 1)
REG32(IS, 0x10)
    FIELD(IS, HAC, 0, 1)
    FIELD(IS, TCC, 1, 1)
    FIELD(IS, RED, 2, 1)
    FIELD(IS, TCL, 3, 1)
    FIELD(IS, GCE, 4, 1)
    FIELD(IS, ICCE, 5, 1)
REG32(ISTE, 0x14)
REG32(ISGE, 0x18)
REG32(IC, 0x1c)
    FIELD(IC, ICTOVAL, 0, 7)
    FIELD(IC, ICTOVALWEN, 7, 1)
    FIELD(IC, ICCTH, 8, 5)
    FIELD(IC, ICCTHWEN, 15, 1)
    FIELD(IC, ICCTR, 16, 1)
    FIELD(IC, ICSB, 20, 1)
    FIELD(IC, ICEN, 31, 1)
REG32(TDLBA, 0x20)
REG32(TDLBAU, 0x24)
REG32(TDBR, 0x28)
REG32(TCN, 0x2c)
REG32(DQS, 0x30)
REG32(DPT, 0x34)
REG32(TCLR, 0x38)
REG32(TDPE, 0x3c)
REG32(SSC1, 0x40)
REG32(SSC2, 0x44)
REG32(CRDCT, 0x48)
REG32(RMEM, 0x50)
REG32(TERRI, 0x54)
    FIELD(TERRI, C_INDEX, 0, 6)
    FIELD(TERRI, C_TASK, 8, 5)
    FIELD(TERRI, C_VALID, 15, 1)
    FIELD(TERRI, D_INDEX, 16, 6)
    FIELD(TERRI, D_TASK, 24, 5)
    FIELD(TERRI, D_VALID, 31, 1)
REG32(CRI, 0x58)
REG32(CRA, 0x5c)
REG32(CCAP, 0x100)
    FIELD(CCAP, NUM_CAPS, 0, 8)
    FIELD(CCAP, NUM_CFGS, 8, 8)
    FIELD(CCAP, ARRAY_PTR, 24, 8)
REG32(CRYPTOCAP, 0x104)
    FIELD(CRYPTOCAP, ALGORITHM, 0, 8)
    FIELD(CRYPTOCAP, UNITS, 8, 8)
    FIELD(CRYPTOCAP, KEY_SIZE, 16, 8)

/* Words of CRYPTOCFG n */
#define CRYPTOCFG_KEY_WORDS     CQHCI_KEY_WORDS
#define CRYPTOCFG_CONFIG        16
    FIELD(CRYPTOCFG, UNIT, 0, 8)
    FIELD(CRYPTOCFG, CAP, 8, 8)
    FIELD(CRYPTOCFG, CFGE, 31, 1)
#define CRYPTOCFG_VENDOR        17

#define CQHCI_ALG_AES_XTS       0
#define CQHCI_KEY_128           1
#define CQHCI_KEY_256           3

/* Attributes that all descriptors begin with */
FIELD(DESC, VALID, 0, 1)
FIELD(DESC, END, 1, 1)
FIELD(DESC, INT, 2, 1)
FIELD(DESC, ACT, 3, 3)
#define DESC_ACT_NOP            0
#define DESC_ACT_TRANSFER       4
#define DESC_ACT_TASK           5
#define DESC_ACT_LINK           6

/* Task descriptor of a data task, lower half */
FIELD(TASK, FORCED, 6, 1)
FIELD(TASK, CONTEXT, 7, 4)
FIELD(TASK, TAG, 11, 1)
FIELD(TASK, READ, 12, 1)
FIELD(TASK, PRIORITY, 13, 1)
FIELD(TASK, QBAR, 14, 1)
FIELD(TASK, RELIABLE, 15, 1)
FIELD(TASK, COUNT, 16, 16)
FIELD(TASK, ADDRESS, 32, 32)

/* Task descriptor of a direct command, lower half */
FIELD(DCMD, INDEX, 16, 6)
FIELD(DCMD, TIMING, 22, 1)
FIELD(DCMD, RESPONSE, 23, 2)
FIELD(DCMD, ARGUMENT, 32, 32)
#define DCMD_RESPONSE_NONE      0
#define DCMD_RESPONSE_R2        1
#define DCMD_RESERVED           0xfe00bfc0ull
#define DCMD_TASK               31

/* Task descriptor, upper half */
FIELD(CRYPTO, DUN, 0, 32)
FIELD(CRYPTO, SLOT, 32, 8)
FIELD(CRYPTO, CE, 47, 1)
#define CRYPTO_RESERVED         0xffff7f0000000000ull

/* Transfer descriptor, first word */
FIELD(TRANSFER, LENGTH, 16, 16)
#define TRANSFER_RESERVED       0x0000ffc0u

#define CQHCI_BLOCK             512

typedef enum {
    CQHCI_CRYPTO_OK,
    CQHCI_CRYPTO_GCE,
    CQHCI_CRYPTO_ICCE,
} CQHCICryptoResult;

/* cqhci.c */
void cqhci_count(CQHCIState *s, CQHCIStat stat);
void cqhci_violation(CQHCIState *s, CQHCIStat stat, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);
bool cqhci_fault(CQHCIState *s, CQHCIFault fault);
bool cqhci_slot_in_flight(CQHCIState *s, unsigned slot);

/* cqhci-crypto.c */
extern const MemoryRegionOps cqhci_slots_ops;
bool cqhci_crypto_realize(CQHCIState *s, Error **errp);
void cqhci_crypto_unrealize(CQHCIState *s);
CQHCICryptoResult cqhci_crypto_check(CQHCIState *s, unsigned slot,
                                     uint32_t dun, uint64_t bytes);

/* cqhci-ledger.c; without a ledger (NULL) all of them do nothing */
CQHCILedger *cqhci_ledger_open(const char *path, Error **errp);
void cqhci_ledger_close(CQHCILedger *l);
void cqhci_ledger_units(CQHCILedger *l, const CQHCITaskReport *r,
                        const uint8_t *card_side);
void cqhci_ledger_task(CQHCILedger *l, const CQHCITaskReport *r);
void cqhci_ledger_slot(CQHCILedger *l, unsigned slot, const char *key,
                       bool enable, uint32_t unit, uint32_t cap);

#endif
