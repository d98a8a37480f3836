// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the keyslot manager, on keyslots that exist in memory only.
 *
 * Each test is one way in which what a keyslot is believed to hold could differ
 * from what it holds. The fake hardware below remembers what was done to it and
 * fails where it is told to.
 */

#include <kunit/test.h>
#include <linux/device.h>
#include <linux/keyslot-manager.h>
#include <linux/pm_runtime.h>

#define TEST_SLOTS 2

struct ksm_test {
	struct blk_keyslot_manager ksm;
	struct blk_crypto_key keys[TEST_SLOTS + 1];

	/* what the fake hardware holds, and how it is to behave */
	const struct blk_crypto_key *held[TEST_SLOTS];
	bool program_fails[TEST_SLOTS];
	bool program_refused[TEST_SLOTS];
	bool evict_fails[TEST_SLOTS];
	unsigned int losses_while_programming;

	unsigned int programmed;
	unsigned int evicted;
	unsigned int evicted_unknown;
};

static int ksm_test_program(struct blk_keyslot_manager *ksm,
			    const struct blk_crypto_key *key, unsigned int slot)
{
	struct ksm_test *t = container_of(ksm, struct ksm_test, ksm);

	t->programmed++;
	if (t->program_refused[slot])
		return -EIO;
	t->held[slot] = NULL;
	if (t->program_fails[slot])
		return -EIO;
	t->held[slot] = key;
	if (t->losses_while_programming) {
		t->losses_while_programming--;
		t->held[slot] = NULL;
		blk_ksm_keys_lost(ksm);
	}
	return 0;
}

static int ksm_test_evict(struct blk_keyslot_manager *ksm,
			  const struct blk_crypto_key *key, unsigned int slot)
{
	struct ksm_test *t = container_of(ksm, struct ksm_test, ksm);

	t->evicted++;
	if (!key)
		t->evicted_unknown++;
	if (t->evict_fails[slot])
		return -EIO;
	t->held[slot] = NULL;
	return 0;
}

static const struct blk_ksm_ll_ops ksm_test_ops = {
	.keyslot_program	= ksm_test_program,
	.keyslot_evict		= ksm_test_evict,
};

static struct blk_ksm_keyslot *ksm_test_get(struct kunit *test, int key)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot;

	if (blk_ksm_get_slot_for_key(&t->ksm, &t->keys[key], &slot))
		return NULL;
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, slot);
	return slot;
}

/* Get the key's slot and give it back; true if the hardware held it then. */
static bool ksm_test_use(struct kunit *test, int key)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot = ksm_test_get(test, key);
	bool held;

	if (!slot)
		return false;
	held = t->held[blk_ksm_get_slot_idx(slot)] == &t->keys[key];
	blk_ksm_put_slot(slot);
	return held;
}

static void ksm_test_lose(struct ksm_test *t)
{
	memset(t->held, 0, sizeof(t->held));
	blk_ksm_keys_lost(&t->ksm);
}

static void ksm_key_is_programmed_once(struct kunit *test)
{
	struct ksm_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, t->programmed, 2U);
}

static void ksm_failed_program_forgets_old_key(struct kunit *test)
{
	struct ksm_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));

	/* slot 0 is the one used least recently, so it is what key 2 gets */
	t->program_fails[0] = true;
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 2));

	/* key 0 is in no slot now: whatever it gets must have been programmed */
	t->program_fails[0] = false;
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, t->programmed, 4U);
}

static void ksm_bad_slot_does_not_stop_others(struct kunit *test)
{
	struct ksm_test *t = test->priv;

	t->program_fails[0] = true;
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
}

static void ksm_failed_slot_is_cleared_first(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *other;

	other = ksm_test_get(test, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);

	t->program_fails[1] = true;
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, t->evicted, 0U);

	/* and if that fails, the slot is not programmed */
	t->program_fails[1] = false;
	t->evict_fails[1] = true;
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, t->programmed, 2U);

	t->evict_fails[1] = false;
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, t->evicted_unknown, 2U);

	/* once is enough */
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 2));
	KUNIT_EXPECT_EQ(test, t->evicted_unknown, 2U);
	blk_ksm_put_slot(other);
}

