"""Values of input variables: the tfvars files that Terraform loads by itself, then those that are given."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from skyworthy.config import Environment
from skyworthy.declared.hcl import Attribute, parse_file, parse_json_file
from skyworthy.declared.sources import Loader, ModuleSource, root_source, shown
from skyworthy.errors import BadInput

_AMBIENT = "TF_VAR_"
_WORKSPACE = "TF_WORKSPACE"
_PRIMITIVE = ("string", "number", "bool")


@dataclass(frozen=True)
class Inputs:
    """What a root module is given beside the files that Terraform loads by itself.

    Source: https://developer.hashicorp.com/terraform/language/values/variables (order of precedence)

    Args:
        var_files: tfvars files; a later one wins.
        variables: as Terraform's `-var` takes them; they win over every file.
        ambient: as TF_VAR_ variables of a process give them; every file wins over them.
        workspace: the workspace; empty: the one that is selected in the directory.
    """

    var_files: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    ambient: Mapping[str, str] = field(default_factory=dict)
    workspace: str = ""

    def options(self) -> tuple[str, ...]:
        """Options of `terraform plan` and `apply`; what is ambient, Terraform sees by itself."""
        return (
            *(f"-var-file={file}" for file in self.var_files),
            *(f"-var={name}={text}" for name, text in self.variables.items()),
        )

    def workspace_of(self, root: Path) -> str:
        """The workspace in which a root module is read."""
        selected = root / ".terraform" / "environment"
        found = selected.read_text("utf-8").strip() if selected.is_file() else "default"
        return self.workspace or found


def ambient(environment: Mapping[str, str]) -> Inputs:
    """What the variables of a process give to every root module, as Terraform takes them: TF_VAR_*, TF_WORKSPACE."""
    given = {name.removeprefix(_AMBIENT): text for name, text in environment.items() if name.startswith(_AMBIENT)}
    return Inputs(ambient=given, workspace=environment.get(_WORKSPACE, ""))


def inputs_of(environment: Environment) -> Inputs:
    """What the root module of an environment is given: by its settings, else as `ambient`."""
    process = ambient(os.environ)
    files = tuple(environment.root / name for name in environment.var_files)
    return Inputs(files, environment.variables, process.ambient, environment.workspace or process.workspace)


def tfvars_files(root: Path, var_files: Sequence[Path]) -> list[Path]:
    """The files with values of variables, in Terraform's order: a later one wins.

    Raises:
        BadInput: where a given file is not there.
    """
    found = [root / name for name in ("terraform.tfvars", "terraform.tfvars.json") if (root / name).is_file()]
    found += sorted(path for path in root.iterdir() if path.name.endswith((".auto.tfvars", ".auto.tfvars.json")))
    for path in var_files:
        if not path.is_file():
            raise BadInput(f"{shown(path)}: there is no such variables file")
    return [*found, *var_files]


def assigned(loader: Loader, source: ModuleSource, inputs: Inputs) -> dict[str, Attribute]:
    """The expression assigned to each variable of a root module.

    Raises:
        BadInput: where a file does not parse, with file and line, or `-var` names a variable that is not declared.
    """
    root = source.directory
    loader.reached.directories[f"{root}#tfvars"] = [path.name for path in tfvars_files(root, ())]
    result = dict(_written(source, inputs.ambient, "TF_VAR_{}"))
    for path in tfvars_files(root, inputs.var_files):
        result.update(assignments(loader, path))
    for name in inputs.variables:
        if source.find("variable", name) is None:
            raise BadInput(f"{shown(root)}: a value is given for variable {name}, which is not declared there")
    result.update(_written(source, inputs.variables, "--var {}"))
    return result


def assignments(loader: Loader, path: Path) -> Mapping[str, Attribute]:
    """The expression that one tfvars file assigns to each variable.

    Raises:
        BadInput: where it does not parse, with file and line.
    """
    text = loader.reached.read(path).decode("utf-8")
    body = parse_json_file(text, shown(path)) if path.name.endswith(".json") else parse_file(text, shown(path))
    for block in body.blocks:
        raise BadInput(f"{block.file}:{block.line}: a variables file holds values only, not a {block.type} block")
    return body.attributes


def values(loader: Loader, root: Path, inputs: Inputs) -> str:
    """What a root module is given by `-var` and TF_VAR_ variables, as the text of a last tfvars file.

    Raises:
        BadInput: as `assigned`.
    """
    if not inputs.variables and not inputs.ambient:
        return ""
    source = root_source(loader, root)
    in_files = assigned(loader, source, replace(inputs, variables={}, ambient={}))
    ambient = {name: text for name, text in inputs.ambient.items() if name not in in_files}
    given = _written(source, {**ambient, **inputs.variables}, "--var {}")
    return "".join(f"{name} = {attribute.text}\n" for name, attribute in given)


def _written(source: ModuleSource, texts: Mapping[str, str], place: str) -> Iterator[tuple[str, Attribute]]:
    """The declared variables among texts, parsed as Terraform does: of a primitive type literally, others as HCL."""
    for block in source.of("variable"):
        name = block.labels[0]
        if name in texts:
            constraint = block.body.attributes.get("type")
            literally = constraint is None or constraint.text in _PRIMITIVE
            text = _quoted(texts[name]) if literally else texts[name]
            yield name, parse_file(f"{name} = {text}\n", place.format(name)).attributes[name]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
