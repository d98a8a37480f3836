/*
 * Devices on the platform bus that make their device tree nodes themselves
 *
 * The platform bus knows the nodes of some devices. One that is not built for
 * every target cannot be among them: it has this interface instead.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_CORE_SYSBUS_FDT_DEVICE_H
#define HW_CORE_SYSBUS_FDT_DEVICE_H

#include "hw/platform-bus.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_SYSBUS_FDT_DEVICE "sysbus-fdt-device"

typedef struct SysbusFDTDeviceClass SysbusFDTDeviceClass;
DECLARE_CLASS_CHECKERS(SysbusFDTDeviceClass, SYSBUS_FDT_DEVICE,
                       TYPE_SYSBUS_FDT_DEVICE)

struct SysbusFDTDeviceClass {
    InterfaceClass parent_class;

    /* @irq_start: number of the bus's first interrupt */
    void (*add_fdt_nodes)(SysBusDevice *sbd, void *fdt,
                          PlatformBusDevice *bus, const char *bus_node,
                          int irq_start);
};

#endif
