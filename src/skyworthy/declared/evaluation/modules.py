"""Module instances: variables, locals, resources and calls, each evaluated when it is first asked for."""

import os
from collections.abc import Callable
from functools import partial

from skyworthy.declared.evaluation import data_sources
from skyworthy.declared.evaluation.arns import spelled
from skyworthy.declared.evaluation.blocks import META, read_attribute
from skyworthy.declared.evaluation.conversion import convert
from skyworthy.declared.evaluation.expansion import Keys, by_count, by_key, collection_of
from skyworthy.declared.evaluation.expressions import Scope, evaluate
from skyworthy.declared.evaluation.functions import call_function
from skyworthy.declared.evaluation.functions.files import FILE_READERS, contents
from skyworthy.declared.evaluation.memo import Memo
from skyworthy.declared.evaluation.planned import planned
from skyworthy.declared.evaluation.run import Run
from skyworthy.declared.evaluation.values import Failure, Instance, Lazy, because, undetermined
from skyworthy.declared.hcl import Attribute, Block, parse_template, traversal_map
from skyworthy.declared.sources import ModuleSource, local_source, shown
from skyworthy.errors import BadInput
from skyworthy.estate import Unknown, Value


class Module:
    """One instance of a module.

    Args:
        run: shared by all.
        source: its blocks.
        path: prefix of the addresses in it, ``""`` or ``"module.a[0]."``.
        names: the calls on the way to it, for the manifest of downloaded modules.
        inputs: by variable, a function that evaluates its value.
        providers: provider names in it to those of the root, ``{"aws": "aws.us_east_1"}``.

    Attributes:
        origins: by variable, the attribute of a call or of a tfvars file that gives its value.
    """

    def __init__(
        self,
        run: Run,
        source: ModuleSource,
        path: str,
        names: tuple[str, ...],
        inputs: dict[str, Callable[[], Value]],
        providers: dict[str, str],
    ) -> None:
        self.run = run
        self.source = source
        self.path = path
        self.names = names
        self.inputs = inputs
        self.providers = providers
        self.origins: dict[str, Attribute] = {}
        self.scope = Scope(self)
        self._once = Memo().once
        self._locals = {
            name: attribute for block in source.of("locals") for name, attribute in block.body.attributes.items()
        }

    # what expressions ask for

    def tick(self) -> None:
        """See :class:`Run`."""
        self.run.tick()

    def namespace(self, name: str) -> Value:
        """What the first name of a traversal stands for in this module."""
        if name == "var":
            return Lazy("var", self.variable, lambda: [block.labels[0] for block in self.source.of("variable")])
        if name == "local":
            return Lazy("local", self.local, lambda: list(self._locals))
        if name == "module":
            return Lazy("module", self.call_value, list)
        if name == "data":
            return Lazy("data", partial(self._of_type, "data"), list)
        if name == "path":
            return {"module": self._relative(), "root": ".", "cwd": str(self.run.root)}
        if name == "terraform":
            return {"workspace": self.run.workspace}
        if name in ("each", "count", "self"):
            raise Failure(f"{name} has no meaning here")
        return self._of_type("resource", name)

    def call(self, name: str, arguments: list[Value]) -> Value:
        """The result of a function, those that read files included."""
        if name in FILE_READERS or name in ("templatefile", "fileexists", "fileset", "abspath"):
            for argument in arguments[:1] if name == "templatefile" else arguments:
                if undetermined(argument):
                    return because(argument)
            return self._read_file(name, arguments)
        if name == "split":
            arguments = [spelled(argument, self.run.instances) for argument in arguments]
        return call_function(name, arguments)

    def variable(self, name: str) -> Value:
        """The value of an input variable."""
        return self._once(("var", name), lambda: self._variable(name))

    def local(self, name: str) -> Value:
        """The value of a local."""
        attribute = self._locals.get(name)
        if attribute is None:
            raise Failure(f"local {name} is not declared")
        return self._once(("local", name), lambda: evaluate(attribute.expression, self.scope))

    def output(self, name: str) -> Value:
        """The value of an output."""
        block = self.source.find("output", name)
        if block is None:
            raise Failure(f"the module has no output {name!r}")
        value = block.body.attributes.get("value")
        return self._once(("output", name), lambda: evaluate(value.expression, self.scope) if value else None)

    # resources

    def instances(self, block: Block) -> "Keys | Unknown":
        """The instances of a resource, data source or module call, or why they are not known."""
        key = ("instances", block.type, *block.labels)
        try:
            result: Keys | Unknown = self._once(key, lambda: self._expand(block))
        except Failure as failure:
            return Unknown(str(failure))
        return result

    def instance(self, block: Block, suffix: str, bound: dict[str, Value]) -> Instance:
        """One instance of a resource or data source."""
        key = ("instance", block.type, *block.labels, suffix)
        result: Instance = self._once(key, lambda: self._make_instance(block, suffix, bound))
        return result

    def address(self, block: Block, suffix: str = "") -> str:
        """The address of a block's instance."""
        prefix = "data." if block.type == "data" else "module." if block.type == "module" else ""
        return f"{self.path}{prefix}{'.'.join(block.labels)}{suffix}"

    def children(self, block: Block) -> "list[tuple[str, dict[str, Value], Module]] | Unknown":
        """The module instances that a call makes, or why they are not known."""
        keys = self.instances(block)
        if isinstance(keys, Unknown):
            return keys
        source = self.child_source(block)
        if isinstance(source, Unknown):
            return source
        return [(suffix, bound, self.child(block, source, suffix, bound)) for suffix, bound in keys]

    def child(self, block: Block, source: ModuleSource, suffix: str, bound: dict[str, Value]) -> "Module":
        """One instance of a called module."""
        key = ("child", block.labels[0], suffix)
        result: Module = self._once(key, lambda: self._make_child(block, source, suffix, bound))
        return result

    def child_source(self, block: Block) -> "ModuleSource | Unknown":
        """The blocks of a called module, or Unknown where it is not here.

        Raises:
            BadInput: where the call names a directory that is missing.
        """
        local = local_source(block)
        names = (*self.names, block.labels[0])
        directory = self.source.directory / local if local else self.run.manifest.get(".".join(names))
        if directory is None:
            attribute = block.body.attributes.get("source")
            return Unknown(
                f"module {'.'.join(names)} ({attribute.text if attribute else 'no source'}) is not downloaded"
            )
        if not directory.is_dir():
            raise BadInput(
                f"{block.file}:{block.line}: module {block.labels[0]}: {shown(directory.resolve())} is missing"
            )
        source = self.run.loader.module(directory)
        if not source.files:
            raise BadInput(
                f"{block.file}:{block.line}: module {block.labels[0]}: no .tf files in {shown(directory.resolve())}"
            )
        if len(names) > 32:
            raise BadInput(f"{block.file}:{block.line}: module {block.labels[0]} calls itself")
        return source

    def call_value(self, name: str) -> Value:
        """What ``module.name`` stands for."""
        block = self.source.find("module", name)
        if block is None:
            raise Failure(f"module {name} is not called")
        children = self.children(block)
        if isinstance(children, Unknown):
            return children
        values = [(bound, _outputs(child)) for _, bound, child in children]
        return collection_of(block, values)

    # how it is done

    def _variable(self, name: str) -> Value:
        block = self.source.find("variable", name)
        if block is None:
            raise Failure(f"variable {name} is not declared")
        attributes = block.body.attributes
        constraint = attributes["type"].expression if "type" in attributes else None
        default = attributes.get("default")
        value: Value = None
        if name in self.inputs:
            value = self.inputs[name]()
        elif default is None:
            owner = f" of {self.path.rstrip('.')}" if self.path else ""
            return Unknown(f"variable {name}{owner} has no value")
        nullable = attributes.get("nullable")
        if name not in self.inputs or (value is None and default and _is_false(nullable)):
            value = evaluate(default.expression, self.scope) if default else None
        return convert(value, constraint)

    def _of_type(self, kind: str, type: str) -> Lazy:
        def read(name: str) -> Value:
            block = self.source.find(kind, type, name)
            if block is None:
                raise Failure(f"{type}.{name} is not declared")
            return self._resource_value(block)

        return Lazy(type, read, list)

    def _resource_value(self, block: Block) -> Value:
        keys = self.instances(block)
        if isinstance(keys, Unknown):
            return Unknown(f"the instances of {self.address(block)} are not known: {keys.reason}")
        return collection_of(block, [(bound, self.instance(block, suffix, bound)) for suffix, bound in keys])

    def _make_instance(self, block: Block, suffix: str, bound: dict[str, Value]) -> Instance:
        address = self.address(block, suffix)
        scope = self.scope.bound(bound)

        def read(name: str) -> Value:
            key = ("attribute", block.type, *block.labels, suffix, name)
            return self._once(key, lambda: self._attribute(block, scope, address, name))

        found = self.run.instances[address] = Instance(address, read, lambda: [*block.body.attributes])
        return found

    def _attribute(self, block: Block, scope: Scope, address: str, name: str) -> Value:
        if block.type == "data" and name not in block.body.attributes:
            return data_sources.computed(self, block, scope, address, name)
        if name not in block.body.attributes and (value := planned(block, scope, address, name)) is not None:
            return value
        return read_attribute(block, scope, address, name)

    def _expand(self, block: Block) -> "Keys | Unknown":
        attributes = block.body.attributes
        if "count" in attributes:
            return by_count(evaluate(attributes["count"].expression, self.scope))
        if "for_each" in attributes:
            return by_key(evaluate(attributes["for_each"].expression, self.scope))
        return [("", {})]

    def _make_child(self, block: Block, source: ModuleSource, suffix: str, bound: dict[str, Value]) -> "Module":
        scope = self.scope.bound(bound)

        def given(attribute: Attribute) -> Callable[[], Value]:
            return lambda: evaluate(attribute.expression, scope)

        arguments = {name: given(item) for name, item in block.body.attributes.items() if name not in META}
        providers = self._providers_of(block)
        path = f"{self.path}module.{block.labels[0]}{suffix}."
        module = Module(self.run, source, path, (*self.names, block.labels[0]), arguments, providers)
        module.origins = {name: block.body.attributes[name] for name in arguments}
        return module

    def _providers_of(self, call: Block) -> dict[str, str]:
        """The provider configurations that a call hands on: those named, else the default ones."""
        mapping = traversal_map(call.body.attributes.get("providers"))
        if not mapping:
            return {name: target for name, target in self.providers.items() if "." not in name}
        return {name: self.providers.get(target, target) for name, target in mapping.items()}

    def _relative(self) -> str:
        directory, root = self.source.directory, self.run.root
        if directory == root:
            return "."
        return os.path.relpath(directory, root)

    def _read_file(self, name: str, arguments: list[Value]) -> Value:
        path = self.run.root / str(arguments[0])
        reached = self.run.loader.reached
        if name == "abspath":
            return os.path.normpath(path.absolute())
        if name == "fileset":
            return reached.glob(path, str(arguments[1]))
        if name == "fileexists":
            return reached.exists(path)
        try:
            data = reached.read(path)
        except OSError as error:
            raise Failure(f"{name}: {arguments[0]} cannot be read: {error.strerror}") from error
        if name != "templatefile":
            return contents(name, data)
        template = parse_template(str(contents("file", data)), shown(path))
        if undetermined(arguments[1]):
            return because(arguments[1])
        return evaluate(template, Scope(self, dict(arguments[1])))


def _is_false(attribute: Attribute | None) -> bool:
    return attribute is not None and attribute.text == "false"


def _outputs(child: Module) -> Lazy:
    return Lazy(child.path.rstrip("."), child.output, lambda: [block.labels[0] for block in child.source.of("output")])
