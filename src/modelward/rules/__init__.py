"""Pure decisions: which test, which threshold, which verdict, which windows, which state. No clock and no I/O."""
