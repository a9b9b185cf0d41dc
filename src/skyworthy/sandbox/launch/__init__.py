"""How does a cluster of the account run on this machine?

- `launcher`: starts its services; `launched`: what that came to; `agent`: what the account says of the tasks.
- `preparation`, `injection`, `endpoints`: what a container is given; `servers`: its PostgreSQL and its Redis.
- `running`: a task from its first container to its last; `updates`: new deployments.
- `targets`, `container_health`, `balancer`: what health checks say, and who gets requests.
- `agent_server`: what the launcher answers the sandbox.
- `telemetry`, `measures`, `awslogs`: what flows into the account.
"""
