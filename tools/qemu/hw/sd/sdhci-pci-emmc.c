/*
 * eMMC host on PCI: SDHCI with a command queue engine that encrypts
 *
 * To software this is the eMMC function of an Intel chip, so that a stock
 * sdhci-pci driver runs it: SDHCI in the first 256 bytes of BAR 0, CQHCI at
 * 0x200, the latency tolerance registers at 0x804, and what no Intel chip is
 * known to have, the keyslots at 0x1000. Real devices differ from it in their
 * subsystem id.
 *
 * Both controllers are models of their own; what stands here is what connects
 * them: the BAR, the interrupt, resets, and the power states.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/sd/cqhci.h"
#include "hw/sd/sdhci.h"
#include "migration/vmstate.h"
#include "sdhci-internal.h"

#define TYPE_SDHCI_PCI_EMMC "sdhci-pci-emmc"
OBJECT_DECLARE_SIMPLE_TYPE(SDHCIPCIEMMCState, SDHCI_PCI_EMMC)

#define EMMC_BAR_SIZE       (8 * KiB)
#define EMMC_CQHCI          0x200
#define EMMC_LTR            0x804   /* active, then idle */
#define EMMC_LTR_REGS       2
#define EMMC_POWER_HW_RESET BIT(4)
#define EMMC_PM_CAP         0x80

#define EMMC_DEVICE_ID      0x31cc  /* Gemini Lake: no direct commands */
#define EMMC_SUBSYSTEM_ID   0x4d43

struct SDHCIPCIEMMCState {
    SDHCIState sdhci;               /* begins with the PCIDevice */

    CQHCIState cqhci;
    MemoryRegion bar;
    uint32_t ltr[EMMC_LTR_REGS];
    bool hw_reset;                  /* the card's reset line is held */

    uint16_t device_id;
    uint16_t subsystem_vendor_id;
    uint16_t subsystem_id;
    bool dma64;
};

/* The host's side of the engine */

static void emmc_set_irq(void *opaque, bool level)
{
    SDHCIPCIEMMCState *s = opaque;

    sdhci_set_cqe_irq(&s->sdhci, level);
}

static void emmc_bus_error(void *opaque, CQHCIBusError error)
{
    static const uint16_t status[] = {
        [CQHCI_BUS_CMD_TIMEOUT] = SDHC_EIS_CMDTIMEOUT,
        [CQHCI_BUS_DATA_CRC] = SDHC_EIS_DATACRC,
        [CQHCI_BUS_DMA] = SDHC_EIS_ADMAERR,
    };
    SDHCIPCIEMMCState *s = opaque;

    sdhci_raise_error(&s->sdhci, status[error]);
}

static const CQHCIHostOps emmc_cqhci_ops = {
    .set_irq = emmc_set_irq,
    .bus_error = emmc_bus_error,
};

static void emmc_reset_all(SDHCIState *sdhci)
{
    SDHCIPCIEMMCState *s = container_of(sdhci, SDHCIPCIEMMCState, sdhci);

    cqhci_reset(&s->cqhci, CQHCI_RESET_SOFTWARE);
}

/* Intel drives the card's reset line by a bit of the power control register. */
static void emmc_power_control(SDHCIState *sdhci, uint8_t value)
{
    SDHCIPCIEMMCState *s = container_of(sdhci, SDHCIPCIEMMCState, sdhci);
    bool reset = value & EMMC_POWER_HW_RESET;

    if (s->hw_reset && !reset) {
        sdbus_hw_reset(&sdhci->sdbus);
    }
    s->hw_reset = reset;
}

/* What of the BAR belongs to neither controller */

static uint32_t *emmc_ltr(SDHCIPCIEMMCState *s, hwaddr addr, unsigned size)
{
    if (size == 4 && addr >= EMMC_LTR &&
        addr < EMMC_LTR + sizeof(s->ltr)) {
        return &s->ltr[(addr - EMMC_LTR) / 4];
    }
    qemu_log_mask(LOG_UNIMP, "sdhci-pci-emmc: no register at 0x%03"
                  HWADDR_PRIx ", %u bytes\n", addr, size);
    return NULL;
}

