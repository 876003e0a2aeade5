"""Explorers driven as a person would, in JupyterLab and a real browser."""
