"""Due work as rows: claimed with a lease, done, forgotten. Every job may run twice; its effects are written once."""