static uint64_t emmc_read(void *opaque, hwaddr addr, unsigned size)
{
    uint32_t *reg = emmc_ltr(opaque, addr, size);

    return reg ? *reg : 0;
}

static void emmc_write(void *opaque, hwaddr addr, uint64_t value,
                       unsigned size)
{
    uint32_t *reg = emmc_ltr(opaque, addr, size);

    if (reg) {
        *reg = value;
    }
}

static const MemoryRegionOps emmc_ops = {
    .read = emmc_read,
    .write = emmc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

/* Power: all but configuration space is lost between D3 and D0 */

static unsigned emmc_power_state(PCIDevice *dev)
{
    return pci_get_word(dev->config + EMMC_PM_CAP + PCI_PM_CTRL) &
           PCI_PM_CTRL_STATE_MASK;
}

static void emmc_config_write(PCIDevice *dev, uint32_t addr, uint32_t value,
                              int len)
{
    SDHCIPCIEMMCState *s = SDHCI_PCI_EMMC(dev);
    unsigned old = emmc_power_state(dev);
    unsigned new;

    pci_default_write_config(dev, addr, value, len);
    new = emmc_power_state(dev);
    if (!old && new) {
        cqhci_sleep(&s->cqhci);
    } else if (old && !new) {
        memset(s->ltr, 0, sizeof(s->ltr));
        sdhci_common_reset(DEVICE(dev));
        cqhci_reset(&s->cqhci, CQHCI_RESET_POWER);
    }
}

static void emmc_reset(DeviceState *dev)
{
    SDHCIPCIEMMCState *s = SDHCI_PCI_EMMC(dev);

    memset(s->ltr, 0, sizeof(s->ltr));
    sdhci_common_reset(dev);
    cqhci_reset(&s->cqhci, CQHCI_RESET_COLD);
}

static void emmc_map(SDHCIPCIEMMCState *s)
{
    uint32_t slots = EMMC_CQHCI + s->cqhci.array_ptr * 0x100;

    memory_region_init_io(&s->bar, OBJECT(s), &emmc_ops, s, "sdhci-pci-emmc",
                          MAX(EMMC_BAR_SIZE,
                              pow2ceil(slots + memory_region_size(
                                           &s->cqhci.slots_mmio))));
    memory_region_add_subregion(&s->bar, 0, &s->sdhci.iomem);
    memory_region_add_subregion(&s->bar, EMMC_CQHCI, &s->cqhci.mmio);
    if (s->cqhci.crypto && s->cqhci.register_keys) {
        memory_region_add_subregion(&s->bar, slots, &s->cqhci.slots_mmio);
    }
    pci_register_bar(PCI_DEVICE(s), 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->bar);
}

static bool emmc_init_pm(PCIDevice *dev, Error **errp)
{
    if (pci_pm_init(dev, EMMC_PM_CAP, errp) < 0) {
        return false;
    }
    pci_set_word(dev->config + EMMC_PM_CAP + PCI_PM_PMC, PCI_PM_CAP_VER_1_2);
    pci_set_word(dev->config + EMMC_PM_CAP + PCI_PM_CTRL,
                 PCI_PM_CTRL_NO_SOFT_RESET);
    pci_set_word(dev->wmask + EMMC_PM_CAP + PCI_PM_CTRL,
                 PCI_PM_CTRL_STATE_MASK);
    return true;
}

static void emmc_realize(PCIDevice *dev, Error **errp)
{
    ERRP_GUARD();
    SDHCIPCIEMMCState *s = SDHCI_PCI_EMMC(dev);
    CQHCIState *cqhci = &s->cqhci;

    /* 128-bit task descriptors hang on this: without it, there is no crypto */
    s->sdhci.capareg = FIELD_DP64(s->sdhci.capareg, SDHC_CAPAB, BUS64BIT,
                                  s->dma64);
    if (!cqhci->transfer_desc_size) {
        cqhci->transfer_desc_size = s->dma64 ? 12 : 8;
    }

    if (!emmc_init_pm(dev, errp)) {
        return;
    }
    sdhci_common_realize(&s->sdhci, errp);
    if (*errp) {
        return;
    }
    s->sdhci.reset_all = emmc_reset_all;
    s->sdhci.power_control = emmc_power_control;
    s->sdhci.dma_as = pci_get_address_space(dev);
    pci_config_set_interrupt_pin(dev->config, 1);
    s->sdhci.irq = pci_allocate_irq(dev);
    cqhci_attach(cqhci, &emmc_cqhci_ops, s, &s->sdhci.sdbus, s->sdhci.dma_as);
    if (!qdev_realize(DEVICE(cqhci), NULL, errp)) {
        qemu_free_irq(s->sdhci.irq);
        sdhci_common_unrealize(&s->sdhci);
        return;
    }

    pci_config_set_device_id(dev->config, s->device_id);
    pci_set_word(dev->config + PCI_SUBSYSTEM_VENDOR_ID,
                 s->subsystem_vendor_id);
    pci_set_word(dev->config + PCI_SUBSYSTEM_ID, s->subsystem_id);
    pci_config_set_prog_interface(dev->config, 0x01); /* does DMA */
    emmc_map(s);
}

static void emmc_exit(PCIDevice *dev)
{
    SDHCIPCIEMMCState *s = SDHCI_PCI_EMMC(dev);

    qdev_unrealize(DEVICE(&s->cqhci));
    qemu_free_irq(s->sdhci.irq);
    sdhci_common_unrealize(&s->sdhci);
}

static void emmc_init(Object *obj)
{
    SDHCIPCIEMMCState *s = SDHCI_PCI_EMMC(obj);

    sdhci_initfn(&s->sdhci);
    object_initialize_child(obj, "cqhci", &s->cqhci, TYPE_CQHCI);
    /* Counters, faults and set-up of the engine are the host's to its user. */
    qdev_alias_all_properties(DEVICE(&s->cqhci), obj);
}

static void emmc_finalize(Object *obj)
{
    sdhci_uninitfn(&SDHCI_PCI_EMMC(obj)->sdhci);
}

static const Property emmc_properties[] = {
    /* of the first member, so the offsets are right for the whole */
    DEFINE_SDHCI_COMMON_PROPERTIES(SDHCIState),
    DEFINE_PROP_UINT16("device-id", SDHCIPCIEMMCState, device_id,
                       EMMC_DEVICE_ID),
    DEFINE_PROP_UINT16("subsystem-vendor-id", SDHCIPCIEMMCState,
                       subsystem_vendor_id,
                       PCI_SUBVENDOR_ID_REDHAT_QUMRANET),
    DEFINE_PROP_UINT16("subsystem-id", SDHCIPCIEMMCState, subsystem_id,
                       EMMC_SUBSYSTEM_ID),
    DEFINE_PROP_BOOL("dma64", SDHCIPCIEMMCState, dma64, true),
};

static const VMStateDescription emmc_vmstate = {
    .name = TYPE_SDHCI_PCI_EMMC,
    .unmigratable = 1,
};

static void emmc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = emmc_realize;
    k->exit = emmc_exit;
    k->config_write = emmc_config_write;
    k->vendor_id = PCI_VENDOR_ID_INTEL;
    k->device_id = EMMC_DEVICE_ID;
    k->class_id = PCI_CLASS_SYSTEM_SDHCI;
    sdhci_common_class_init(klass, data);
    dc->desc = "eMMC host with CQHCI and inline encryption";
    dc->vmsd = &emmc_vmstate;
    device_class_set_legacy_reset(dc, emmc_reset);
    device_class_set_props(dc, emmc_properties);
}

static const TypeInfo emmc_types[] = {
    {
        .name = TYPE_SDHCI_PCI_EMMC,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(SDHCIPCIEMMCState),
        .instance_init = emmc_init,
        .instance_finalize = emmc_finalize,
        .class_init = emmc_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_CONVENTIONAL_PCI_DEVICE },
            { },
        },
    },
};

DEFINE_TYPES(emmc_types)
