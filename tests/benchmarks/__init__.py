"""Timings: each compares two things in one run. Tests hold none."""
