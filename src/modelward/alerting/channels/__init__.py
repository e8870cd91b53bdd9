"""Each kind of channel is one file: what it asks for, what it sends, and what an answer means. Copy one to add one."""
