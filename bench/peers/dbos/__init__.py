"""DBOS Transact for Python: a library in the process of its user."""
