"""The commands of an operator in an emergency. Bodies are imported late, so that `ict --help` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

Config = Annotated[list[Path] | None, typer.Option("--config", "-c", help="YAML file; several are merged, later ones win")]
Reason = Annotated[str, typer.Option("--reason", help="why; recorded in the journal and sent with the alert")]
Strategy = Annotated[str | None, typer.Option("--strategy", help="this strategy alone, such as ob_fvg")]
Symbol = Annotated[str | None, typer.Option("--symbol", help="with --strategy: in this symbol alone, such as BTCUSDT")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask; for scripts")]
Direct = Annotated[
    bool, typer.Option("--direct", help="straight to the exchange, past broker, store and services; testnet and live")
]
_BY_HAND = "by hand"


@app.command()
def pause(reason: Reason = _BY_HAND, strategy: Strategy = None, symbol: Symbol = None, config: Config = None) -> None:
    """Stop new entries now, until `ict rearm`; with --strategy only that one's, until `ict resume`. Exits stay managed."""
    from cli.emergency.sending import send

    if strategy is None and symbol is None:
        send(config, "halt", reason)
    else:
        send(config, "pause", reason, strategy=strategy, symbol=symbol)


@app.command()
def resume(reason: Reason = _BY_HAND, strategy: Strategy = None, symbol: Symbol = None, config: Config = None) -> None:
    """Let a strategy give signals again after `ict pause --strategy`. What `ict pause` alone stopped: `ict rearm`."""
    from cli.emergency.sending import send

    send(config, "resume", reason, strategy=strategy, symbol=symbol)


@app.command()
def cancel(reason: Reason = _BY_HAND, direct: Direct = False, config: Config = None) -> None:
    """Cancel entry orders that rest, and entries that wait. What is held stays protected; new entries stay allowed."""
    if direct:
        from cli.emergency.directly import run_directly

        run_directly(config, close=False, yes=True)
        return
    from cli.emergency.sending import send

    send(config, "cancel", reason)


@app.command()
def flatten(reason: Reason = _BY_HAND, yes: Yes = False, direct: Direct = False, config: Config = None) -> None:
    """Close every position at the market, ours and others', cancel entries, and stop new ones until `ict rearm`."""
    if direct:
        from cli.emergency.directly import run_directly

        run_directly(config, close=True, yes=yes)
        return
    from cli.emergency.sending import send

    send(config, "flatten", reason, yes=yes)


@app.command()
def close(
    symbol: Annotated[str, typer.Argument(help="the symbol whose position is closed, such as BTCUSDT")],
    reason: Reason = _BY_HAND,
    yes: Yes = False,
    config: Config = None,
) -> None:
    """Close what is held in one symbol at the market, ours and others'. Entries stay allowed."""
    from cli.emergency.sending import send

    send(config, "close", reason, yes=yes, symbol=symbol)


@app.command()
def rearm(
    reason: Annotated[str, typer.Option("--reason", help="why; recorded in the journal and sent with the alert")],
    yes: Yes = False,
    config: Config = None,
) -> None:
    """Allow entries again after a halt. No service does this by itself."""
    from cli.emergency.sending import send

    send(config, "rearm", reason, yes=yes)
