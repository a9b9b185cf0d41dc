"""The suites and the tests of skyworthy itself; the plugin does the work (src/skyworthy/plugin.py)."""
