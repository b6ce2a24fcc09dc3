"""One verb a file, used by the dashboard and the command line alike; actions see ports only."""
