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
