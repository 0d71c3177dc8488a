"""The words of the house as frozen records. Nothing here decides, translates or performs anything."""
