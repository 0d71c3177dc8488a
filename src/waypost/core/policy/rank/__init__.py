"""Rank strategies, one file each."""
