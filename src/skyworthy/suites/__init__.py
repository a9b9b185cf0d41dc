"""The three suites: each knows its cases without looking, and runs them into one result."""
