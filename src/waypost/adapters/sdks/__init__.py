"""The SDKs whose calls are taken over, one file each."""
