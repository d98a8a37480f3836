/* SPDX-License-Identifier: GPL-2.0 */
/*
 * port.h - the debug port of the virtual hardware, for programs of the guest
 *
 * The registers are described in tools/testing/README.rst; change both together.
 */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>

#define PORT_TEXT	2048	/* of a request or a reply, in bytes */

/*
 * Map the port. Several processes may: each request is locked against those of
 * others, who may also be children that inherited the mapping.
 *
 * Return: whether there is one.
 */
bool port_open(void);

/*
 * Have @len bytes of @request executed.
 *
 * Return: 0 or the device's errno. @reply is terminated.
 */
int port_request(const char *request, size_t len, char reply[PORT_TEXT + 1]);

#endif
