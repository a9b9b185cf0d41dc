"""Traces of EKS and Kubernetes: what a reader or a program could take for a set-up that is still in use."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from skyworthy.repository.markdown import Document

_FOLDERS = re.compile(r"(?i)^(eks|k8s|kubernetes|helm|charts?|kustomize|argocd|karpenter)([-_].*)?$|.*[-_](eks|k8s)$")
_MANIFEST = re.compile(r"(?ms)^apiVersion:\s*\S+.*^kind:\s*\S+|^kind:\s*\S+.*^apiVersion:\s*\S+")
_CHART = frozenset({"Chart.yaml", "kustomization.yaml", "kustomization.yml", "helmfile.yaml", "skaffold.yaml"})
_TERRAFORM = re.compile(
    r"(?i)aws_eks_|[\"'\s/_.-]eks[\"'\s/_.-]|\beks\.amazonaws|AmazonEKS|kubernetes|kubectl|\bhelm_release\b|karpenter|eks:"
)
_OTHERS_WORDS = re.compile(r"(?i)EKS_(AUDIT_LOGS|RUNTIME_MONITORING|ADDON_MANAGEMENT)|\bkubernetes\s*\{|audit_logs")
"""Names under which GuardDuty has the protection of EKS switched on and off; they set nothing up."""
_COMMAND = re.compile(
    r"(?:^|[\s;&|(`\"'=])(kubectl|eksctl|helm|kustomize|aws\s+eks|update-kubeconfig)(?=$|[\s;&|)`\"'])"
)
_ACTION = re.compile(r"uses:\s*[\"']?\S*(kubectl|helm|eks|k8s|kubernetes)\S*@", re.IGNORECASE)
_ARCHIVES = frozenset({"archive", "archived"})


def is_archived(path: str) -> bool:
    """Whether a file lies in an archive folder, at any depth."""
    return not _ARCHIVES.isdisjoint(PurePosixPath(path).parts[:-1])


def in_path(path: str) -> str:
    """The folder or file name that is a trace; empty where there is none.

    Sources of programs are named as they like.
    """
    pure = PurePosixPath(path)
    if pure.suffix in (".py", ".toml") or "fixtures" in pure.parts:
        return ""
    folder = next((part for part in pure.parts[:-1] if _FOLDERS.match(part)), "")
    return folder or (pure.name if pure.name in _CHART else "")


def in_text(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Line and words of each trace in a file.

    In Terraform every mention counts; in scripts, workflows and the blocks of documents every command; what prose
    or the source of a program tells of Kubernetes is no trace.
    """
    pure = PurePosixPath(path)
    if pure.name.endswith((".tf", ".tfvars", ".hcl", ".tf.json")):
        for number, line in enumerate(text.splitlines(), 1):
            if (found := _TERRAFORM.search(line)) and not _OTHERS_WORDS.search(line):
                yield number, found[0].strip(" \"'/_.-")
    elif pure.suffix == ".md":
        for block in Document(text).blocks:
            for number, word in _commands(block.text):
                yield block.line + number - 1, word
    elif _is_run(pure, text):
        yield from _commands(text)
    if pure.suffix in (".yaml", ".yml") and (manifest := _MANIFEST.search(text)):
        yield text.count("\n", 0, manifest.start()) + 1, "a Kubernetes manifest"


def _commands(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        if found := _COMMAND.search(line) or _ACTION.search(line):
            yield number, " ".join(found[1].split())


def _is_run(path: PurePosixPath, text: str) -> bool:
    """Whether a file is run as it stands: a script, a workflow, a Makefile, a Dockerfile."""
    if path.suffix in (".sh", ".bash", ".mk", ".yml", ".yaml") or text.startswith("#!"):
        return path.suffix != ".py"
    return path.name in ("Makefile", "Justfile", "Jenkinsfile") or "Dockerfile" in path.name
