"""The evidence pack: all that is known of a version over a period, in one file that can be handed to an auditor."""
