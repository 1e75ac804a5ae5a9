/* SPDX-License-Identifier: MIT */
/* What firmware and straps leave behind: boot state, memory size, protection. */
#ifndef HW_BOARD_H
#define HW_BOARD_H

struct gpu;

int board_init(struct gpu *gpu);

#endif
