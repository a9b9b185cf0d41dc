"""What does AWS do by itself, between calls, that moto does not?

Alarms judge and notify (`alarming`), backups are taken, deployments roll out, images are scanned, services write into
buckets, policies are simulated. All of it works on moto's stores, at the time of the sandbox's own `clock`.
"""
