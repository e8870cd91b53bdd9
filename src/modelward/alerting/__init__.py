"""Who is told, when, and through what: rules, incidents, silences, deliveries, channels."""
