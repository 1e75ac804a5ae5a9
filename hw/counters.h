/* SPDX-License-Identifier: MIT */
/* Event counters, printed as JSON at exit. Relaxed atomics: any thread may count. */
#ifndef HW_COUNTERS_H
#define HW_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

/* One X() line per counter: identifier, which is also its JSON key. */
#define COUNTERS(X) \
	X(mmio_reads) X(mmio_writes) X(msi_raised) X(doorbells) \
	X(tlb_hits) X(tlb_misses) X(tlb_invalidates) X(tlb_entries_invalidated) \
	X(tlb_stale_entries) \
	X(faults_replayable) X(faults_non_replayable) X(faults_gr) X(faults_ce) X(faults_host) \
	X(faults_dropped) X(fault_buffer_overflows) X(replays) X(cancels) X(faults_cancelled) \
	X(remote_accesses) X(access_notifications) X(access_notify_full) \
	X(ce_launches) X(ce_bytes_h2d) X(ce_bytes_d2h) X(ce_bytes_d2d) X(ce_bytes_h2h) X(ce_bytes_fill) \
	X(gp_entries) X(methods) X(host_semaphores) X(ctx_switches) X(channel_errors) \
	X(launches) X(ctas) X(warp_instructions) X(lane_instructions) X(warp_parks) X(sm_exceptions)

struct counters {
#define X(name) _Atomic uint64_t name;
	COUNTERS(X)
#undef X
};

#define count_add(gpu, name, n) \
	atomic_fetch_add_explicit(&(gpu)->counters.name, (n), memory_order_relaxed)
#define count(gpu, name) count_add(gpu, name, 1)

/* Writes all counters to @path as one JSON object. Returns 0 or -errno. */
int counters_write_json(const struct counters *c, const char *path);

#endif
