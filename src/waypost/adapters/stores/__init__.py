"""Where receipts rest."""
