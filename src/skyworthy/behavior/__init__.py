"""What the settings of an estate do: network, permissions, secrets, alarms; each usable on its own as a library."""
