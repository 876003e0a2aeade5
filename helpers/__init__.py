"""Helpers of the learning-rate course: choose and vary a learning rate in Keras 3.

Data flows one way; nothing left of an arrow imports anything right of it::

    data -> models -> training, range_test -> results -> plotting -> explorers

================  ========================================================  ================
module            what it is for                                            needs TensorFlow
================  ========================================================  ================
schedules         step -> learning rate, as pure NumPy functions            no
keras_schedules   the same formulas in the graph of Keras, and momentum     yes
range_test        one run with a rising rate, and the model as it was       yes
training          sweep rates or compare schedules, tracing once            yes
layerwise         one optimizer, a rate for each group of layers            yes
results           records: tables, intervals, rules, save and load          no
plotting          record -> figure with its sentence                        no
explorers         controls around figures                                   when run
data, models      image data sets, small networks, frozen bases             models
landscapes        loss curves and bowls small enough to draw                no
checks            exercise checks and bands for measured claims             no
session           start and report on a lesson's session                    when started
================  ========================================================  ================

Importing this package imports none of them.
"""

__version__ = "0.2.0"
