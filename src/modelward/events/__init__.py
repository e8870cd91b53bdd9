"""The event store: raw events and labels, the truth from which everything else is rebuilt. Arrow in, Arrow out."""
