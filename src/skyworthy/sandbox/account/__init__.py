"""What becomes of a call that reaches the sandbox: the server's process, around moto.

- `serve`: the process; `application`: the way of a request through it; `calls`: which operation a request means.
- `control` steers it from outside; `interceptors`, `paging`, `bulk` and `launches` are what is steered.
- `tape` keeps and replays calls, with `ids` and `tags` that do not depend on the run; `snapshot` keeps moto's stores.
"""
