// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of when MediaTek's engine is used, on a clock that fails when told to.
 *
 * Included by mtk-sd-crypto.c.
 */

#include <linux/clk-provider.h>

#include <kunit/test.h>

struct fake {
	struct clk_hw hw;
	int error;
	unsigned int running;
	struct device *dev;
	struct resource window;
	struct platform_device *pdev;
	struct mmc_host *mmc;
	struct cqhci_host *cq_host;
	struct msdc_crypto crypto;
};

static int fake_clk_enable(struct clk_hw *hw)
{
	struct fake *fake = container_of(hw, struct fake, hw);

	if (!fake->error)
		fake->running++;
	return fake->error;
}

static void fake_clk_disable(struct clk_hw *hw)
{
	container_of(hw, struct fake, hw)->running--;
}

static const struct clk_ops fake_clk_ops = {
	.enable = fake_clk_enable,
	.disable = fake_clk_disable,
};

static int fake_init(struct kunit *test)
{
	static const struct clk_init_data data = {
		.name = "mtk-sd-crypto-test",
		.ops = &fake_clk_ops,
	};
	struct fake *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	int err;

	if (!fake)
		return -ENOMEM;
	fake->mmc = kunit_kzalloc(test, sizeof(*fake->mmc), GFP_KERNEL);
	fake->cq_host = kunit_kzalloc(test, sizeof(*fake->cq_host), GFP_KERNEL);
	fake->pdev = kunit_kzalloc(test, sizeof(*fake->pdev), GFP_KERNEL);
	if (!fake->mmc || !fake->cq_host || !fake->pdev)
		return -ENOMEM;
	/* As cqhci_crypto_init() does */
	mutex_init(&fake->cq_host->crypto_lock);

	fake->window = (struct resource)DEFINE_RES_MEM(0x11230000, 0x1000);
	fake->pdev->resource = &fake->window;
	fake->pdev->num_resources = 1;

	fake->dev = root_device_register(data.name);
	if (IS_ERR(fake->dev))
		return PTR_ERR(fake->dev);
	fake->mmc->parent = fake->dev;

	fake->hw.init = &data;
	err = clk_hw_register(NULL, &fake->hw);
	if (err) {
		root_device_unregister(fake->dev);
		return err;
	}

	fake->crypto.clk = fake->hw.clk;
	test->priv = fake;
	return 0;
}

static void fake_exit(struct kunit *test)
{
	struct fake *fake = test->priv;

	if (!fake)
		return;
	clk_hw_unregister(&fake->hw);
	root_device_unregister(fake->dev);
}

static void no_clock_no_engine(struct kunit *test)
{
	struct fake *fake = test->priv;

	fake->crypto.clk = NULL;
	msdc_crypto_start(&fake->crypto, fake->dev);
	msdc_crypto_setup(&fake->crypto, fake->pdev, fake->mmc,
			  fake->cq_host, 0x800);
	KUNIT_EXPECT_FALSE(test, fake->mmc->caps2 & MMC_CAP2_CRYPTO);
	/* It is as if nothing were there, and nothing is said of it. */
	KUNIT_EXPECT_TRUE(test, !fake->mmc->crypto_obstacle);
	msdc_crypto_stop(&fake->crypto);
}

static void engine_with_clock(struct kunit *test)
{
	struct fake *fake = test->priv;

	msdc_crypto_start(&fake->crypto, fake->dev);
	KUNIT_EXPECT_EQ(test, fake->running, 1u);
	msdc_crypto_setup(&fake->crypto, fake->pdev, fake->mmc,
			  fake->cq_host, 0x800);
	KUNIT_EXPECT_TRUE(test, fake->mmc->caps2 & MMC_CAP2_CRYPTO);
	KUNIT_EXPECT_EQ(test, fake->cq_host->mmio_size, (resource_size_t)0x800);
	KUNIT_EXPECT_FALSE(test, fake->cq_host->crypto_off);

	msdc_crypto_stop(&fake->crypto);
	KUNIT_EXPECT_EQ(test, fake->running, 0u);
}

/* Registers that would be beyond the window are not reached for. */
static void window_too_small(struct kunit *test)
{
	struct fake *fake = test->priv;

	msdc_crypto_start(&fake->crypto, fake->dev);
	fake->window.end = fake->window.start + 0x5ff;
	msdc_crypto_setup(&fake->crypto, fake->pdev, fake->mmc,
			  fake->cq_host, 0x800);
	KUNIT_EXPECT_EQ(test, fake->cq_host->mmio_size, (resource_size_t)0);
	msdc_crypto_stop(&fake->crypto);
}

static void clock_fails_at_probe(struct kunit *test)
{
	struct fake *fake = test->priv;

	fake->error = -EIO;
	msdc_crypto_start(&fake->crypto, fake->dev);
	msdc_crypto_setup(&fake->crypto, fake->pdev, fake->mmc,
			  fake->cq_host, 0x800);
	KUNIT_EXPECT_FALSE(test, fake->mmc->caps2 & MMC_CAP2_CRYPTO);
	KUNIT_EXPECT_TRUE(test, fake->mmc->crypto_obstacle);

	/* What was not started is not stopped. */
	msdc_crypto_stop(&fake->crypto);
	KUNIT_EXPECT_EQ(test, fake->running, 0u);
}

static void clock_fails_at_resume(struct kunit *test)
{
	struct fake *fake = test->priv;

	msdc_crypto_start(&fake->crypto, fake->dev);
	msdc_crypto_setup(&fake->crypto, fake->pdev, fake->mmc,
			  fake->cq_host, 0x800);
	msdc_crypto_stop(&fake->crypto);
	KUNIT_EXPECT_TRUE(test, fake->cq_host->crypto_off);

	fake->error = -EIO;
	msdc_crypto_start(&fake->crypto, fake->dev);
	KUNIT_EXPECT_TRUE(test, fake->cq_host->crypto_off);
	msdc_crypto_stop(&fake->crypto);
	KUNIT_EXPECT_EQ(test, fake->running, 0u);

	/* And the next time it comes back. */
	fake->error = 0;
	msdc_crypto_start(&fake->crypto, fake->dev);
	KUNIT_EXPECT_FALSE(test, fake->cq_host->crypto_off);
	KUNIT_EXPECT_EQ(test, fake->running, 1u);
	msdc_crypto_stop(&fake->crypto);
}

static struct kunit_case msdc_crypto_test_cases[] = {
	KUNIT_CASE(no_clock_no_engine),
	KUNIT_CASE(engine_with_clock),
	KUNIT_CASE(window_too_small),
	KUNIT_CASE(clock_fails_at_probe),
	KUNIT_CASE(clock_fails_at_resume),
	{}
};

static struct kunit_suite msdc_crypto_test_suite = {
	.name = "mtk-sd-crypto",
	.init = fake_init,
	.exit = fake_exit,
	.test_cases = msdc_crypto_test_cases,
};

kunit_test_suites(&msdc_crypto_test_suite);
