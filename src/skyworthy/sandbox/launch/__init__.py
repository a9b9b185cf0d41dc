"""How does a cluster of the account run on this machine?

- `launcher`: starts its services; `launched`: what that came to; `agent`: what the account says of the tasks.
- `ledger`: what the launcher says of them; `agent_server`: where the sandbox asks; `loopback`: how it is served.
- `preparation`, `injection`, `endpoints`: what a container is given; `stores`, `servers`: its databases and caches.
- `running`, `container_run`: a task and its containers from first to last; `updates`: new deployments.
- `targets`, `container_health`, `balancer`: what health checks say, and who gets requests.
- `telemetry`, `measures`, `awslogs`: what flows into the account.
"""
