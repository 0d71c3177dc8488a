"""What receipts can tell after the fact: explanation now; replay, backtest and reports later."""
