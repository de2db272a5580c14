"""A runner for our composite action: its steps in order, as GitHub's does them.

Steps that run a script run it, in bash. Of the actions that ours uses, `actions/cache` and `actions/upload-artifact` do
here what they do there, with folders; code scanning takes the file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .expressions import filled, is_true

ACTION = Path(__file__).resolve().parents[3] / "action.yml"


class Outputs(dict[str, str]):
    """What a step put out; what it did not is empty."""

    def __missing__(self, key: str) -> str:
        return ""


class ActionRun:
    """One run of the action in a checkout."""

    def __init__(self, checkout: Path, state: Path, environ: Mapping[str, str]) -> None:
        """`state` is what GitHub keeps from one run to the next: caches."""
        self._checkout = checkout
        self._state = state
        self._environ = dict(environ)
        self.log = ""
        self.failed = ""
        """Name of the step that failed."""
        self.summary = ""
        self.artifacts: dict[str, list[str]] = {}
        self.code_scanning = ""
        self.outputs: dict[str, str] = {}

    def run(self, **inputs: str) -> ActionRun:
        """Do all steps; the first that fails ends the run."""
        action: dict[str, Any] = yaml.safe_load(ACTION.read_text())
        unknown = inputs.keys() - {name.replace("-", "_") for name in action["inputs"]}
        assert not unknown
        context: dict[str, Any] = {
            "steps": {},
            "github": {"token": "t0ken"},
            "strategy": {"job-index": 0},
            "inputs": {},
        }
        for name, about in action["inputs"].items():
            context["inputs"][name] = inputs.get(name.replace("-", "_"), filled(about.get("default", ""), context))
        for step in action["runs"]["steps"]:
            if "if" in step and not is_true(step["if"], context):
                context["steps"].setdefault(step.get("id", ""), {"outputs": Outputs()})
                continue
            outputs = Outputs()
            done = self._uses(step, context, outputs) if "uses" in step else self._script(step, context, outputs)
            context["steps"][step.get("id", "")] = {"outputs": outputs}
            if not done:
                self.failed = step["name"]
                break
        else:
            said = action["outputs"].items()
            self.outputs = {name: filled(output["value"], context) for name, output in said}
        return self

    def _script(self, step: Mapping[str, Any], context: Mapping[str, Any], outputs: Outputs) -> bool:
        files = {name: self._state / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        variables = {name: filled(value, context) for name, value in step.get("env", {}).items()}
        folder = self._checkout / filled(step.get("working-directory", "."), context)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=folder,
            env={
                **self._environ,
                **{name: str(path) for name, path in files.items()},
                "GITHUB_ACTION_PATH": str(ACTION.parent),
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log += f"## {step['name']}\n{done.stdout}"
        self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _equals, value = line.partition("=")
            outputs[name] = value
        return done.returncode == 0

    def _uses(self, step: Mapping[str, Any], context: Mapping[str, Any], outputs: Outputs) -> bool:
        given = {name: filled(str(value), context) for name, value in step["with"].items()}
        name = step["uses"].partition("@")[0]
        if name.startswith("actions/cache/"):
            kept, folder = self._state / "caches" / given["key"], Path(given["path"])
            if name.endswith("/restore"):
                outputs["cache-hit"] = str(kept.is_dir()).lower()
                if kept.is_dir():
                    shutil.copytree(kept, folder, dirs_exist_ok=True)
            elif folder.is_dir():
                shutil.copytree(folder, kept)
        elif name == "actions/upload-artifact":
            folder = Path(given["path"])
            self.artifacts[given["name"]] = sorted(path.name for path in folder.iterdir())
        elif name == "github/codeql-action/upload-sarif":
            self.code_scanning = Path(given["sarif_file"]).read_text()
        else:
            raise AssertionError(f"the action uses {name}, which this runner does not know")
        return True


def environment(event: Path, name: str, api: str) -> dict[str, str]:
    """What a job has in its environment: little."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_EVENT_NAME": name,
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_API_URL": api,
    }