static void ksm_failed_eviction_is_made_up_for(struct kunit *test)
{
	struct ksm_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	t->evict_fails[0] = true;
	KUNIT_EXPECT_NE(test, blk_ksm_evict_key(&t->ksm, &t->keys[0]), 0);
	/* the caller frees the key now, so it must not be found again */
	KUNIT_EXPECT_NE(test, blk_ksm_evict_key(&t->ksm, &t->keys[0]), 0);
	KUNIT_EXPECT_EQ(test, t->evicted_unknown, 1U);

	t->evict_fails[0] = false;
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 2));
	KUNIT_EXPECT_EQ(test, t->evicted_unknown, 2U);
	KUNIT_EXPECT_EQ(test, t->programmed, 3U);
}

static void ksm_eviction_clears_what_others_left(struct kunit *test)
{
	struct ksm_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));

	/* key 0 is found no more, and still there */
	t->program_refused[0] = true;
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 2));
	KUNIT_EXPECT_PTR_EQ(test, t->held[0],
			    (const struct blk_crypto_key *)&t->keys[0]);

	t->evict_fails[0] = true;
	KUNIT_EXPECT_NE(test, blk_ksm_evict_key(&t->ksm, &t->keys[0]), 0);
	t->evict_fails[0] = false;
	KUNIT_EXPECT_EQ(test, blk_ksm_evict_key(&t->ksm, &t->keys[0]), 0);
	KUNIT_EXPECT_PTR_EQ(test, t->held[0],
			    (const struct blk_crypto_key *)NULL);
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));
	KUNIT_EXPECT_EQ(test, t->programmed, 3U);
}

static void ksm_eviction_spares_slots_in_use(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot;

	t->ksm.restores_at_issue = true;
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));
	t->program_fails[1] = true;
	slot = ksm_test_get(test, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot);

	/* a request waits for it, and clears it first */
	KUNIT_EXPECT_EQ(test, blk_ksm_evict_key(&t->ksm, &t->keys[1]), 0);
	KUNIT_EXPECT_EQ(test, t->evicted_unknown, 0U);
	t->program_fails[1] = false;
	KUNIT_EXPECT_GE(test, blk_ksm_restore_slot(slot), 0);
	KUNIT_EXPECT_EQ(test, t->evicted_unknown, 1U);
	blk_ksm_put_slot(slot);
}

static void ksm_evicted_slot_is_clear(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot;

	t->ksm.restores_at_issue = true;
	t->program_fails[0] = true;
	slot = ksm_test_get(test, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot);
	blk_ksm_put_slot(slot);
	t->program_fails[0] = false;

	/* what that may have left is gone with the eviction */
	KUNIT_EXPECT_EQ(test, blk_ksm_evict_key(&t->ksm, &t->keys[0]), 0);
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 2));
	KUNIT_EXPECT_EQ(test, t->evicted, 1U);
}

static void ksm_lost_key_is_restored_when_idle(struct kunit *test)
{
	struct ksm_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));
	ksm_test_lose(t);
	KUNIT_EXPECT_EQ(test, t->programmed, 2U);
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	/* once, and only the one that was used */
	KUNIT_EXPECT_EQ(test, t->programmed, 3U);
}

static void ksm_lost_key_is_restored_by_holder(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot;

	t->ksm.restores_at_issue = true;
	slot = ksm_test_get(test, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot);
	ksm_test_lose(t);

	/* the hardware may be using the slot, so a second user leaves it alone */
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, t->programmed, 1U);

	t->program_fails[0] = true;
	KUNIT_EXPECT_LT(test, blk_ksm_restore_slot(slot), 0);
	t->program_fails[0] = false;
	KUNIT_EXPECT_GE(test, blk_ksm_restore_slot(slot), 0);
	KUNIT_EXPECT_PTR_EQ(test, t->held[0],
			    (const struct blk_crypto_key *)&t->keys[0]);
	KUNIT_EXPECT_GE(test, blk_ksm_restore_slot(slot), 0);
	KUNIT_EXPECT_EQ(test, t->programmed, 3U);
	blk_ksm_put_slot(slot);
}

static void ksm_lost_key_is_restored_for_second_user(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot = ksm_test_get(test, 0);

	/* a driver that does not look again when it issues the request */
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot);
	t->program_fails[0] = true;
	blk_ksm_reprogram_all_keys(&t->ksm);
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 0));
	t->program_fails[0] = false;
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	blk_ksm_put_slot(slot);
}

