"""Who did what to which thing: one chain of entries for each organisation, to which is only ever added."""
