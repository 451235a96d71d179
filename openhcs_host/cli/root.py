"""The root command ``openhcs``: its sub-commands are plugins, imported when called."""

from __future__ import annotations

import sys

import click

from openhcs_host import __version__
from openhcs_host.errors import OpenHCSError, PlateNotRecognisedError, PluginNotFoundError
from openhcs_host.seam.host import Host

__all__ = ["PluginCommands", "main", "openhcs"]


class PluginCommands(click.Group):
    """A group whose members are the keys of the kind ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the installed commands, from metadata."""
        return list(_host(ctx).index.keys("command"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or ``None`` so that click says which exist."""
        try:
            return _host(ctx).command(cmd_name)
        except PluginNotFoundError:
            return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their distributions, importing none of them."""
        index = _host(ctx).index
        rows = [
            (key, "from " + ", ".join(str(provider) for provider in index.offers("command", key)))
            for key in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=PluginCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="openhcs")
@click.pass_context
def openhcs(ctx: click.Context) -> None:
    """Plates, storage and pipelines of high-content screening, through plugins."""
    _host(ctx)


def main() -> None:
    """Run the command line; errors of ours are messages, exit status 2 for a folder that nothing reads."""
    with Host() as host:
        try:
            status = openhcs.main(obj=host, standalone_mode=False)
            sys.exit(status if isinstance(status, int) else 0)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            sys.exit(130)
        except PlateNotRecognisedError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2)
        except OpenHCSError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(1)


def _host(ctx: click.Context) -> Host:
    return ctx.ensure_object(Host)
