/*
 * Debug port: text between the guest's tests and properties of devices
 *
 * The interface, registers and requests, is one of the project's, described in
 * tools/testing/README.rst; it changes there first. The port knows no device:
 * what can be read or armed is what the devices offer as properties.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "exec/cpu-common.h"
#include "exec/ramblock.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qom/object.h"

#define TYPE_MMC_TESTPORT "mmc-testport"
OBJECT_DECLARE_SIMPLE_TYPE(TestPortState, MMC_TESTPORT)

#define TESTPORT_VENDOR_ID  0x1234
#define TESTPORT_DEVICE_ID  0x4d43
#define TESTPORT_BAR_SIZE   (8 * KiB)

#define TESTPORT_IDENTITY   0x0000
#define TESTPORT_LENGTH     0x0004
#define TESTPORT_STATUS     0x0008
#define TESTPORT_REQUEST    0x1000
#define TESTPORT_REPLY      0x1800
#define TESTPORT_TEXT_SIZE  2048

#define TESTPORT_MAGIC      0x544d4d43

#define TESTPORT_DUMP_STEP  (64 * KiB)
#define TESTPORT_DUMP_NAME  "abcdefghijklmnopqrstuvwxyz0123456789-"

/* Errno of the guest, which need not be the one of this machine */
enum {
    TESTPORT_OK = 0,
    TESTPORT_EPERM = 1,
    TESTPORT_ENOENT = 2,
    TESTPORT_EIO = 5,
    TESTPORT_ENODEV = 19,
    TESTPORT_EINVAL = 22,
    TESTPORT_EMSGSIZE = 90,
};

struct TestPortState {
    PCIDevice parent_obj;

    MemoryRegion bar;
    uint8_t request[TESTPORT_TEXT_SIZE];
    uint8_t reply[TESTPORT_TEXT_SIZE];
    uint32_t reply_len;
    uint32_t status;
    int fd;

    char *results;
    char *dump;
};

static uint32_t testport_append(TestPortState *s, const char *line)
{
    g_autofree char *text = g_strconcat(line, "\n", NULL);
    size_t len = strlen(text);

    if (s->fd < 0 || qemu_write_full(s->fd, text, len) != len) {
        return TESTPORT_EIO;
    }
    return TESTPORT_OK;
}

static uint32_t testport_reply(TestPortState *s, const char *text)
{
    size_t len = strlen(text);

    if (len > sizeof(s->reply)) {
        return TESTPORT_EMSGSIZE;
    }
    memcpy(s->reply, text, len);
    s->reply_len = len;
    return TESTPORT_OK;
}

/* Devices that the user named; neither buses nor what is inside of others */
static Object *testport_find(const char *id)
{
    Object *devices = object_resolve_path("/machine/peripheral", NULL);

    return devices ? object_resolve_path_component(devices, id) : NULL;
}

static uint32_t testport_log(TestPortState *s, char *args)
{
    return testport_append(s, args);
}

static uint32_t testport_get(TestPortState *s, char *args)
{
    g_auto(GStrv) word = g_strsplit(args, " ", -1);
    g_autofree char *text = NULL;
    Error *err = NULL;
    uint64_t value;
    Object *obj;

    if (g_strv_length(word) != 2) {
        return TESTPORT_EINVAL;
    }
    obj = testport_find(word[0]);
    if (!obj) {
        return TESTPORT_ENODEV;
    }
    value = object_property_get_uint(obj, word[1], &err);
    if (err) {
        error_free(err);
        return TESTPORT_ENOENT;
    }
    text = g_strdup_printf("%" PRIu64, value);
    return testport_reply(s, text);
}

