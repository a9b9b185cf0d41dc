"""Evaluation of Terraform's language, in which what is not known stays unknown.

Terraform itself refuses to decide on unknown values, and so does this evaluator: ``var.x == "production"`` with a
variable that has no value is an Unknown that names the variable, not false.
"""
