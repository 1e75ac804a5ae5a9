// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Which fail point fails: fail_at in debugfs of the device. A number n written to it
 * starts the count anew and makes the n-th point from then on fail, once; 0 only
 * counts. Reading gives "<points passed> <failed 0|1> <where>".
 */
#include <linux/debugfs.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "nouveau_fail.h"

static DEFINE_SPINLOCK(fail_lock);	/* leaf, any context */
static u64 fail_seen, fail_at;
static bool fail_done;
static char fail_where[64];

bool nouveau_fail_now(const char *func, int line)
{
	unsigned long flags;
	bool hit;

	spin_lock_irqsave(&fail_lock, flags);
	hit = ++fail_seen == fail_at;
	if (hit) {
		fail_done = true;
		snprintf(fail_where, sizeof(fail_where), "%s:%d", func, line);
	}
	spin_unlock_irqrestore(&fail_lock, flags);
	return hit;
}

static ssize_t fail_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	char text[128];
	int n;

	spin_lock_irq(&fail_lock);
	n = scnprintf(text, sizeof(text), "%llu %d %s\n", fail_seen, fail_done, fail_where);
	spin_unlock_irq(&fail_lock);
	return simple_read_from_buffer(buf, count, pos, text, n);
}

static ssize_t fail_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	u64 n;
	int err = kstrtou64_from_user(buf, count, 0, &n);

	if (err)
		return err;
	spin_lock_irq(&fail_lock);
	fail_seen = 0;
	fail_at = n;
	fail_done = false;
	fail_where[0] = 0;
	spin_unlock_irq(&fail_lock);
	return count;
}

static const struct file_operations fail_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = fail_read,
	.write = fail_write,
};

void nouveau_fail_debugfs_init(struct dentry *root)
{
	debugfs_create_file("fail_at", 0600, root, NULL, &fail_fops);
}