static uint32_t testport_set(TestPortState *s, char *args)
{
    g_auto(GStrv) word = g_strsplit(args, " ", -1);
    Error *err = NULL;
    uint64_t value;
    Object *obj;

    if (g_strv_length(word) != 3) {
        return TESTPORT_EINVAL;
    }
    obj = testport_find(word[0]);
    if (!obj) {
        return TESTPORT_ENODEV;
    }
    if (!g_str_has_prefix(word[1], "fault-")) {
        return TESTPORT_EPERM;
    }
    if (!g_ascii_isdigit(word[2][0]) ||
        qemu_strtou64(word[2], NULL, 10, &value)) {
        return TESTPORT_EINVAL;
    }
    if (!object_property_find(obj, word[1])) {
        return TESTPORT_ENOENT;
    }
    if (!object_property_set_uint(obj, word[1], value, &err)) {
        error_free(err);
        return TESTPORT_EPERM;
    }
    return TESTPORT_OK;
}

static uint32_t testport_list(TestPortState *s, char *args)
{
    g_auto(GStrv) word = g_strsplit(args, " ", -1);
    g_autoptr(GString) names = g_string_new(NULL);
    ObjectPropertyIterator iter;
    ObjectProperty *prop;
    Object *obj;

    if (g_strv_length(word) != 2) {
        return TESTPORT_EINVAL;
    }
    obj = testport_find(word[0]);
    if (!obj) {
        return TESTPORT_ENODEV;
    }
    object_property_iter_init(&iter, obj);
    while ((prop = object_property_iter_next(&iter))) {
        if (g_str_has_prefix(prop->name, word[1])) {
            g_string_append_printf(names, "%s\n", prop->name);
        }
    }
    return testport_reply(s, names->str);
}

/* All of the guest's memory as it is now, one block behind the other */
static int testport_dump_block(RAMBlock *block, void *opaque)
{
    const uint8_t *data = qemu_ram_get_host_addr(block);
    ram_addr_t len = qemu_ram_get_used_length(block);
    int fd = *(int *)opaque;

    for (ram_addr_t at = 0; at < len; at += TESTPORT_DUMP_STEP) {
        size_t step = MIN(TESTPORT_DUMP_STEP, len - at);

        /* Most of it is empty: the file stays small */
        if (buffer_is_zero(data + at, step)) {
            if (lseek(fd, step, SEEK_CUR) < 0) {
                return -1;
            }
        } else if (qemu_write_full(fd, data + at, step) != step) {
            return -1;
        }
    }
    return 0;
}

static uint32_t testport_dump(TestPortState *s, char *args)
{
    g_autofree char *name = NULL;
    int status, fd;

    if (!*args || strspn(args, TESTPORT_DUMP_NAME) != strlen(args)) {
        return TESTPORT_EINVAL;
    }
    if (!s->dump) {
        return TESTPORT_EPERM;
    }
    name = g_strconcat(s->dump, args, NULL);
    fd = qemu_create(name, O_WRONLY | O_TRUNC, 0600, NULL);
    if (fd < 0) {
        return TESTPORT_EIO;
    }
    status = qemu_ram_foreach_block(testport_dump_block, &fd);
    /* What was skipped at the end counts as well */
    if (!status) {
        status = ftruncate(fd, lseek(fd, 0, SEEK_CUR));
    }
    return close(fd) || status ? TESTPORT_EIO : TESTPORT_OK;
}

static uint32_t testport_end(TestPortState *s, char *args)
{
    g_auto(GStrv) word = g_strsplit(args, " ", -1);
    g_autofree char *line = NULL;
    uint64_t passed, failed;

    if (g_strv_length(word) != 3 || !*word[0] ||
        qemu_strtou64(word[1], NULL, 10, &passed) ||
        qemu_strtou64(word[2], NULL, 10, &failed)) {
        return TESTPORT_EINVAL;
    }
    line = g_strdup_printf("# end %s %" PRIu64 " %" PRIu64,
                           word[0], passed, failed);
    return testport_append(s, line);
}

