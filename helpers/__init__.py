"""Helpers of the learning-rate course: choose and vary a learning rate in Keras 3.

Data flows one way; nothing left of an arrow imports anything right of it::

    data -> models -> training -> results -> plotting, describe -> explorers

===============  =========================================================  ================
module           what it is for                                             needs TensorFlow
===============  =========================================================  ================
session          start and report on a lesson's session                     when started
data             image data sets as seeded, stratified splits               no
models           the course's small networks and frozen bases               yes
schedules        step -> learning rate, as pure NumPy functions             no
landscapes       loss curves and bowls small enough to draw                 no
training         sweep rates or compare schedules, tracing once             yes
results          frozen records: tables, verdicts, save and load            no
plotting         record -> matplotlib figure                                no
describe         record -> one sentence (alt text, captions)                no
explorers        controls around plotting and describe                      no
checks           exercise checks and bands for measured claims              no
experiments      what is too large for a lesson and is stored instead       when run
environment      find or make the Python environment of the course          no
===============  =========================================================  ================

Importing this package imports none of them.
"""

__version__ = "0.1.0"
