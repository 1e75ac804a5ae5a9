/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef __NOUVEAU_FAULT_PRIV_H__
#define __NOUVEAU_FAULT_PRIV_H__

/* Shared by the nouveau_fault*.c files of the conductor, by nobody else. */
#include <linux/list.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "nouveau_fault_batch.h"
#include "nouveau_fault_linger.h"
#include "tu102_tlb.h"

struct nouveau_chan;
struct nouveau_device;
struct nouveau_svm_mm;
struct nouveau_svm_result;
struct nouveau_svm_round;
struct nouveau_vm;
struct tu102_fault;

#define NOUVEAU_FAULT_RANGES		64u
#define NOUVEAU_FAULT_TURN_RANGES	16u
/* Blocks that are served together. */
#define NOUVEAU_FAULT_TURN_GROUPS	64u

/**
 * struct nouveau_fault_suspect - a fault whose service failed
 *
 * The packet may have been stale, so it is convicted only when it comes back
 * after a replay that was waited for; see nouveau_fault_fatal.c.
 */
struct nouveau_fault_suspect {
	u64 inst, va;
	u64 time;			/* of the packet that failed first */
	u32 expires;			/* batch number */
	u8 access;			/* enum nouveau_access */
	u8 failures;			/* in a row */
	u8 cancels;			/* tried already */
};

enum nouveau_turn_state {
	NOUVEAU_TURN_FREE,
	NOUVEAU_TURN_FILLING,		/* the conductor's */
	NOUVEAU_TURN_RUNNING,		/* its work item's */
	NOUVEAU_TURN_DONE,		/* the conductor's again */
};

enum nouveau_turn_verdict {
	NOUVEAU_TURN_SERVED,
	NOUVEAU_TURN_FAILED,
	NOUVEAU_TURN_FAILED_WRITE,	/* reading works */
};

/**
 * struct nouveau_fault_turn - one client's share of a batch, in service
 *
 * Free ones belong to no client. Changes hands with @state, released and acquired.
 */
struct nouveau_fault_turn {
	struct list_head link;		/* fs->turns */
	struct nouveau_fault_service *fs;
	struct work_struct work;
	enum nouveau_turn_state state;
	bool aside;			/* the batch it was taken in did not wait for it */
	bool patient;			/* its client was slow last time: do not wait at all */
	bool lone;			/* its batch is the first of a burst */
	u32 drained;			/* fs->drained of its batch */
	struct nouveau_vm *vm;		/* whose; compared, never followed */
	struct nouveau_svm_mm *svm;	/* with a reference, until it has run */
	u64 pdb;
	struct nouveau_svm_round *round;
	/* what came out */
	struct nouveau_svm_result *res;	/* NOUVEAU_FAULT_TURN_GROUPS, of the round */
	struct tu102_tlb_range ranges[NOUVEAU_FAULT_TURN_RANGES];
	unsigned int n_ranges;
	unsigned int stale;		/* faults solved before they were looked at */
	u8 verdict[NOUVEAU_FAULT_BATCH_MAX];
	struct nouveau_fault_batch batch;
};

/**
 * struct nouveau_fault_service - everything of the conductor of a GPU
 */
struct nouveau_fault_service {
	struct nouveau_device *ndev;
	struct tu102_fault *hw;
	struct workqueue_struct *wq;	/* the conductor alone */
	struct work_struct work;
	struct delayed_work again;	/* kicks @work */
	bool sure, again_ran;		/* @again ran: look at PUT; pay what is owed */
	bool owed;			/* a replay, some time */
	bool stopping;
	u32 batches;			/* ever */
	u32 burst;			/* of them since the interrupt was let go last */
	struct nouveau_fault_linger linger;
	u64 ended_ns;			/* the last batch */
	/*
	 * Replays ever, cancels included; what that was when this batch was drained,
	 * and after the last replay into an empty ring. Equal, the batch's accesses
	 * are known to be parked.
	 */
	u32 replays, drained, emptied;
	/* clients */
	struct workqueue_struct *turn_wq;
	struct list_head turns;
	wait_queue_head_t done;		/* a turn is DONE */
	unsigned int clients;		/* that faulted in the batch before */
	unsigned int share;		/* faults one of them may have in this one */
	unsigned int taken;		/* in this batch, all clients */
	unsigned int limit;		/* of that */
	/* to invalidate before the replay of this batch */
	struct tu102_tlb_range ranges[NOUVEAU_FAULT_RANGES];
	unsigned int n_ranges;
	/* of this batch: newly suspected; cancelled, which replays too */
	unsigned int suspected, cancelled;
	bool served;			/* something that a replay will let go on */
	bool postponed;			/* the same of batches before, all stale */
	struct nouveau_fault_suspect suspects[NOUVEAU_FAULT_BATCH_MAX];
	unsigned int n_suspects;
	/* nobody to serve these */
	struct nouveau_fault_batch refused;
	/* not replayable and their client busy: nothing would bring them again */
	struct nouveau_fault kept[NOUVEAU_FAULT_BATCH_MAX];
	unsigned int n_kept;
};

/* nouveau_fault_drain.c */
unsigned int nouveau_fault_drain(struct nouveau_fault_service *fs);

/* nouveau_fault_turn.c */
enum nouveau_turn_state nouveau_fault_turn_state(const struct nouveau_fault_turn *turn);
struct nouveau_fault_turn *nouveau_fault_turn_get(struct nouveau_fault_service *fs,
						  struct nouveau_svm_mm *svm,
						  struct nouveau_vm *vm);
struct nouveau_fault_turn *nouveau_fault_turn_find(struct nouveau_fault_service *fs,
						   const struct nouveau_vm *vm);
void nouveau_fault_turn_start(struct nouveau_fault_turn *turn);
/* Waits for those of this batch, not long; who still runs is set aside. */
void nouveau_fault_turns_wait(struct nouveau_fault_service *fs);
/* The next one that is done, or NULL. */
struct nouveau_fault_turn *nouveau_fault_turn_done(struct nouveau_fault_service *fs);
void nouveau_fault_turn_put(struct nouveau_fault_turn *turn);
void nouveau_fault_turns_fini(struct nouveau_fault_service *fs);

/* nouveau_fault_fatal.c */
void nouveau_fault_failed(struct nouveau_fault_service *fs, struct nouveau_chan *chan,
			  const struct nouveau_fault *f, bool write_only, bool parked);
void nouveau_fault_acquit(struct nouveau_fault_service *fs, const struct nouveau_fault *f);
void nouveau_fault_fatal(struct nouveau_fault_service *fs, struct nouveau_chan *chan,
			 const struct nouveau_fault *f, bool write_only);

#endif
