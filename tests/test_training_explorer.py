"""*Run* and *Stop* around the real engine, without an event loop and with one."""

import asyncio

import ipywidgets as widgets
import pytest

from helpers.describe.runs import describe_histories
from helpers.explorers import TrainingExplorer
from helpers.plotting.runs import plot_histories
from helpers.plotting.style import new_figure
from helpers.schedules import Constant
from helpers.training import iterate
from tests.test_training import TRAIN, VALIDATION, build_model


def explorer_over_the_engine(epochs):
    def work(rate):
        named = {rate: Constant(rate)}
        return iterate(build_model, named, TRAIN, VALIDATION, epochs=epochs, seeds=(0, 1))

    def draw(results, rate):
        return plot_histories(results[-1]) if results else new_figure()[0]

    def describe(results, rate):
        return describe_histories(results[-1]) if results else "Nothing has been trained yet."

    rate = widgets.FloatLogSlider(value=0.1, min=-3, max=0, description="learning rate")
    return TrainingExplorer("Engine", {"rate": rate}, work, draw, describe)


def test_runs_overlay_without_an_event_loop():
    explorer = explorer_over_the_engine(epochs=1)
    explorer.run()
    explorer.controls["rate"].value = 0.01
    explorer.run()
    assert [runs.labels for runs in explorer.results] == [[0.1], [pytest.approx(0.01)]]
    assert [len(runs) for runs in explorer.results] == [2, 2]
    assert "validation accuracy" in explorer.text
    explorer.close()


def test_stop_in_an_event_loop_keeps_what_is_finished():
    async def press_run_then_stop():
        explorer = explorer_over_the_engine(epochs=60)
        explorer.run()
        while "run 2 of 2" not in explorer.progress_text:
            await asyncio.sleep(0.05)
        explorer.stop()
        while explorer.running:
            await asyncio.sleep(0.05)
        (runs,) = explorer.results
        explorer.close()
        return runs, [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    runs, tasks_left = asyncio.run(press_run_then_stop())
    assert runs.seeds == [0]
    assert len(runs.run(0.1, 0).updates) == 60
    assert tasks_left == []
