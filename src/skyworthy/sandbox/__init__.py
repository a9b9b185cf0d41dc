"""An AWS account on this machine: a moto server on loopback, its gaps filled, real Terraform and cassettes to fill it.

- `server`: start, find and stop sandboxes (`running` for the length of a block, `start_detached` for longer).
- `terraform`: apply a root module with the real provider; `cassette`: record such an apply and replay it in seconds.
- `faults`: deny or throttle operations.

The server process is `serve`, its WSGI application `application`; what moto lacks stands in `gaps`.
"""