static uint32_t testport_execute(TestPortState *s, uint32_t len)
{
    static const struct {
        const char *name;
        uint32_t (*run)(TestPortState *s, char *args);
    } requests[] = {
        { "log ", testport_log },
        { "get ", testport_get },
        { "set ", testport_set },
        { "list ", testport_list },
        { "dump ", testport_dump },
        { "end ", testport_end },
    };
    g_autofree char *text = NULL;

    s->reply_len = 0;
    if (len > sizeof(s->request)) {
        return TESTPORT_EMSGSIZE;
    }
    /* up to the first NUL, if there is one: terminators do no harm */
    text = g_strndup((const char *)s->request, len);
    for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
        if (g_str_has_prefix(text, requests[i].name)) {
            return requests[i].run(s, text + strlen(requests[i].name));
        }
    }
    return TESTPORT_EINVAL;
}

static uint64_t testport_read(void *opaque, hwaddr addr, unsigned size)
{
    TestPortState *s = opaque;

    switch (addr) {
    case TESTPORT_IDENTITY:
        return TESTPORT_MAGIC;
    case TESTPORT_LENGTH:
        return s->reply_len;
    case TESTPORT_STATUS:
        return s->status;
    case TESTPORT_REQUEST ... TESTPORT_REQUEST + TESTPORT_TEXT_SIZE - 4:
        return ldl_le_p(s->request + addr - TESTPORT_REQUEST);
    case TESTPORT_REPLY ... TESTPORT_REPLY + TESTPORT_TEXT_SIZE - 4:
        return ldl_le_p(s->reply + addr - TESTPORT_REPLY);
    default:
        return 0;
    }
}

static void testport_write(void *opaque, hwaddr addr, uint64_t value,
                           unsigned size)
{
    TestPortState *s = opaque;

    switch (addr) {
    case TESTPORT_LENGTH:
        s->status = testport_execute(s, value);
        break;
    case TESTPORT_REQUEST ... TESTPORT_REQUEST + TESTPORT_TEXT_SIZE - 4:
        stl_le_p(s->request + addr - TESTPORT_REQUEST, value);
        break;
    }
}

static const MemoryRegionOps testport_ops = {
    .read = testport_read,
    .write = testport_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4, },
    .impl = { .min_access_size = 4, .max_access_size = 4, },
};

static void testport_realize(PCIDevice *dev, Error **errp)
{
    TestPortState *s = MMC_TESTPORT(dev);

    s->fd = -1;
    if (s->results) {
        s->fd = qemu_create(s->results, O_WRONLY | O_APPEND, 0666, errp);
        if (s->fd < 0) {
            return;
        }
    }
    memory_region_init_io(&s->bar, OBJECT(s), &testport_ops, s,
                          TYPE_MMC_TESTPORT, TESTPORT_BAR_SIZE);
    pci_register_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->bar);
}

static void testport_exit(PCIDevice *dev)
{
    TestPortState *s = MMC_TESTPORT(dev);

    if (s->fd >= 0) {
        close(s->fd);
    }
}

static void testport_reset(DeviceState *dev)
{
    TestPortState *s = MMC_TESTPORT(dev);

    memset(s->request, 0, sizeof(s->request));
    memset(s->reply, 0, sizeof(s->reply));
    s->reply_len = 0;
    s->status = TESTPORT_OK;
}

static const Property testport_properties[] = {
    DEFINE_PROP_STRING("results", TestPortState, results),
    DEFINE_PROP_STRING("dump", TestPortState, dump),
};

static const VMStateDescription testport_vmstate = {
    .name = TYPE_MMC_TESTPORT,
    .unmigratable = 1,
};

static void testport_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

    k->realize = testport_realize;
    k->exit = testport_exit;
    k->vendor_id = TESTPORT_VENDOR_ID;
    k->device_id = TESTPORT_DEVICE_ID;
    k->class_id = PCI_CLASS_OTHERS << 8;
    dc->desc = "debug port of the tests of eMMC encryption";
    dc->vmsd = &testport_vmstate;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_legacy_reset(dc, testport_reset);
    device_class_set_props(dc, testport_properties);
}

static const TypeInfo testport_types[] = {
    {
        .name = TYPE_MMC_TESTPORT,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(TestPortState),
        .class_init = testport_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_CONVENTIONAL_PCI_DEVICE },
            { },
        },
    },
};

DEFINE_TYPES(testport_types)
