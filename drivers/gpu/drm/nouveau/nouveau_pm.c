// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * System sleep: bring the GPU to rest, and what processes have in VRAM home.
 *
 * VRAM may be gone afterwards. So pages of processes and buffer objects move to
 * system memory by the copy engine while everything still runs; what is left, the
 * driver's own structures, is saved as it is (nouveau_vram_suspend()). Then the
 * stages of nouveau_device.c go down as far as the hardware is concerned.
 *
 * Channels of clients stay. Their work gets some time to finish, since processes
 * are frozen already and nothing new comes; what does not finish is killed, and
 * said so: sleeping does not wait for a kernel without end. If the hardware kept
 * its state (s2idle, a test of the PM core) channels go on; if it lost power, the
 * contexts in its engines are lost, and every channel is reported dead
 * (nouveau_chan_resume()). Memory is intact either way.
 */
#include <linux/delay.h>
#include <linux/workqueue.h>

#include <drm/drm_print.h>

#include "nouveau_chan.h"
#include "nouveau_device.h"
#include "nouveau_exec.h"
#include "nouveau_pm.h"
#include "nouveau_vram.h"

/* For work in flight when the system goes to sleep. */
#define FINISH_MS	2000
/* Pages that core mm has locked at the moment are tried again. */
#define EVICT_TRIES	10

static int pm_evict(struct nouveau_device *ndev)
{
	unsigned int i;
	int err = -EBUSY;

	for (i = 0; i < EVICT_TRIES && err; i++) {
		if (i)
			msleep(20);
		err = nouveau_vram_evict_all(ndev);
	}
	if (err)
		drm_err(&ndev->drm, "VRAM does not get empty: %pe\n", ERR_PTR(err));
	return err;
}

/**
 * nouveau_pm_quiesce - nothing runs and nothing that matters is in VRAM
 * @ndev: the GPU; processes are frozen
 *
 * Return: 0; an errno when memory cannot be brought home, with everything
 * running again.
 */
int nouveau_pm_quiesce(struct nouveau_device *ndev)
{
	int err;

	nouveau_exec_stop(ndev);
	nouveau_chan_finish_clients(ndev, FINISH_MS);
	err = pm_evict(ndev);
	if (!err)
		err = nouveau_vram_save_prepare(ndev);
	if (err) {
		/* Some of it may be there when memory ends. */
		nouveau_vram_save_drop(ndev);
		nouveau_exec_start(ndev);
	}
	return err;
}

/**
 * nouveau_pm_restart - work may run again
 * @ndev: the GPU, all stages up
 */
void nouveau_pm_restart(struct nouveau_device *ndev)
{
	nouveau_vram_save_drop(ndev);
	nouveau_exec_start(ndev);
}
