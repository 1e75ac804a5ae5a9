// SPDX-License-Identifier: MIT
/* nvsvm info */
#include <getopt.h>

#include "tool.h"

int verb_info(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *node = NULL;
	struct nvsvm_context *context;
	struct nvsvm_info info;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
		if (opt == 'h') {
			puts("usage: nvsvm info [--device NODE]");
			return 0;
		}
		if (opt != 'd')
			return 2;
		node = optarg;
	}
	ret = nvsvm_open(node, &context);
	if (ret)
		return complain(ret, "no GPU with shared virtual memory");
	nvsvm_get_info(context, &info);
	printf("node       %s\n", info.path);
	printf("driver     %s %d.%d.%d\n", info.driver, info.version[0], info.version[1],
	       info.version[2]);
	printf("chip       0x%03x, PCI %04x:%04x\n", info.chipset, info.pci_vendor,
	       info.pci_device);
	printf("VRAM       %llu MiB\n", (unsigned long long)info.vram_bytes >> 20);
	printf("GART       %llu MiB\n", (unsigned long long)info.gart_bytes >> 20);
	printf("compute    %u GPC, %u SM\n", info.gpcs, info.sms);
	puts("SVM        yes: every pointer of the process");
	nvsvm_close(context);
	return 0;
}
