"""Landscapes and descent on them: closed forms, Keras as oracle, the rates that diverge."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from helpers.describe.landscapes import describe_descent
from helpers.landscapes import Bowl, Parabola, TwoWells, best_rate, critical_rate, descend
from helpers.plotting.landscapes import plot_descent, plot_descent_losses, plot_descents

STARTS = {Parabola: 3.5, TwoWells: 3.0, Bowl: (3.5, 1.0)}
LANDSCAPES = list(STARTS)
momenta = st.floats(0, 0.95)
curvatures = st.floats(0.1, 20)


def walk_on(kind, **settings):
    return descend(kind(), STARTS[kind], **{"rate": 0.1, **settings})


@pytest.mark.parametrize("kind", LANDSCAPES)
def test_gradient_is_the_slope_of_the_loss(kind):
    landscape, small = kind(), 1e-6
    position = np.atleast_1d(STARTS[kind]).astype(float)
    for axis, expected in enumerate(landscape.gradient(position)):
        step = np.zeros_like(position)
        step[axis] = small
        slope = (landscape.loss(position + step) - landscape.loss(position - step)) / (2 * small)
        assert slope == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", LANDSCAPES)
def test_lowest_loss_is_zero_at_the_minimum_with_the_stated_curvatures(kind):
    landscape, small = kind(), 1e-4
    bottom = np.array(landscape.minimum)
    assert landscape.loss(bottom) == pytest.approx(0, abs=1e-12)
    assert landscape.gradient(bottom) == pytest.approx(0, abs=1e-9)
    for axis, expected in enumerate(landscape.curvatures):
        step = np.zeros_like(bottom)
        step[axis] = small
        measured = (landscape.loss(bottom + step) + landscape.loss(bottom - step)) / small**2
        assert measured == pytest.approx(expected, rel=1e-4)
    sample = np.random.default_rng(0).uniform(*np.transpose(landscape.view), (500, len(bottom)))
    assert (landscape.loss(sample) >= 0).all()


@pytest.mark.parametrize("kind", LANDSCAPES)
@pytest.mark.parametrize(("rate", "momentum"), [(0.1, 0), (0.05, 0.9), (np.float32(0.02), 0.5)])
def test_walks_as_keras_sgd_does(kind, rate, momentum):
    keras = pytest.importorskip("keras")
    landscape = kind()
    walk = descend(landscape, STARTS[kind], rate=rate, momentum=momentum, steps=30)
    position = keras.Variable(np.atleast_1d(STARTS[kind]), dtype="float64")
    optimizer = keras.optimizers.SGD(float(rate), momentum=float(momentum))
    optimizer.build([position])
    for expected in walk.path[1:]:
        gradient = landscape.gradient(position.numpy())
        optimizer.apply([keras.ops.convert_to_tensor(gradient, dtype="float64")])
        np.testing.assert_allclose(position.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_walk_without_momentum_on_a_parabola_is_geometric():
    walk = descend(Parabola(curvature=2), 5, rate=0.1, steps=40)
    np.testing.assert_allclose(walk.path[:, 0], 5 * 0.8 ** np.arange(41), rtol=1e-12)
    np.testing.assert_allclose(walk.losses, walk.path[:, 0] ** 2, rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(curvatures, momenta, st.floats(0.05, 0.98))
def test_below_the_critical_rate_the_walk_converges(curvature, momentum, share):
    rate = share * critical_rate(curvature, momentum)
    walk = descend(Parabola(curvature), 1, rate=rate, momentum=momentum, steps=4000)
    assert not walk.overflowed
    assert abs(walk.path[-1, 0]) < 1e-3


@settings(deadline=None, max_examples=60)
@given(curvatures, momenta, st.floats(1.02, 3))
def test_above_the_critical_rate_the_walk_diverges(curvature, momentum, share):
    rate = share * critical_rate(curvature, momentum)
    walk = descend(Parabola(curvature), 1, rate=rate, momentum=momentum, steps=4000)
    assert walk.diverged
    assert walk.converged_at(1e-3) is None


@settings(deadline=None, max_examples=60)
@given(curvatures, momenta, st.floats(0.05, 3))
def test_critical_rate_is_where_the_largest_root_leaves_the_unit_circle(curvature, momentum, share):
    assume(abs(share - 1) > 1e-6)
    rate = share * critical_rate(curvature, momentum)
    roots = np.roots([1, -(1 + momentum - rate * curvature), momentum])
    assert (np.abs(roots).max() < 1) == (share < 1)


def test_in_a_bowl_the_largest_curvature_decides():
    assert critical_rate(Bowl(elongation=25).curvatures) == critical_rate(25) == 0.08
    below = descend(Bowl(elongation=25), (3, 1), rate=0.079, steps=1000)
    above = descend(Bowl(elongation=25), (3, 1), rate=0.081, steps=1000)
    assert below.converged_at(1e-6) is not None
    assert above.diverged


def test_best_rate_beats_its_neighbors():
    bowl, best = Bowl(elongation=9), best_rate((1, 9))
    updates = {
        rate: descend(bowl, (1, 1), rate=rate, steps=3000).converged_at(1e-15)
        for rate in (0.8 * best, best, 1.1 * best)
    }
    assert min(updates, key=updates.get) == best


def test_two_wells_hold_a_slow_walk_and_let_momentum_roll_on():
    slow = descend(TwoWells(), 3.5, rate=0.1, steps=300)
    rolling = descend(TwoWells(), 3.5, rate=0.1, momentum=0.9, steps=300)
    assert slow.path[-1, 0] == pytest.approx(1.88, abs=0.02)
    assert slow.converged_at(0.01) is None
    assert rolling.converged_at(0.01) is not None
    # A mild rise between wells is no divergence.
    assert not descend(TwoWells(), -2.5, rate=2.5, steps=3).overflowed


def test_converged_at_counts_to_the_last_time_the_loss_is_above():
    walk = descend(Parabola(), 1, rate=0.1, momentum=0.95, steps=400)
    updates = walk.converged_at(0.01)
    assert (walk.losses[updates:] <= 0.01).all()
    assert walk.losses[updates - 1] > 0.01
    # With momentum the loss was below the tolerance earlier, and rose again.
    assert (walk.losses[: updates - 1] <= 0.01).any()
    assert descend(Parabola(), 0, rate=0.1, steps=5).converged_at(0.01) == 0


@pytest.mark.parametrize("kind", LANDSCAPES)
def test_overflow_ends_the_walk_without_a_warning(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        walk = walk_on(kind, rate=1e3, momentum=0.5, steps=5000)
    assert walk.overflowed
    assert walk.diverged
    assert walk.updates < walk.steps
    assert np.isfinite(walk.path).all()
    assert np.isfinite(walk.losses).all()
    assert walk.converged_at(0.01) is None


@pytest.mark.parametrize(
    ("call", "error", "part"),
    [
        (lambda: Parabola(curvature=0), ValueError, "more than 0"),
        (lambda: Parabola(curvature="1"), TypeError, "a number"),
        (lambda: TwoWells(tilt=1), ValueError, "less than barrier"),
        (lambda: Bowl(elongation=0.5), ValueError, "try 2"),
        (lambda: Bowl().loss([1]), ValueError, "2 number"),
        (lambda: Bowl().loss("here"), TypeError, "one number per dimension"),
        (lambda: descend(Bowl(), 1, rate=0.1), ValueError, "2 number"),
        (lambda: descend(Parabola(), 1, rate=0), ValueError, "rate is 0"),
        (lambda: descend(Parabola(), 1, rate=True), TypeError, "rate is True"),
        (lambda: descend(Parabola(), 1, rate=0.1, momentum=1), ValueError, "below 1"),
        (lambda: descend(Parabola(), 1, rate=0.1, steps=0), ValueError, "1 to 100000"),
        (lambda: descend(Parabola(), 1, rate=0.1, steps=2.5), TypeError, "whole number"),
        (lambda: descend(Parabola(), 1e200, rate=0.1), ValueError, "finite"),
        (lambda: critical_rate([]), ValueError, "empty"),
        (lambda: critical_rate((1, -1)), ValueError, "curvature is -1"),
        (lambda: best_rate(float("nan")), ValueError, "finite"),
        (lambda: walk_on(Parabola).converged_at(0), ValueError, "tolerance"),
    ],
)
def test_wrong_arguments_are_named(call, error, part):
    with pytest.raises(error, match=part):
        call()


def test_numbers_of_all_kinds_are_rates():
    paths = [
        descend(Parabola(), 8, rate=rate, steps=3).path
        for rate in (1, 1.0, np.float32(1), np.int64(1))
    ]
    assert all((path == paths[0]).all() for path in paths)


WALKS = [
    walk_on(kind, **settings)
    for kind in LANDSCAPES
    for settings in (
        {},
        {"rate": 1e-3},
        {"rate": 0.05, "momentum": 0.9, "steps": 200},
        {"rate": 3, "steps": 30},
        {"rate": 1e3, "steps": 500},
    )
] + [descend(Parabola(), 0, rate=0.1), descend(Bowl(), (30, 20), rate=0.01, steps=1)]


@pytest.mark.parametrize("walk", WALKS, ids=repr)
def test_every_walk_can_be_drawn_and_described(walk):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in (plot_descent(walk), plot_descent_losses(walk), plot_descents([walk, walk])):
            assert isinstance(figure, Figure)
            figure.canvas.draw()
    text = describe_descent(walk)
    assert 40 <= len(text) <= 200
    assert text.endswith(".")
    assert f"{walk.rate:.3g}" in text
    assert ("diverge" in text) == walk.diverged


def test_description_has_the_numbers():
    text = describe_descent(descend(Bowl(elongation=10), (3.5, 1), rate=0.1, steps=50))
    for part in ("bowl", "0.1", "update 31", "0.01"):
        assert part in text


def test_plots_use_the_axes_they_are_given():
    own = plot_descent(WALKS[0])
    assert plot_descent(WALKS[0], ax=own.axes[0]) is own
    with pytest.raises(ValueError, match="no descents"):
        plot_descents([])
