"""How does somebody's Terraform run against the sandbox, untouched, with the real provider?

- `driver`: opens a root module and applies, plans, destroys it; `runs`: the process; `watch`: what is told of it.
- `workspace`, `adaptation`: the copy it runs in, and how that is led to the sandbox; `pins`: the versions it wants.
- What is not in the module: `inputs` and `placeholders` for variables, `remote_states` of other modules, `seed` and
  `seeds` for what data sources look up, `stand_ins` for ids of a real account, `existing` for things to name.
"""
