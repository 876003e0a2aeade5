"""Landscapes and walks: gradients by differences, descent in closed form, chance by counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.landscapes import (
    Basins,
    Bowl,
    Parabola,
    critical_rate,
    descend,
    hop,
)
from helpers.schedules import Constant, Cosine, WarmRestarts

LANDSCAPES = [Parabola(3.0), Bowl(7.0), Basins(), Basins((1, 3, 2), (2, 1, 4))]


@pytest.mark.parametrize("landscape", LANDSCAPES, ids=str)
def test_gradients_are_the_slopes_of_the_loss(landscape):
    draw, small = np.random.default_rng(0), 1e-6
    low, high = np.transpose(landscape.view) * 1.2
    for place in draw.uniform(low, high, (200, landscape.dimensions)):
        for axis, step in enumerate(np.eye(landscape.dimensions) * small):
            slope = (landscape.loss(place + step) - landscape.loss(place - step)) / (2 * small)
            assert landscape.gradient(place)[axis] == pytest.approx(slope, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("landscape", LANDSCAPES, ids=str)
def test_the_lowest_loss_is_zero_at_the_minimum_and_curved_as_told(landscape):
    bottom, small = np.array(landscape.minimum), 1e-4
    assert landscape.loss(bottom) == pytest.approx(0, abs=1e-12)
    low, high = np.transpose(landscape.view)
    places = np.random.default_rng(1).uniform(low, high, (5000, landscape.dimensions))
    assert landscape.loss(places).shape == (5000,)
    assert (landscape.loss(places) >= -1e-12).all()
    for axis, curvature in enumerate(landscape.curvatures):
        step = np.eye(landscape.dimensions)[axis] * small
        slope = landscape.gradient(bottom + step)[axis] - landscape.gradient(bottom - step)[axis]
        assert slope / (2 * small) == pytest.approx(curvature, rel=1e-4)


@given(st.floats(0.1, 20), st.floats(0.001, 0.3), st.floats(0, 0.95), st.floats(-4, 4))
def test_a_walk_follows_the_update_rule(curvature, rate, momentum, start):
    walk = descend(Parabola(curvature), start, rate=rate, momentum=momentum, steps=12)
    x, velocity = start, 0.0
    for position in walk.path[1:, 0]:
        velocity = momentum * velocity - rate * curvature * x
        x += velocity
        assert position == pytest.approx(x, rel=1e-9, abs=1e-9)


@given(st.floats(0.1, 50), st.floats(0, 0.9))
def test_descent_diverges_beyond_the_critical_rate_and_only_there(curvature, momentum):
    limit = critical_rate(curvature, momentum)
    below, above = (
        descend(Parabola(curvature), 1.0, rate=factor * limit, momentum=momentum, steps=3000)
        for factor in (0.97, 1.03)
    )
    assert below.losses[-1] < 1e-3 * below.losses[0]
    assert above.diverged


def test_a_walk_that_overflows_ends_without_a_warning():
    walk = descend(Parabola(1.0), 1.0, rate=1e10, steps=100)
    assert walk.diverged
    assert len(walk.losses) < 101
    assert np.isfinite(walk.losses).all()
    assert walk.converged_at() is None


@pytest.mark.parametrize("rate", [0, -1, np.nan, "0.1"])
def test_rates_that_go_nowhere_are_refused(rate):
    with pytest.raises((TypeError, ValueError)):
        descend(Parabola(), 1.0, rate=rate)


def test_trials_meet_the_same_noise_whatever_the_schedule():
    options = {"steps": 30, "trials": 50, "noise": 1.0, "seed": 4}
    still = hop(Basins(), Constant(0.0), **options)
    moved = hop(Basins(), Constant(0.01), **options)
    starts = still.positions[-1]
    noise = np.random.default_rng([4, 1])
    x = starts[:, None]
    for _ in range(30):
        x = x - 0.01 * (Basins().gradient(x) + noise.standard_normal((50, 1)))
    np.testing.assert_allclose(moved.positions[-1], x[:, 0])


def test_a_walk_begins_at_a_place():
    with pytest.raises(ValueError, match="start"):
        hop(Basins(), Constant(0.1), steps=10, trials=5, noise=1.0, start=np.nan)


def test_checkpoints_are_the_ends_of_cycles_or_what_is_asked_for():
    options = {"steps": 60, "trials": 20, "noise": 1.0}
    assert hop(Basins(), WarmRestarts(0.3, 20), **options).updates == (20, 40, 60)
    assert hop(Basins(), Cosine(0.3, 60), checkpoints=(10, 40), **options).updates == (10, 40, 60)


def test_shares_are_counts_with_wilsons_interval_and_the_best_checkpoint_is_the_lowest():
    hops = hop(Basins(), WarmRestarts(0.4, 100), steps=300, trials=400, noise=2.0, seed=1)
    share, low, high = hops.share()
    count = int((hops.basins() == 2).sum())
    assert share == count / 400
    z = stats.norm.ppf(0.975)
    middle = (share + z**2 / 800) / (1 + z**2 / 400)
    half = z * np.sqrt(share * (1 - share) / 400 + z**2 / 640_000) / (1 + z**2 / 400)
    assert (low, high) == pytest.approx((middle - half, middle + half))
    losses = hops.landscape.loss(hops.positions[..., None])
    chosen = hops.positions[losses.argmin(axis=0), np.arange(400)]
    assert hops.basins("best").tolist() == hops.landscape.basin(chosen[:, None]).tolist()


def test_two_schedules_are_compared_trial_by_trial():
    options = {"steps": 200, "trials": 300, "noise": 2.0, "start": -3.0}
    a, b = hop(Basins(), Cosine(0.4, 200), **options), hop(Basins(), Constant(0.02), **options)
    paired = a.against(b)
    wanted = a.in_deepest().mean() - b.in_deepest().mean()
    assert paired.mean == pytest.approx(wanted)
    assert paired.winner == "first"
    with pytest.raises(ValueError, match="Only the schedule"):
        a.against(hop(Basins(), Constant(0.02), **options | {"seed": 1}))
