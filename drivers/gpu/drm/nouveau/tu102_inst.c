// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Instance blocks (RAMIN with RAMFC) and runlist entries, encoded.
 *
 * Pure: takes a description, fills dwords. Who copies them to VRAM is
 * nouveau_chan.c (instance blocks) and tu102_fifo.c (runlists). Each RAMFC
 * word has the layout of the PBDMA register of the same name, since that is
 * what Host loads it into.
 */
#include <linux/string.h>

#include <nvhw/class/clc46f.h>
#include <nvhw/tu104/dev_pbdma.h>
#include <nvhw/undocumented.h>

#include "tu102_inst.h"

static void encode_ramfc(u32 *w, const struct tu102_inst *inst)
{
	NV_MW_SET(w, NV_RAMFC_USERD,
		  NV_DEF(NV_PPBDMA_USERD_TARGET, _SYS_MEM_COHERENT) |
		  NV_NUM(NV_PPBDMA_USERD_ADDR, inst->userd >> 9));
	NV_MW_SET(w, NV_RAMFC_USERD_HI, NV_NUM(NV_PPBDMA_USERD_HI_ADDR, inst->userd >> 32));
	NV_MW_SET(w, NV_RAMFC_SIGNATURE, NV_DEF(NV_PPBDMA_SIGNATURE_HW, _VALID));
	NV_MW_SET(w, NV_RAMFC_ACQUIRE, NVX_RAMFC_ACQUIRE_NEVER);
	NV_MW_SET(w, NV_RAMFC_GP_BASE, NV_NUM(NV_PPBDMA_GP_BASE_OFFSET, inst->gp_base >> 3));
	NV_MW_SET(w, NV_RAMFC_GP_BASE_HI,
		  NV_NUM(NV_PPBDMA_GP_BASE_HI_OFFSET, inst->gp_base >> 32) |
		  NV_NUM(NV_PPBDMA_GP_BASE_HI_LIMIT2, inst->gp_order));
	NV_MW_SET(w, NV_RAMFC_PB_HEADER, NVX_RAMFC_PB_HEADER_RESET);
	NV_MW_SET(w, NV_RAMFC_SUBDEVICE, NVX_RAMFC_SUBDEVICE_ALL);
	NV_MW_SET(w, NV_RAMFC_TARGET,
		  (inst->has_gr ? NV_DEF(NV_PPBDMA_TARGET_ENG_CTX_VALID, _TRUE) : 0) |
		  (inst->has_ce ? NV_DEF(NV_PPBDMA_TARGET_CE_CTX_VALID, _TRUE) : 0));
	NV_MW_SET(w, NV_RAMFC_HCE_CTRL,
		  inst->privileged ? NV_DEF(NV_PPBDMA_HCE_CTRL_HCE_PRIV_MODE, _YES) : 0);
	w[NVX_RAMFC_CHID_WORD] = inst->chid;
	NV_MW_SET(w, NV_RAMFC_CONFIG,
		  NV_DEF(NV_PPBDMA_CONFIG_USERD_WRITEBACK, _ENABLE) |
		  (inst->privileged ? NV_DEF(NV_PPBDMA_CONFIG_AUTH_LEVEL, _PRIVILEGED) : 0));
	NV_MW_SET(w, NV_RAMFC_RESERVED62, NVX_RAMFC_RESERVED62_VALUE);
	NV_MW_SET(w, NV_RAMFC_SET_CHANNEL_INFO,
		  NV_NUM(NV_PPBDMA_SET_CHANNEL_INFO_CHID, inst->chid));
}

/*
 * The address space stands in the block twice: words 128/129 for Host and copy
 * engines, subcontext 0 for graphics. The other 63 subcontexts are marked
 * unbound (TARGET_INVALID), or the last of them would take the replay bits off
 * subcontext 0.
 */
