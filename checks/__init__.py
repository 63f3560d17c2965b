"""Did the deploy really happen? Claims about a PostgreSQL database, each held, broken or unverified. PYTEST_DONT_REWRITE"""

__version__ = "0.1.0"
