"""Explorers of schedules: *Cycle planner*, *Restart planner* and *Train a cycle*."""

from helpers.explorers.schedules.cycle_planner import cycle_planner
from helpers.explorers.schedules.restart_planner import restart_planner
from helpers.explorers.schedules.train_a_cycle import train_a_cycle

__all__ = ["cycle_planner", "restart_planner", "train_a_cycle"]