static void encode_address_space(u32 *w, const struct tu102_inst *inst)
{
	unsigned int replay = inst->replayable;
	unsigned int i;

	NV_MW_DEF(w, NV_RAMIN_PAGE_DIR_BASE_TARGET, _VID_MEM);
	NV_MW_SET(w, NV_RAMIN_PAGE_DIR_BASE_FAULT_REPLAY_TEX, replay);
	NV_MW_SET(w, NV_RAMIN_PAGE_DIR_BASE_FAULT_REPLAY_GCC, replay);
	NV_MW_DEF(w, NV_RAMIN_USE_VER2_PT_FORMAT, _TRUE);
	NV_MW_DEF(w, NV_RAMIN_BIG_PAGE_SIZE, _64KB);
	NV_MW_SET(w, NV_RAMIN_PAGE_DIR_BASE_LO, inst->pdb >> 12);
	NV_MW_SET(w, NV_RAMIN_PAGE_DIR_BASE_HI, inst->pdb >> 32);

	w[NV_MW_DW(NV_RAMIN_SC_PAGE_DIR_BASE_LO(0))] = w[NV_MW_DW(NV_RAMIN_PAGE_DIR_BASE_LO)];
	w[NV_MW_DW(NV_RAMIN_SC_PAGE_DIR_BASE_HI(0))] = w[NV_MW_DW(NV_RAMIN_PAGE_DIR_BASE_HI)];
	NV_MW_SET(w, NV_RAMIN_SC_PDB_VALID(0), NV_RAMIN_SC_PDB_VALID_TRUE);
	for (i = 1; i < NV_RAMIN_SC_PDB_VALID__SIZE_1; i++)
		NV_MW_SET(w, NV_RAMIN_SC_PAGE_DIR_BASE_TARGET(i),
			  NV_RAMIN_SC_PAGE_DIR_BASE_TARGET_INVALID);
}

/**
 * tu102_inst_encode - fill an instance block
 * @words: 4 KiB of dwords; overwritten
 * @inst: what it shall say
 */
void tu102_inst_encode(u32 words[TU102_INST_WORDS], const struct tu102_inst *inst)
{
	memset(words, 0, NV_RAMIN_ALLOC_SIZE);
	encode_ramfc(words, inst);
	encode_address_space(words, inst);

	if (inst->has_gr) {
		NV_MW_DEF(words, NV_RAMIN_ENGINE_WFI_TARGET, _LOCAL_MEM);
		NV_MW_DEF(words, NV_RAMIN_ENGINE_WFI_MODE, _PHYSICAL);
		NV_MW_DEF(words, NV_RAMIN_ENGINE_CS, _WFI);
		NV_MW_SET(words, NV_RAMIN_ENGINE_WFI_PTR_LO, inst->gr_ctx >> 12);
		NV_MW_SET(words, NV_RAMIN_ENGINE_WFI_PTR_HI, inst->gr_ctx >> 32);
	}
	if (inst->has_ce) {
		NV_MW_SET(words, NV_RAMIN_ENG_METHOD_BUFFER_ADDR_LO, inst->ce_method_va);
		NV_MW_SET(words, NV_RAMIN_ENG_METHOD_BUFFER_ADDR_HI, inst->ce_method_va >> 32);
	}
}

void tu102_runlist_tsg(u32 entry[TU102_RL_ENTRY_WORDS], unsigned int tsgid, unsigned int channels,
		       unsigned int timeout, unsigned int scale)
{
	memset(entry, 0, NV_RAMRL_ENTRY_SIZE);
	NV_MW_DEF(entry, NV_RAMRL_ENTRY_TYPE, _TSG);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_TSG_TIMESLICE_SCALE, scale);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_TSG_TIMESLICE_TIMEOUT, timeout);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_TSG_LENGTH, channels);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_TSG_TSGID, tsgid);
}

/*
 * Hardware reads instance block and USERD from channel RAM and RAMFC; the copies
 * here must agree with those.
 */
void tu102_runlist_chan(u32 entry[TU102_RL_ENTRY_WORDS], unsigned int chid, u64 inst, u64 userd,
			unsigned int runqueue)
{
	memset(entry, 0, NV_RAMRL_ENTRY_SIZE);
	NV_MW_DEF(entry, NV_RAMRL_ENTRY_TYPE, _CHAN);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_CHAN_RUNQUEUE_SELECTOR, runqueue);
	NV_MW_DEF(entry, NV_RAMRL_ENTRY_CHAN_INST_TARGET, _VID_MEM);
	NV_MW_DEF(entry, NV_RAMRL_ENTRY_CHAN_USERD_TARGET, _SYS_MEM_COHERENT);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_CHAN_USERD_PTR_LO, userd >> 8);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_CHAN_USERD_PTR_HI, userd >> 32);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_CHAN_CHID, chid);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_CHAN_INST_PTR_LO, inst >> 12);
	NV_MW_SET(entry, NV_RAMRL_ENTRY_CHAN_INST_PTR_HI, inst >> 32);
}
