"""What calls and sessions cost, in words. What is not known is said to be unknown, never to be nothing."""

from pandaprobe_proxy.cli.output import clean, dollars
from pandaprobe_proxy.model.call import kind_of
from pandaprobe_proxy.store.call_rows import CallRow
from pandaprobe_proxy.store.session_rows import SessionRow


def cost_of(row: CallRow) -> str:
    """What a call cost, or that its price is not known; nothing where no tokens were paid for."""
    if row.cost is not None:
        return dollars(row.cost.total)
    spent = (row.usage.input or row.usage.output or 0) > 0
    return "unknown" if spent and kind_of(row.operation) != "OTHER" else ""


def explain_cost(row: CallRow) -> str:
    """The same with its parts, and whose price it is."""
    cost = row.cost
    if cost is None:
        return cost_of(row)
    parts = ", ".join(f"{clean(part)} {dollars(share)}" for part, share in cost.parts.items())
    whose = f"priced as {clean(cost.priced_as)} by {clean(cost.source)}"
    return f"{dollars(cost.total)}{f' ({parts})' if parts else ''}, {whose}"


def total_of(row: SessionRow) -> str:
    """What a session cost as far as that is known, and of how many calls it is not."""
    known = dollars(row.cost) if row.cost or (not row.unpriced and row.input_tokens + row.output_tokens) else ""
    unknown = f"unknown for {row.unpriced} call{'s' if row.unpriced > 1 else ''}" if row.unpriced else ""
    return ", ".join(text for text in (known, unknown) if text)
