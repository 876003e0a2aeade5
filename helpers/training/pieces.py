"""Compiled work in pieces of about 0.3 seconds, so that control returns to Python in between."""

import time

import tensorflow as tf

PIECE_SECONDS = 0.3


class Pace:
    """How many steps take about 0.3 seconds, learned from the pieces so far."""

    def __init__(self):
        self.steps = 1
        self._traced = False

    def timed(self, piece):
        """Run a piece; return `(steps done, finite)` as Python values."""
        began = time.perf_counter()
        done, finite = piece()
        done, finite = int(done), bool(finite)
        seconds = time.perf_counter() - began
        # The first call traces, which says nothing about the steps.
        if self._traced and done:
            fits = int(PIECE_SECONDS * done / max(seconds, 1e-9))
            # Growing slowly keeps one lucky measurement from making a piece that takes seconds.
            self.steps = max(1, min(fits, 8 * self.steps))
        elif done:
            self._traced, self.steps = True, 8
        return done, finite


def as_fit_runs(step, model):
    """Return `batch -> logs` as `fit` would run it: not rewritten, by XLA if compiled for it."""
    step = tf.autograph.experimental.do_not_convert(step)
    if model.jit_compile and not model.run_eagerly:
        return tf.function(step, reduce_retracing=True, jit_compile=True)
    return step
