"""Classifiers and recommenders outside the core."""
