"""Events and labels in: the HTTP door, the journal that makes them durable, the mover into the event store."""
