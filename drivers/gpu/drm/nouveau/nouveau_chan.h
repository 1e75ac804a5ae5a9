/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_CHAN_H__
#define __NOUVEAU_CHAN_H__

#include <linux/bits.h>
#include <linux/types.h>

struct dma_fence;
struct drm_file;
struct nouveau_chan;
struct nouveau_device;
struct nouveau_vm;

enum nouveau_engine {
	NOUVEAU_ENGINE_GR,
	NOUVEAU_ENGINE_CE0,		/* first copy engine with a runlist of its own */
	NOUVEAU_ENGINE_CE1,
	NOUVEAU_ENGINE_CE2,
	NOUVEAU_ENGINES,
};

/* Host, engines, kernel address space, TLB channel. After tu102_tlb_init(). */
int nouveau_chan_init(struct nouveau_device *ndev);
void nouveau_chan_fini(struct nouveau_device *ndev);
/*
 * Take the channels of clients off the hardware; they stay as dead shells for
 * as long as their files are open. After drm_dev_unplug(), while faults are
 * still served.
 */
void nouveau_chan_stop_clients(struct nouveau_device *ndev);
/*
 * System sleep. Give the work of clients @timeout_ms, then kill whose work is not
 * done. Everything down but the channels of clients; everything up again, and if the
 * hardware lost power, the channels of clients dead. 0 or an errno.
 */
void nouveau_chan_finish_clients(struct nouveau_device *ndev, unsigned int timeout_ms);
void nouveau_chan_suspend(struct nouveau_device *ndev);
int nouveau_chan_resume(struct nouveau_device *ndev);
/* Where kernel channels and their buffers live. */
struct nouveau_vm *nouveau_chan_kernel_vm(struct nouveau_device *ndev);

#define NOUVEAU_CHAN_PRIVILEGED	BIT(0)	/* kernel only: MEM_OP, physical copies */
#define NOUVEAU_CHAN_REPLAYABLE	BIT(1)	/* GR faults are replayable (SVM) */

/* A channel alone in its TSG: instance block, USERD, GPFIFO, on its runlist. */
struct nouveau_chan *nouveau_chan_new(struct nouveau_device *ndev, struct nouveau_vm *vm,
				      enum nouveau_engine engine, unsigned int flags);
struct nouveau_chan *nouveau_chan_get(struct nouveau_chan *chan);
/* The last put tears down: off the runlist, preempted, unbound, freed. Sleeps. */
void nouveau_chan_put(struct nouveau_chan *chan);
unsigned int nouveau_chan_id(const struct nouveau_chan *chan);
struct nouveau_vm *nouveau_chan_vm(const struct nouveau_chan *chan);
/* "comm[pid]" of who made it, for logs. */
const char *nouveau_chan_name(const struct nouveau_chan *chan);
/* A line in the log that any program can cause: not too many of them. */
bool nouveau_chan_may_report(struct nouveau_device *ndev);

/*
 * The channel whose instance block is at VRAM address @inst, with a reference,
 * or NULL. Any context that may sleep not at all.
 */
struct nouveau_chan *nouveau_chan_find_inst(struct nouveau_device *ndev, u64 inst);
/*
 * The same for a packet of the MMU, which may be older than the channel: @time is its
 * timestamp, and a channel that was not there yet has not made the access.
 */
struct nouveau_chan *nouveau_chan_find_fault(struct nouveau_device *ndev, u64 inst, u64 time);
/* GPU's time when the channel got on to the hardware. */
u64 nouveau_chan_born(const struct nouveau_chan *chan);
struct nouveau_chan *nouveau_chan_find_id(struct nouveau_device *ndev, unsigned int chid);

/* One segment of methods already in GPU-visible memory. */
struct nouveau_push {
	u64 va;
	u32 bytes;
	bool no_prefetch;
};

/*
 * Append segments and a completion to the ring and ring the doorbell. Segments
 * run in order. Returns the completion fence (also for n == 0), -ENODEV once
 * the channel is dead.
 */
struct dma_fence *nouveau_chan_submit(struct nouveau_chan *chan, const struct nouveau_push *push,
				      unsigned int n);

/*
 * The same with a fence from nouveau_fence_alloc(), which it consumes on
 * success only: allocates nothing, for use under dma_fence rules. A caller that
 * keeps the GP entries in flight (@n + 1 per call) below NOUVEAU_CHAN_ENTRIES
 * never waits.
 */
int nouveau_chan_emit(struct nouveau_chan *chan, const struct nouveau_push *push, unsigned int n,
		      struct dma_fence *fence);
/*
 * The same without an interrupt, which costs more than a look at memory: somebody
 * calls nouveau_chan_poll() until the fence is signalled. Should he stop to, the
 * watchdog looks once a second.
 */
int nouveau_chan_emit_quiet(struct nouveau_chan *chan, const struct nouveau_push *push,
			    unsigned int n, struct dma_fence *fence);
/* Signal what is done. Reads memory, no register; any context. */
void nouveau_chan_poll(struct nouveau_chan *chan);
#define NOUVEAU_CHAN_ENTRIES	1024

/*
 * Fatal: the channel alone dies. All its fences signal with @err (< 0), later
 * submits give -ENODEV. Queues the teardown of its TSG to a worker; any context.
 */
void nouveau_chan_kill(struct nouveau_chan *chan, int err);
bool nouveau_chan_is_dead(const struct nouveau_chan *chan);
/*
 * Start a dead kernel channel over, in the memory it has; what was in flight
 * has failed. Nobody submits to it or puts its last reference meanwhile. Sleeps,
 * does not evict. -ENOMEM, -ENODEV, -ETIMEDOUT; it is dead still after an error.
 */
int nouveau_chan_revive(struct nouveau_chan *chan);
/* Wait until all submitted work is done or failed. -ETIME, -ERESTARTSYS. */
int nouveau_chan_idle(struct nouveau_chan *chan, unsigned int timeout_ms, bool interruptible);
/* Let a channel go on whose CE or PBDMA fault was serviced (clears FAULTED). */
void nouveau_chan_resume_faulted(struct nouveau_chan *chan, bool pbdma);

#endif
