"""What people do with a stack beside judging it: take skyworthy up, check before, deploy, roll back."""
