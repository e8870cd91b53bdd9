"""May a version of a model stay in production: its risk, the policies that judge it, and who decided."""
