"""Tools without a domain: database sessions, the clock, ids, pages of a list, secrets, answers of the HTTP edge."""
