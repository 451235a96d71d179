"""The root command: helpful, and unharmed by broken commands."""

from __future__ import annotations

import json


def test_a_broken_command_is_reported_and_the_others_work(site):
    site.install("ill", {"openhcs.command": {"ill": "ill_command"}}, {"ill_command": "import no_such_thing"})
    done = site.openhcs("ill")
    assert done.returncode == 1
    assert "ill 1.0" in done.stderr and "no_such_thing" in done.stderr and "Traceback" not in done.stderr
    assert site.openhcs("plugins", "list").returncode == 0
    assert site.openhcs("--help").returncode == 0


def test_an_unknown_command_is_a_usage_error(site):
    done = site.openhcs("plug")
    assert done.returncode == 2 and "No such command" in done.stderr


def test_explain_of_what_is_not_there_fails_and_says_why(site):
    done = site.openhcs("plugins", "explain", "backend", "zarrr")
    assert done.returncode == 1 and "no installed distribution offers" in done.stdout
    facts = json.loads(site.openhcs("plugins", "explain", "backend", "zarrr", "--json").stdout)
    assert facts["provider"] is None


def test_explain_of_a_conflict_names_both(site):
    site.backend("attic", distribution="attic-a")
    site.backend("attic", distribution="attic-b")
    done = site.openhcs("plugins", "explain", "backend", "attic")
    assert done.returncode == 1 and "attic-a 1.0" in done.stdout and "attic-b 1.0" in done.stdout
    assert "several providers" in site.openhcs("plugins", "list").stdout


def test_the_version_is_that_of_the_distribution(site):
    from importlib.metadata import version

    assert version("openhcs-host") in site.openhcs("--version").stdout


WEIGH = """
import click
from openhcs_host import hookimpl

OPENHCS_API = 1


@click.command("plate.weigh")
@click.argument("folder")
@click.pass_obj
def weigh(host, folder):
    click.echo(f"weighing {folder} with {type(host).__name__}")
    return 3


@hookimpl
def openhcs_create_command(key):
    return weigh
"""


def test_a_key_with_a_dot_is_a_sub_command_of_its_group(site):
    site.install("scales", {"openhcs.command": {"plate.weigh": "scales"}}, {"scales": WEIGH})
    done = site.openhcs("plate", "weigh", "P1")
    assert done.stdout == "weighing P1 with Host\n"
    assert done.returncode == 3
    assert "openhcs plate weigh [OPTIONS] FOLDER" in site.openhcs("plate", "weigh", "--help").stdout


def test_help_lists_sub_commands_and_imports_none(site):
    site.install(
        "ill", {"openhcs.command": {"plate.ill": "ill_command"}}, {"ill_command": "raise SystemExit(9)"}
    )
    done = site.openhcs("plate", "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert "from ill 1.0" in done.stdout and "info" in done.stdout
    root = site.openhcs("--help")
    assert root.returncode == 0 and "ill" not in root.stdout


def test_a_broken_sub_command_is_reported_and_its_siblings_work(site):
    site.install(
        "ill", {"openhcs.command": {"plate.ill": "ill_command"}}, {"ill_command": "import no_such_thing"}
    )
    done = site.openhcs("plate", "ill")
    assert done.returncode == 1
    assert "no_such_thing" in done.stderr and "Traceback" not in done.stderr
    assert site.openhcs("plate", "info", "--help").returncode == 0


def test_a_group_keeps_what_it_defines_itself(site):
    site.install("thief", {"openhcs.command": {"plate.info": "thief"}}, {"thief": "raise SystemExit(9)"})
    done = site.openhcs("plate", "info", "--help")
    assert done.returncode == 0 and "Say what PLATE holds" in done.stdout


def test_an_unknown_sub_command_is_a_usage_error(site):
    site.install("scales", {"openhcs.command": {"plate.weigh": "scales"}}, {"scales": WEIGH})
    for words in (("plate", "wiegh"), ("plate.weigh",)):
        done = site.openhcs(*words)
        assert done.returncode == 2 and "No such command" in done.stderr
