// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "nouveau_device.h"
#include "nouveau_kbuf.h"
#include "nouveau_vm.h"

int nouveau_kbuf_new(struct nouveau_device *ndev, struct nouveau_vm *vm, size_t size,
		     bool gpu_read_only, struct nouveau_kbuf *buf)
{
	int ret;

	memset(buf, 0, sizeof(*buf));
	size = PAGE_ALIGN(size);
	buf->cpu = dma_alloc_coherent(&ndev->pdev->dev, size, &buf->dma, GFP_KERNEL);
	if (!buf->cpu)
		return -ENOMEM;
	buf->size = size;
	if (!vm)
		return 0;
	ret = nouveau_vm_map_dma(vm, buf->dma, size, gpu_read_only, &buf->vma);
	if (ret) {
		nouveau_kbuf_del(ndev, NULL, buf);
		return ret;
	}
	buf->va = nouveau_vma_addr(buf->vma);
	return 0;
}

void nouveau_kbuf_del(struct nouveau_device *ndev, struct nouveau_vm *vm, struct nouveau_kbuf *buf)
{
	if (buf->vma)
		nouveau_vm_unmap_dma(vm, buf->vma);
	if (buf->cpu)
		dma_free_coherent(&ndev->pdev->dev, buf->size, buf->cpu, buf->dma);
	memset(buf, 0, sizeof(*buf));
}
