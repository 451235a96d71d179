"""The root command ``openhcs``: its sub-commands are plugins, imported when called."""

from __future__ import annotations

import sys

import click

from openhcs_host import __version__
from openhcs_host.cli.commands import PluginCommands
from openhcs_host.errors import OpenHCSError, PlateNotRecognisedError
from openhcs_host.seam.host import Host

__all__ = ["main", "openhcs"]


@click.group(cls=PluginCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="openhcs")
@click.pass_context
def openhcs(ctx: click.Context) -> None:
    """Plates, storage and pipelines of high-content screening, through plugins."""
    ctx.ensure_object(Host)


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