static void ksm_loss_while_programming_counts(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot;

	t->losses_while_programming = 1;
	slot = ksm_test_get(test, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot);

	KUNIT_EXPECT_GE(test, blk_ksm_restore_slot(slot), 0);
	KUNIT_EXPECT_PTR_EQ(test, t->held[0],
			    (const struct blk_crypto_key *)&t->keys[0]);
	KUNIT_EXPECT_EQ(test, t->programmed, 2U);

	/* nor does a request go on with what was lost while it was restored */
	ksm_test_lose(t);
	t->losses_while_programming = 1;
	KUNIT_EXPECT_GE(test, blk_ksm_restore_slot(slot), 0);
	KUNIT_EXPECT_PTR_EQ(test, t->held[0],
			    (const struct blk_crypto_key *)&t->keys[0]);
	KUNIT_EXPECT_EQ(test, t->programmed, 4U);

	/* but it does not wait for ever */
	ksm_test_lose(t);
	t->losses_while_programming = UINT_MAX;
	KUNIT_EXPECT_LT(test, blk_ksm_restore_slot(slot), 0);
	blk_ksm_put_slot(slot);
}

static void ksm_failed_reprogramming_is_retried(struct kunit *test)
{
	struct ksm_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));

	t->program_fails[0] = true;
	blk_ksm_reprogram_all_keys(&t->ksm);
	KUNIT_EXPECT_EQ(test, t->programmed, 4U);
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));

	t->program_fails[0] = false;
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, t->programmed, 6U);
}

static void ksm_request_may_wait_for_its_key(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot;

	/* what cannot be programmed when it is submitted is so when issued */
	t->ksm.restores_at_issue = true;
	t->program_fails[0] = true;
	slot = ksm_test_get(test, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot);
	KUNIT_EXPECT_LT(test, blk_ksm_restore_slot(slot), 0);
	t->program_fails[0] = false;
	KUNIT_EXPECT_GE(test, blk_ksm_restore_slot(slot), 0);
	KUNIT_EXPECT_PTR_EQ(test, t->held[0],
			    (const struct blk_crypto_key *)&t->keys[0]);

	/* nor is it refused if the key was lost, and no slot takes it */
	blk_ksm_put_slot(slot);
	ksm_test_lose(t);
	t->program_fails[0] = true;
	t->program_fails[1] = true;
	slot = ksm_test_get(test, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot);
	t->program_fails[0] = false;
	t->program_fails[1] = false;
	KUNIT_EXPECT_GE(test, blk_ksm_restore_slot(slot), 0);
	KUNIT_EXPECT_PTR_EQ(test, t->held[blk_ksm_get_slot_idx(slot)],
			    (const struct blk_crypto_key *)&t->keys[0]);
	blk_ksm_put_slot(slot);
}

static void ksm_key_moves_from_bad_slot(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot, *other;

	t->ksm.restores_at_issue = true;
	t->program_fails[0] = true;
	slot = ksm_test_get(test, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot);
	KUNIT_EXPECT_LT(test, blk_ksm_restore_slot(slot), 0);

	/* not while it is used by somebody, who may have it restored yet */
	other = ksm_test_get(test, 0);
	KUNIT_EXPECT_PTR_EQ(test, other, slot);
	blk_ksm_put_slot(other);
	blk_ksm_put_slot(slot);

	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_PTR_EQ(test, t->held[1],
			    (const struct blk_crypto_key *)&t->keys[0]);
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
}

/* One case runs at a time. */
static bool ksm_test_resume_fails;

static int ksm_test_resume(struct device *dev)
{
	return ksm_test_resume_fails ? -EIO : 0;
}

static const struct dev_pm_ops ksm_test_pm_ops = {
	.runtime_resume	= ksm_test_resume,
};

static const struct device_type ksm_test_device_type = {
	.name	= "ksm-test",
	.pm	= &ksm_test_pm_ops,
};

/* Whether the device resumes from now on, whatever it did before. */
static void ksm_test_set_resume(struct device *dev, bool fails)
{
	ksm_test_resume_fails = fails;
	pm_runtime_disable(dev);
	pm_runtime_set_suspended(dev);
	pm_runtime_enable(dev);
}

static void ksm_sleeping_device_is_not_called(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct device *dev = root_device_register("ksm-test");

	if (IS_ERR(dev)) {
		KUNIT_FAIL(test, "no device: %ld", PTR_ERR(dev));
		return;
	}
	dev->type = &ksm_test_device_type;
	pm_runtime_enable(dev);
	t->ksm.dev = dev;

	ksm_test_set_resume(dev, true);
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, t->programmed, 0U);
	ksm_test_set_resume(dev, false);
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, t->programmed, 1U);

	ksm_test_set_resume(dev, true);
	KUNIT_EXPECT_NE(test, blk_ksm_evict_key(&t->ksm, &t->keys[0]), 0);
	KUNIT_EXPECT_EQ(test, t->evicted, 0U);
	/* which is made up for before the keyslot gets another key */
	ksm_test_set_resume(dev, false);
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 1));
	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 2));
	KUNIT_EXPECT_EQ(test, t->evicted_unknown, 1U);

	t->ksm.dev = NULL;
	pm_runtime_disable(dev);
	dev->type = NULL;
	root_device_unregister(dev);
}

