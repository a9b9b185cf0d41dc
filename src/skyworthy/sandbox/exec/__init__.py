"""How does a command run in a container that runs: both ends of ECS Exec.

`execute` and `client` ask, of the sandbox as of AWS; `sessions` answers for the sandbox, with a `terminal` where one is
wanted. Between them: `messages` of Session Manager's data channel, over a `websocket`.
"""
