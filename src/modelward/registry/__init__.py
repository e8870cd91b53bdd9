"""Projects, models, their versions and schemas, and the references that they are compared with."""
