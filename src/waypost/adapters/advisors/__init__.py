"""Who says which candidates suit a call, one file each with a class `Advisor`; found by the file's name."""
