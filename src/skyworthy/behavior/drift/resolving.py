"""What a declared reference comes to in the account, by the pairing of declared and observed resources."""

import re

from skyworthy.behavior.drift import plain
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value


class Resolver:
    """Compares single declared values with observed ones.

    Args:
        declared: the estate of the code.
        observed: the estate of the account, at the addresses of the code.
    """

    def __init__(self, declared: Estate, observed: Estate) -> None:
        self.declared = declared
        self.observed = observed

    def same(self, name: str, declared: Value, observed: Value) -> bool | None:
        """Whether a declared value, no container, is what the account has; None where that is not known.

        Args:
            name: ``type.attribute`` or ``type.block.attribute``.
            declared: may hold references.
            observed: plain.
        """
        if isinstance(declared, Unknown) or isinstance(observed, (Unknown, Reference, Template)):
            return None
        if isinstance(declared, Reference):
            return self._refers(name, declared, observed)
        if isinstance(declared, Template):
            return self._fits(name, declared, observed)
        return plain.same(name, declared, observed) or self._one_thing(declared, observed)

    def resolved(self, value: Value) -> Value:
        """A value with its references replaced by what the account has; Unknown where that is not known."""
        if isinstance(value, Reference):
            return self._value(value)
        if not isinstance(value, Template):
            return value
        parts = [part if isinstance(part, str) else self.resolved(part) for part in value.parts]
        blank = next((part for part in parts if isinstance(part, Unknown)), None)
        return blank if blank is not None else "".join(str(part) for part in parts)

    def thing(self, identifier: Value, type: str = "") -> Resource | None:
        """The resource that an identifier names in the account; for the alias of a key, the key."""
        try:
            found = self.observed.find(identifier, *((type,) if type else ()))
            if found is not None and found.type == "aws_kms_alias":
                return self.observed.find(found.peek("target_key_id"), "aws_kms_key") or found
        except Undecidable:
            return None
        return found

    def _value(self, reference: Reference) -> Value:
        name, _, rest = reference.attribute.partition(".")
        for estate in (self.observed, self.declared):
            target = estate.get(reference.address)
            value = target.attributes.get(name) if target is not None else None
            if rest and isinstance(value, dict):
                value = value.get(rest)
            if value is not None and not isinstance(value, (Unknown, Reference, list, dict)):
                return self.resolved(value)
        return Unknown(f"{reference} is not known in the account")

    def _refers(self, name: str, reference: Reference, observed: Value) -> bool | None:
        value = self._value(reference)
        if not isinstance(value, Unknown) and plain.same(name, value, observed):
            return True
        target = self.thing(reference) if self.observed.get(reference.address) is not None else None
        named = self.thing(observed)
        if target is not None and named is not None and target.type == named.type:
            return named is target
        return None if isinstance(value, Unknown) else bool(self._one_thing(value, observed))

    def _fits(self, name: str, template: Template, observed: Value) -> bool | None:
        value = self.resolved(template)
        if not isinstance(value, Unknown):
            return plain.same(name, value, observed) or self._one_thing(value, observed)
        parts = [part if isinstance(part, str) else self.resolved(part) for part in template.parts]
        pattern = "".join(".*" if isinstance(part, Unknown) else re.escape(str(part)) for part in parts)
        return None if re.fullmatch(pattern, str(observed), re.DOTALL) else False

    def _one_thing(self, left: Value, right: Value) -> bool | None:
        """Whether two identifiers, an ARN and a name for instance, name one resource."""
        if not (isinstance(left, str) and isinstance(right, str) and left and right):
            return False
        found = self.thing(left)
        if found is not None and found is self.thing(right):
            return True
        unseen_alias = left.startswith("alias/") and found is None and ":key/" in right
        return None if unseen_alias else False
