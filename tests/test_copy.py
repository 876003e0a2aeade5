"""What the README says about copying: schedules alone run with keras, tensorflow and NumPy only."""

import os
import shutil
import subprocess
import sys

import pytest

from helpers.environment import ROOT
from tests.weekly import rest_weekly

BLOCKED = ("pandas", "matplotlib", "scipy", "sklearn", "PIL", "ipywidgets", "helpers")
TRY = """
import sys
sys.modules.update(dict.fromkeys({blocked}))  # None: an import of it fails
import {module}schedules as schedules
import numpy as np
assert "keras" not in sys.modules, "schedules alone import Keras"
cycle = schedules.OneCycle(0.1, 4)
plan = schedules.plan_cycles(4, 1, epochs=2)
import keras
from {package} import keras_schedules
sgd = keras.optimizers.SGD(cycle.to_keras(), momentum=0.9)
sgd = keras_schedules.cycle_momentum(sgd, schedules.OppositeMomentum(cycle))
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile(sgd, "mse")
model.fit(np.ones((2, 1)), np.ones(2), 1, verbose=0)
model.save("model.keras")
loaded = keras.saving.load_model("model.keras").optimizer
assert np.isclose(float(loaded.learning_rate), cycle(2), rtol=1e-6)
print("copied, trained, loaded")
"""


@pytest.mark.parametrize("package", rest_weekly(["mine", ""]))
def test_a_copy_of_the_schedules_runs_alone(package, tmp_path):
    """Beside the program, or in a package of its own."""
    place = tmp_path / package
    shutil.copytree(ROOT / "helpers" / "schedules", place / "schedules")
    shutil.copy(ROOT / "helpers" / "keras_schedules.py", place)
    code = TRY.format(blocked=BLOCKED, module=f"{package}." if package else "", package=package)
    code = code.replace("from  import", "import")
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=settings, capture_output=True, text=True
    )
    assert done.stdout == "copied, trained, loaded\n", done.stderr
