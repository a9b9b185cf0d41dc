"""The moments that decide: a pull request against its base, a night against the last, the sign-off of a deployment."""
