"""Price lists kept by others; one file each."""
