"""Groups of the command line whose members are plugins, imported when called."""

from __future__ import annotations

from typing import Any

import click

from openhcs_host.errors import PluginNotFoundError
from openhcs_host.seam.host import Host

__all__ = ["PluginCommands"]


class PluginCommands(click.Group):
    """A group whose members are keys of the kind ``command``, besides those it defines itself.

    The group with the prefix ``plate.`` has the key ``plate.convert`` as its member ``convert``; the root has
    the prefix ``""`` and all keys without a dot. What a group defines itself comes before a key of that name.
    """

    def __init__(self, *arguments: Any, prefix: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the group's own commands and the installed ones, the latter from metadata."""
        return sorted({*super().list_commands(ctx), *self._installed(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or ``None`` so that click says which exist."""
        own = super().get_command(ctx, cmd_name)
        if own is not None or "." in cmd_name:
            return own
        try:
            return ctx.ensure_object(Host).command(self.prefix + cmd_name)
        except PluginNotFoundError:
            return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, the installed ones with their distributions, importing none of them."""
        index = ctx.ensure_object(Host).index
        rows = []
        for name in self.list_commands(ctx):
            own = super().get_command(ctx, name)
            offers = index.offers("command", self.prefix + name)
            origin = "from " + ", ".join(str(provider) for provider in offers)
            rows.append((name, own.get_short_help_str() if own is not None else origin))
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def _installed(self, ctx: click.Context) -> list[str]:
        keys = ctx.ensure_object(Host).index.keys("command")
        members = (key.removeprefix(self.prefix) for key in keys if key.startswith(self.prefix))
        return [member for member in members if member and "." not in member]
