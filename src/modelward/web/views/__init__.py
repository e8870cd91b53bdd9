"""What each page shows, as frozen values: readings made into words, links and charts. No database, no clock."""
