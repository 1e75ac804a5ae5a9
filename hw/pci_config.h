/* SPDX-License-Identifier: MIT */
/*
 * Function 0's configuration space: the bus reads and writes it, and BAR0
 * mirrors it at 0x88000. BAR registers and interrupt routing are the bus's.
 */
#ifndef HW_PCI_CONFIG_H
#define HW_PCI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct gpu;

#define PCI_CONFIG_BYTES	4096

/* Byte ranges within the space, any alignment. Take gpu->lock. */
void pci_config_read(struct gpu *gpu, uint32_t off, void *buf, uint32_t len);
/*
 * Returns true when the write asks for a function-level reset; the caller does
 * gpu_reset(), since only it knows when no access is in flight.
 */
bool pci_config_write(struct gpu *gpu, uint32_t off, const void *buf, uint32_t len);
/* COMMAND.BUS_MASTER: may the function issue DMA? Any thread, no lock. */
bool pci_config_bus_master(struct gpu *gpu);

int pci_config_init(struct gpu *gpu);
void pci_config_reset(struct gpu *gpu);
void pci_config_fini(struct gpu *gpu);

#endif
