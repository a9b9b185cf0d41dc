"""Values of input variables: the tfvars files that Terraform loads by itself, then those that are given."""

from collections.abc import Sequence
from pathlib import Path

from skyworthy.declared.hcl import Attribute, parse_file, parse_json_file
from skyworthy.declared.sources import Loader, shown
from skyworthy.errors import BadInput


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


def assigned(loader: Loader, root: Path, var_files: Sequence[Path]) -> dict[str, Attribute]:
    """The expression assigned to each variable by tfvars files.

    Raises:
        BadInput: where a file does not parse, with file and line.
    """
    loader.reached.directories[f"{root}#tfvars"] = [path.name for path in tfvars_files(root, ())]
    result: dict[str, Attribute] = {}
    for path in tfvars_files(root, var_files):
        text = loader.reached.read(path).decode("utf-8")
        body = parse_json_file(text, shown(path)) if path.name.endswith(".json") else parse_file(text, shown(path))
        for block in body.blocks:
            raise BadInput(f"{block.file}:{block.line}: a variables file holds values only, not a {block.type} block")
        result.update(body.attributes)
    return result