static void ksm_detached_touches_nothing(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_ksm_keyslot *slot;

	KUNIT_EXPECT_TRUE(test, ksm_test_use(test, 0));
	slot = ksm_test_get(test, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, slot);

	blk_ksm_detach(&t->ksm);
	KUNIT_EXPECT_EQ(test, t->evicted, 2U);
	KUNIT_EXPECT_PTR_EQ(test, t->held[0], (const struct blk_crypto_key *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, t->held[1], (const struct blk_crypto_key *)NULL);

	KUNIT_EXPECT_LT(test, blk_ksm_restore_slot(slot), 0);
	blk_ksm_put_slot(slot);
	KUNIT_EXPECT_FALSE(test, ksm_test_use(test, 0));
	KUNIT_EXPECT_EQ(test, blk_ksm_evict_key(&t->ksm, &t->keys[0]), 0);
	KUNIT_EXPECT_EQ(test, blk_ksm_evict_key(&t->ksm, &t->keys[1]), 0);
	blk_ksm_detach(&t->ksm);

	KUNIT_EXPECT_EQ(test, t->programmed, 2U);
	KUNIT_EXPECT_EQ(test, t->evicted, 2U);
}

static void ksm_uninitialized_can_be_destroyed(struct kunit *test)
{
	struct ksm_test *t = test->priv;
	struct blk_keyslot_manager *zeroed;

	zeroed = kunit_kzalloc(test, sizeof(*zeroed), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, zeroed);
	blk_ksm_keys_lost(zeroed);
	blk_ksm_detach(zeroed);
	blk_ksm_destroy(zeroed);
	KUNIT_EXPECT_PTR_EQ(test, (void *)zeroed->slots, NULL);

	/* nor does a second time do harm */
	blk_ksm_destroy(&t->ksm);
	KUNIT_EXPECT_PTR_EQ(test, (void *)t->ksm.slots, NULL);
}

static int ksm_test_init(struct kunit *test)
{
	struct ksm_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	err = blk_ksm_init(&t->ksm, TEST_SLOTS);
	if (err)
		return err;
	t->ksm.ksm_ll_ops = ksm_test_ops;
	test->priv = t;
	return 0;
}

static void ksm_test_exit(struct kunit *test)
{
	struct ksm_test *t = test->priv;

	blk_ksm_destroy(&t->ksm);
}

static struct kunit_case ksm_test_cases[] = {
	KUNIT_CASE(ksm_key_is_programmed_once),
	KUNIT_CASE(ksm_failed_program_forgets_old_key),
	KUNIT_CASE(ksm_bad_slot_does_not_stop_others),
	KUNIT_CASE(ksm_failed_slot_is_cleared_first),
	KUNIT_CASE(ksm_failed_eviction_is_made_up_for),
	KUNIT_CASE(ksm_eviction_clears_what_others_left),
	KUNIT_CASE(ksm_eviction_spares_slots_in_use),
	KUNIT_CASE(ksm_evicted_slot_is_clear),
	KUNIT_CASE(ksm_lost_key_is_restored_when_idle),
	KUNIT_CASE(ksm_lost_key_is_restored_by_holder),
	KUNIT_CASE(ksm_lost_key_is_restored_for_second_user),
	KUNIT_CASE(ksm_loss_while_programming_counts),
	KUNIT_CASE(ksm_failed_reprogramming_is_retried),
	KUNIT_CASE(ksm_request_may_wait_for_its_key),
	KUNIT_CASE(ksm_key_moves_from_bad_slot),
	KUNIT_CASE(ksm_sleeping_device_is_not_called),
	KUNIT_CASE(ksm_detached_touches_nothing),
	KUNIT_CASE(ksm_uninitialized_can_be_destroyed),
	{}
};

static struct kunit_suite ksm_test_suite = {
	.name = "blk-keyslot-manager",
	.init = ksm_test_init,
	.exit = ksm_test_exit,
	.test_cases = ksm_test_cases,
};

kunit_test_suites(&ksm_test_suite);
