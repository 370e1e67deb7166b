"""A flight recorder for LLM agents.

The map, from the outside in (imports go this way only):

cli        parses, calls, prints                      app      wires everything; the only module that knows all
settings   one frozen value, each field's origin      relay    bytes both ways, tells a tap what passes
capture    ring, recorder, redaction: events to rows  ingest   the PandaProbe SDK's wire, as values
web        the API on the second port                 store    calls by session, in SQLite
sessions   which session a call belongs to            pricing  what a call cost, or that nobody knows
evaluate   what there is to say of a session, judged by evaluators, pure
dialects   one provider wire format each, pure        wire     bytes in, events out, pure
model      the nouns: exchange, call, trace, session, score
"""

__version__ = "0.1.0"
