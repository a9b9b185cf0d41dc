"""An AWS account on this machine: a moto server on loopback, its gaps filled, real Terraform and cassettes to fill it.

- `server`: start, find and stop sandboxes (`running` for the length of a block, `start_detached` for longer).
- `account`: the server's own process: what becomes of a call. What moto lacks of a service stands in `gaps`, what AWS
  does by itself, between calls, in `simulated`.
- `terraform`: apply a root module with the real provider; `cassette`: record such an apply and replay it in seconds;
  `fill`: a large estate, by calls alone.
- `launch`: run what the account says is running; `exec`: commands in its containers; `processes`: what both start.
- `faults`: break what stands there, and heal it; `conditions`: the clock, and how long a page is.
"""
