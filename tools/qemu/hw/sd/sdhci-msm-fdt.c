/*
 * Qualcomm's eMMC host: its nodes in the machine's device tree
 *
 * They are those of the bindings (mmc/sdhci-msm, firmware/qcom,scm and
 * clock/gpio-gate-clock), so that a kernel that knows nothing of QEMU binds its
 * drivers to them. "dt-ice" makes mistakes in what is said of the engine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/fdt.h"
#include "system/device_tree.h"
#include "sdhci-msm-internal.h"

/* Below 100 MHz software leaves the delay-locked loop alone. */
#define MSM_CLOCK_HZ    52000000

/* The pin's handle is that of the first GPIO controller there is. */
static uint32_t msm_gpio_phandle(void *fdt)
{
    g_auto(GStrv) paths = qemu_fdt_node_path(fdt, NULL, "arm,pl061",
                                             &error_fatal);

    return qemu_fdt_get_phandle(fdt, paths[0]);
}

static uint32_t msm_fdt_fixed_clock(void *fdt)
{
    static const char node[] = "/sdhci-msm-clock";
    uint32_t phandle = qemu_fdt_alloc_phandle(fdt);

    qemu_fdt_add_subnode(fdt, node);
    qemu_fdt_setprop_string(fdt, node, "compatible", "fixed-clock");
    qemu_fdt_setprop_cell(fdt, node, "#clock-cells", 0);
    qemu_fdt_setprop_cell(fdt, node, "clock-frequency", MSM_CLOCK_HZ);
    qemu_fdt_setprop_cell(fdt, node, "phandle", phandle);
    return phandle;
}

static uint32_t msm_fdt_gated_clock(void *fdt, const char *node,
                                    uint32_t parent, unsigned clock)
{
    uint32_t phandle = qemu_fdt_alloc_phandle(fdt);

    qemu_fdt_add_subnode(fdt, node);
    qemu_fdt_setprop_string(fdt, node, "compatible", "gpio-gate-clock");
    qemu_fdt_setprop_cell(fdt, node, "#clock-cells", 0);
    qemu_fdt_setprop_cell(fdt, node, "clocks", parent);
    qemu_fdt_setprop_cells(fdt, node, "enable-gpios", msm_gpio_phandle(fdt),
                           MSM_GPIO_PIN(clock), 0);
    qemu_fdt_setprop_cell(fdt, node, "phandle", phandle);
    return phandle;
}

static void msm_fdt_firmware(void *fdt)
{
    qemu_fdt_add_subnode(fdt, "/firmware");
    qemu_fdt_add_subnode(fdt, "/firmware/scm");
    qemu_fdt_setprop_string(fdt, "/firmware/scm", "compatible", "qcom,scm");
}

static void msm_fdt_host(SDHCIMSMState *s, void *fdt, PlatformBusDevice *bus,
                         const char *bus_node, int irq_start)
{
    static const char names[] = "hc\0cqhci\0ice";
    static const char names_without_ice[] = "hc\0cqhci";
    static const char irq_names[] = "hc_irq\0pwr_irq";
    static const char clock_names[] = "iface\0core\0ice";
    static const char clock_names_without_ice[] = "iface\0core";
    SysBusDevice *sbd = SYS_BUS_DEVICE(s);
    hwaddr hc = platform_bus_get_mmio_addr(bus, sbd, MSM_REGION_HC);
    hwaddr cqe = platform_bus_get_mmio_addr(bus, sbd, MSM_REGION_CQHCI);
    hwaddr ice = platform_bus_get_mmio_addr(bus, sbd, MSM_REGION_ICE);
    uint64_t cqe_size = memory_region_size(&s->cqe);
    uint64_t ice_size = MSM_ICE_SIZE;
    g_autofree char *node = g_strdup_printf("%s/mmc@%" HWADDR_PRIx, bus_node,
                                            hc);
    bool has_ice = strcmp(s->dt_ice, "absent");
    bool has_ice_clock = has_ice && strcmp(s->dt_ice, "no-clock");
    uint32_t fixed = msm_fdt_fixed_clock(fdt);
    uint32_t clocks[3];

    if (!strcmp(s->dt_ice, "zero-size")) {
        ice_size = 0;
    } else if (!strcmp(s->dt_ice, "overlap")) {
        ice = cqe + cqe_size / 2;
    }
    clocks[0] = cpu_to_be32(fixed);
    clocks[1] = cpu_to_be32(msm_fdt_gated_clock(fdt, "/sdhci-msm-core-clock",
                                                fixed, MSM_CLOCK_CORE));
    clocks[2] = cpu_to_be32(msm_fdt_gated_clock(fdt, "/sdhci-msm-ice-clock",
                                                fixed, MSM_CLOCK_ICE));

    qemu_fdt_add_subnode(fdt, node);
    qemu_fdt_setprop_string(fdt, node, "compatible", "qcom,sdhci-msm-v5");
    if (has_ice) {
        qemu_fdt_setprop_cells(fdt, node, "reg", hc, MSM_HC_SIZE, cqe,
                               cqe_size, ice, ice_size);
        qemu_fdt_setprop(fdt, node, "reg-names", names, sizeof(names));
    } else {
        qemu_fdt_setprop_cells(fdt, node, "reg", hc, MSM_HC_SIZE, cqe,
                               cqe_size);
        qemu_fdt_setprop(fdt, node, "reg-names", names_without_ice,
                         sizeof(names_without_ice));
    }
    qemu_fdt_setprop_cells(fdt, node, "interrupts",
                           GIC_FDT_IRQ_TYPE_SPI, irq_start +
                           platform_bus_get_irqn(bus, sbd, MSM_IRQ_HC),
                           GIC_FDT_IRQ_FLAGS_LEVEL_HI,
                           GIC_FDT_IRQ_TYPE_SPI, irq_start +
                           platform_bus_get_irqn(bus, sbd, MSM_IRQ_POWER),
                           GIC_FDT_IRQ_FLAGS_LEVEL_HI);
    qemu_fdt_setprop(fdt, node, "interrupt-names", irq_names,
                     sizeof(irq_names));
    if (has_ice_clock) {
        qemu_fdt_setprop(fdt, node, "clocks", clocks, sizeof(clocks));
        qemu_fdt_setprop(fdt, node, "clock-names", clock_names,
                         sizeof(clock_names));
    } else {
        qemu_fdt_setprop(fdt, node, "clocks", clocks, 2 * sizeof(clocks[0]));
        qemu_fdt_setprop(fdt, node, "clock-names", clock_names_without_ice,
                         sizeof(clock_names_without_ice));
    }
    qemu_fdt_setprop_cell(fdt, node, "bus-width", 8);
    qemu_fdt_setprop(fdt, node, "cap-mmc-highspeed", NULL, 0);
    qemu_fdt_setprop(fdt, node, "non-removable", NULL, 0);
    if (!s->dt_sd) {
        qemu_fdt_setprop(fdt, node, "no-sd", NULL, 0);
    }
    qemu_fdt_setprop(fdt, node, "no-sdio", NULL, 0);
    if (s->dt_cqe) {
        qemu_fdt_setprop(fdt, node, "supports-cqe", NULL, 0);
    }
}

void msm_add_fdt_nodes(SysBusDevice *sbd, void *fdt, PlatformBusDevice *bus,
                       const char *bus_node, int irq_start)
{
    SDHCIMSMState *s = SDHCI_MSM_EMMC(sbd);

    msm_fdt_host(s, fdt, bus, bus_node, irq_start);
    if (strcmp(s->dt_ice, "no-scm")) {
        msm_fdt_firmware(fdt);
    }
}
