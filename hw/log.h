/* SPDX-License-Identifier: MIT */
/*
 * The log in three classes:
 *   ok            what a trace of normal work shows (off unless asked for)
 *   guest error   the guest did something the hardware forbids
 *   unimplemented the guest did something legal that the model lacks
 * Guest input ends here, never in an assertion.
 */
#ifndef HW_LOG_H
#define HW_LOG_H

enum log_class { LOG_OK, LOG_GUEST_ERROR, LOG_UNIMPLEMENTED, LOG_CLASSES };

/* @path: file to append to, or NULL for stderr. @mask: bit per enum log_class. */
int log_open(const char *path, unsigned int mask);
void log_close(void);
/* Lines written so far in @class, whether or not it is shown. */
unsigned long log_count(enum log_class cls);
void log_line(enum log_class cls, const char *unit, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

extern unsigned int log_mask;

#define log_ok(unit, ...) \
	do { if (log_mask & (1u << LOG_OK)) log_line(LOG_OK, unit, __VA_ARGS__); } while (0)
#define log_guest_error(unit, ...) log_line(LOG_GUEST_ERROR, unit, __VA_ARGS__)
#define log_unimp(unit, ...) log_line(LOG_UNIMPLEMENTED, unit, __VA_ARGS__)

#endif
