"""What people use directly: the command line and the testing helpers."""
